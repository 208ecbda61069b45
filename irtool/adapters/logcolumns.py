"""How one file's columns become the normalised columns of `log`, `accounts` and `domains`: SQL text, no database.

Names and paths come from a configuration file and are only ever used quoted; what a column holds is hostile and is only
ever data. Addresses are lower-cased; in header columns the address is the last `<x@y>` outside quotes, which is right
more often than any RFC 5322 parser on real abuse.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from irtool.errors import InputError

LOG = (
    "time", "id", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient",
    "recipient_domain", "subject", "size", "status",
)  # fmt: skip
ACCOUNTS = ("account", "name", "plan", "status", "created", "contact", "locale", "partner")
DOMAINS = ("domain", "account")


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """A list of quoted SQL strings."""
    return "[" + ", ".join(literal(t) for t in texts) + "]"


def quoted_key(key: str) -> str:
    """A quoted key of a JSON path."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def resolve(wanted: Sequence[str], mapping: Mapping[str, str], there: Sequence[str], place: str) -> dict[str, str]:
    """Which column of the file holds which wanted column; wanted columns that no file column holds are left out.

    A wanted column that is not mapped is looked for under its own name. Raises InputError naming `place` (the file)
    if the mapping names a column that is not `there`, or maps something nobody asks for.
    """
    unknown = [key for key in mapping if key not in wanted]
    if unknown:
        raise InputError(
            f"{place}: the mapping has {unknown[0]!r}, which is no column of this table{_similar(unknown[0], wanted)}",
            hint=f"the left side of a mapping is one of: {', '.join(wanted)}",
        )
    absent = {key: name for key, name in mapping.items() if name not in there}
    if absent:
        key, name = next(iter(absent.items()))
        others = f" (and {len(absent) - 1} more that are not there)" if len(absent) > 1 else ""
        raise InputError(
            f"{place}: no column {name!r}, which the mapping wants as {key}{others}{_similar(name, there)}",
            hint=f"the file has: {', '.join(there) or 'no columns'}",
        )
    own = {key: key for key in wanted if key in there}
    return {key: mapping.get(key, own.get(key, "")) for key in wanted if key in mapping or key in own}


def _similar(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f". Did you mean {close[0]!r}?" if close else ""


def text(value: str, kind: str) -> str:
    """SQL for a value as text. Of a list (a `[` array in text, or a list column) it is the first element."""
    if kind.endswith("[]"):
        return f"CAST({value}[1] AS VARCHAR)"
    if kind == "JSON":
        return f"CASE WHEN {value} LIKE '[\"%' THEN TRY(json_extract_string({value}, '$[0]')) ELSE {value} END"
    return value if kind == "VARCHAR" else f"CAST({value} AS VARCHAR)"


def moment(value: str, kind: str) -> str:
    """SQL for a UTC TIMESTAMP of a timestamp, an ISO 8601 text (UTC unless it has an offset) or seconds, milliseconds
    or microseconds since 1970. NULL if it is none of these."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({value}))"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return value if kind == "TIMESTAMP" else f"CAST({value} AS TIMESTAMP)"
    number = f"TRY_CAST({value} AS DOUBLE)"
    micros = f"CASE WHEN {number} < 1e11 THEN {number} * 1e6 WHEN {number} < 1e14 THEN {number} * 1e3 ELSE {number} END"
    since_1970 = f"TRY(make_timestamp(TRY_CAST({micros} AS BIGINT)))"
    if kind in {"VARCHAR", "JSON"}:
        return f"COALESCE(TRY(make_timestamp(epoch_us(TRY_CAST({text(value, kind)} AS TIMESTAMPTZ)))), {since_1970})"
    return since_1970


ADDRESSES = frozenset({"envelope_from", "header_from", "header_sender", "recipient"})
_LOWER = ADDRESSES | {"recipient_domain", "source_ip"}
_PLAIN_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})


def is_plain(name: str, kind: str) -> bool:
    """Whether a column of this type may already be in normal form, so that only its values decide."""
    if name == "time":
        return kind in _PLAIN_TIMES
    return kind == "VARCHAR" or name not in _LOWER


def odd(name: str, value: str) -> str:
    """SQL that is true for a value that is not in normal form."""
    if name not in _LOWER:
        return "false"
    ends = f"ends_with({value}, '.')"
    return f"({value} <> lower({value}) OR contains({value}, '<') OR contains({value}, ' ') OR {ends})"


def plain_select(held: Mapping[str, tuple[str, str]]) -> str:
    """The select list for files whose columns are in normal form: hardly more than other names for them."""
    return _select({name: _as_is(name, *column) for name, column in held.items()})


def log_select(held: Mapping[str, tuple[str, str]]) -> str:
    """The select list that normalises. `held` gives SQL and type of each column that the file has."""
    return _select({name: _normal(name, *column) for name, column in held.items()})


def _select(values: Mapping[str, str]) -> str:
    types = {"time": "TIMESTAMP", "size": "BIGINT"}
    shown = {name: values.get(name, f"CAST(NULL AS {types.get(name, 'VARCHAR')})") for name in LOG}
    if "recipient_domain" not in values:
        shown["recipient_domain"] = _domain(identifier("recipient"))
    for name, base in (("envelope", "envelope_from"), ("from", "header_from"), ("sender", "header_sender")):
        shown[f"{name}_domain"] = _domain(identifier(base))
    return ", ".join(f"{value} AS {identifier(name)}" for name, value in shown.items())


def _domain(address: str) -> str:
    return f"split_part({address}, '@', -1)"


def _as_is(name: str, value: str, kind: str) -> str:
    if name == "time":
        return moment(value, kind)
    if name == "size":
        return f"TRY_CAST({value} AS BIGINT)"
    return f"NULLIF({value}, '')" if name.startswith("header_") else text(value, kind)


def _normal(name: str, value: str, kind: str) -> str:
    if name in {"time", "size"}:
        return _as_is(name, value, kind)
    value = text(value, kind)
    if name in ADDRESSES:
        return _address(value) if name == "envelope_from" else f"NULLIF({_address(value)}, '')"
    return f"rtrim(lower(trim({value}, ' []')), '.')" if name in _LOWER else value


def _address(value: str) -> str:
    """In header columns the last `<x@y>` outside quotes; else what is there, trimmed."""
    bare = rf"regexp_replace({value}, '\"(\\.|[^\"\\])*\"', '', 'g')"
    last = rf"regexp_extract({bare}, '.*<([^<>\s]+@[^<>\s]+)>', 1, 's')"
    found = f"CASE WHEN contains({value}, '<') THEN COALESCE(NULLIF({last}, ''), {value}) ELSE {value} END"
    return f"rtrim(lower(trim({found}, ' <>')), '.')"


def directory_select(wanted: Sequence[str], held: Mapping[str, tuple[str, str]]) -> str:
    """The select list of `accounts` or `domains`; empty texts become NULL."""
    return ", ".join(f"{_directory_column(name, held)} AS {identifier(name)}" for name in wanted)


def _directory_column(name: str, held: Mapping[str, tuple[str, str]]) -> str:
    if name not in held:
        return f"CAST(NULL AS {'TIMESTAMP' if name == 'created' else 'VARCHAR'})"
    value, kind = held[name]
    if kind == "JSON":  # numbers and texts in one column
        value, kind = f"({value} ->> '$')", "VARCHAR"
    if name == "created":
        return moment(value, kind)
    plain = f"NULLIF(trim({text(value, kind)}), '')"
    return f"trim(lower({plain}), '.@*')" if name == "domain" else plain
