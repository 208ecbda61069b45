"""The gateway log and the provider's directory as SQL tables, in DuckDB. Only this room imports duckdb.

Tables, all in normalised columns, times as TIMESTAMP in UTC:

    log       time, id (as written), account, source_ip, envelope_from ('' is the null sender, NULL is not known),
              header_from, header_sender, recipient, recipient_domain, subject, size, status and, derived,
              envelope_domain, from_domain, sender_domain; columns that the files do not have are NULL and named by
              `missing()`
    accounts  account, name, plan, status, created, contact, locale, partner; one row for each account
    domains   domain, account; one row for each domain

Parquet in normal form is read where it lies; everything else is read once into private tables. After loading,
queries can read nothing but these files: no other path, no network, no extension.
"""

from irtool.adapters.logs.database import DuckLog, open_log, write_parquet
from irtool.adapters.logs.rejects import Reject
from irtool.adapters.logs.shapes import FORMATS, DirectoryFiles, LogFile

__all__ = ["FORMATS", "DirectoryFiles", "DuckLog", "LogFile", "Reject", "open_log", "write_parquet"]
