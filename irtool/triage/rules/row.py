"""The field values of one row of the normalised log, as `sql.py` sees the same row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from irtool.triage.rules.values import AnyValues, Value, Values

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LogRow:
    """A row with the directory: `owner` of a domain, `account` the row of an account."""

    row: Row
    owner: Callable[[str], str | None]
    account: Callable[[str], Mapping[str, object] | None]


def row_values(
    row: Row, owner: Callable[[str], str | None], account: Callable[[str], Mapping[str, object] | None]
) -> AnyValues:
    """The values of a row of the table `log`, derived columns included. `owner` and `account` are the directory's."""
    return Values(LogRow(row, owner, account), _GETTERS)


def _some(value: object) -> tuple[Value, ...]:
    return (value,) if isinstance(value, str | int) else ()


def _column(name: str, *, empty: bool = True) -> Callable[[LogRow], tuple[Value, ...]]:
    return lambda one: _some(one.row.get(name) if empty else one.row.get(name) or None)


def _local(name: str) -> Callable[[LogRow], tuple[Value, ...]]:
    def get(one: LogRow) -> tuple[Value, ...]:
        address = one.row.get(name)
        return (address.rpartition("@")[0],) if isinstance(address, str) and "@" in address else ()

    return get


def _owner(domain: str) -> Callable[[LogRow], tuple[Value, ...]]:
    def get(one: LogRow) -> tuple[Value, ...]:
        name = one.row.get(domain)
        return _some(one.owner(name)) if isinstance(name, str) and name else ()

    return get


def _of_account(column: str) -> Callable[[LogRow], tuple[Value, ...]]:
    def get(one: LogRow) -> tuple[Value, ...]:
        name = one.row.get("account")
        found = one.account(name) if isinstance(name, str) else None
        return _some(found.get(column)) if found else ()

    return get


def _id(one: LogRow) -> str | None:
    written = one.row.get("id")
    return written.strip("<> ") if isinstance(written, str) else None


def _id_domain(one: LogRow) -> tuple[Value, ...]:
    bare, written = _id(one), one.row.get("id")
    return (bare.rpartition("@")[2],) if bare is not None and isinstance(written, str) and "@" in written else ()


def _null(one: LogRow) -> tuple[Value, ...]:
    envelope = one.row.get("envelope_from")
    return () if envelope is None else (envelope == "",)


def _day(one: LogRow) -> tuple[Value, ...]:
    moment = one.row.get("time")
    if not isinstance(moment, datetime):
        return ()
    return ((moment.astimezone(UTC) if moment.tzinfo else moment).date().isoformat(),)


_GETTERS: Mapping[str, Callable[[LogRow], tuple[Value, ...]]] = {
    "env_from": _column("envelope_from"),
    "env_null": _null,
    "env_domain": _column("envelope_domain", empty=False),
    "env_owner": _owner("envelope_domain"),
    "from": _column("header_from"),
    "from_domain": _column("from_domain", empty=False),
    "from_local": _local("header_from"),
    "from_owner": _owner("from_domain"),
    "from_count": lambda one: (0 if one.row.get("header_from") is None else 1,),
    "sender": _column("header_sender"),
    "sender_domain": _column("sender_domain", empty=False),
    "sender_local": _local("header_sender"),
    "sender_owner": _owner("sender_domain"),
    "account": _column("account"),
    "account_plan": _of_account("plan"),
    "account_status": _of_account("status"),
    "account_partner": _of_account("partner"),
    "subject": _column("subject"),
    "message_id": lambda one: _some(_id(one)),
    "message_id_domain": _id_domain,
    "recipient": _column("recipient"),
    "recipient_domain": _column("recipient_domain", empty=False),
    "src_ip": _column("source_ip"),
    "size": _column("size"),
    "day": _day,
    "status": _column("status"),
}
