"""The provider's customers: accounts, the domains they own, the IPs they send from."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import islice

from irtool.records import Json
from irtool.sandbox import names
from irtool.sandbox.problems import Problem

COLUMNS = ("id", "name", "plan", "created", "contact", "locale", "partner")
STATUSES = ("active", "limited", "disabled")
_BATCH = 10_000


class Accounts:
    """The accounts, in one transaction.

    An account is `active`, `limited` (it has an hourly limit) or `disabled`; one that is disabled keeps its limit, so
    that enabling it makes it what it was.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def load(self, rows: Iterable[Mapping[str, object]]) -> int:
        """Add accounts: rows of the directory (account or account_id, name, plan, status, created or created_at,
        contact, locale, partner) and, if they have them, `ips` (what the account sends from), `sessions`, `per_hour`.
        Returns how many."""
        count = 0
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            self._db.executemany("INSERT INTO accounts VALUES (?,?,?,?,?,?,?,?,?,?)", [_row(row) for row in batch])
            sources = [(_id(row), names.network(ip)) for row in batch for ip in _texts(row.get("ips"))]
            self._db.executemany("INSERT OR IGNORE INTO sources VALUES (?, ?)", sources)
            count += len(batch)
        return count

    def load_domains(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Say who owns which domain: rows of `domain` and `account` or `account_id`."""
        pairs = ((str(row["domain"]).lower(), _id(row)) for row in rows)
        self._db.executemany("INSERT INTO domains VALUES (?, ?)", pairs)

    def get(self, account: str) -> dict[str, Json]:
        """The account as the API shows it. Raises Problem 404."""
        row = self._db.execute("SELECT * FROM accounts WHERE id = ?", (names.account(account),)).fetchone()
        if row is None:
            raise Problem(404, "no such account")
        return self._show(row)

    def page(self, *, after: str = "", limit: int = 100, plan: str = "") -> list[dict[str, Json]]:
        """Accounts in the order of their ids, from the one after `after`."""
        query = "SELECT * FROM accounts WHERE id > ? AND (? = '' OR plan = ?) ORDER BY id LIMIT ?"
        return [self._show(row) for row in self._db.execute(query, (after, plan, plan, limit))]

    def set_status(self, account: str, status: str) -> dict[str, Json]:
        """Disable or enable. `active` gives an account with a limit back as `limited`; `limited` needs a limit.

        Returns what was before. Raises Problem 404, 409 (no limit to go back to), 400.
        """
        before = self.get(account)
        if status not in STATUSES:
            raise Problem(400, "status must be active, limited or disabled")
        if status == "limited" and before["per_hour"] is None:
            raise Problem(409, "the account has no limit")
        if (status == "disabled") != (before["status"] == "disabled"):
            self._db.execute("UPDATE accounts SET disabled = ? WHERE id = ?", (status == "disabled", account))
        return before

    def set_limit(self, account: str, per_hour: int | None) -> dict[str, Json]:
        """Let the account send that many messages an hour; None lifts the limit. Returns what was before."""
        before = self.get(account)
        if per_hour != before["per_hour"]:
            self._db.execute("UPDATE accounts SET per_hour = ? WHERE id = ?", (per_hour, account))
        return before

    def revoke_sessions(self, account: str) -> int:
        """End every session and token. Returns how many there were."""
        sessions = self.get(account)["sessions"]
        if sessions:
            self._db.execute("UPDATE accounts SET sessions = 0 WHERE id = ?", (account,))
        return int(str(sessions))

    def domains(self, account: str) -> list[str]:
        """The first hundred domains of an account."""
        query = "SELECT domain FROM domains WHERE account = ? ORDER BY domain LIMIT 100"
        return [row["domain"] for row in self._db.execute(query, (account,))]

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain or a parent of it."""
        tried = list(names.parents(domain))
        marks = ",".join("?" * len(tried))
        query = f"SELECT account FROM domains WHERE domain IN ({marks}) ORDER BY length(domain) DESC LIMIT 1"  # noqa: S608
        row = self._db.execute(query, tried).fetchone()
        return str(row["account"]) if row else None

    def owns_ip(self, account: str, ip: str) -> bool:
        """Whether the account sends from it. One with no sources on file authenticates, and may come from anywhere."""
        networks = {row["network"] for row in self._db.execute("SELECT * FROM sources WHERE account = ?", (account,))}
        return not networks or any(network in networks for network in names.networks(ip))

    def dump(self) -> dict[str, Json]:
        """Everything about accounts, in a fixed order."""
        return {
            table: [list(row) for row in self._db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]  # noqa: S608
            for table in ("accounts", "domains", "sources")
        }

    def _show(self, row: sqlite3.Row) -> dict[str, Json]:
        shown: dict[str, Json] = {name: row[name] for name in COLUMNS}
        status = "disabled" if row["disabled"] else "active" if row["per_hour"] is None else "limited"
        domains: list[Json] = [*self.domains(row["id"])]
        return shown | {"status": status, "per_hour": row["per_hour"], "sessions": row["sessions"], "domains": domains}


def _id(row: Mapping[str, object]) -> str:
    return names.account(str(row.get("account", row.get("account_id"))))


def _row(row: Mapping[str, object]) -> tuple[object, ...]:
    row = {"created": row.get("created_at"), **row}
    texts = (str(row[name]) if row.get(name) else None for name in COLUMNS[1:])
    return (_id(row), *texts, row.get("status") == "disabled", row.get("per_hour"), row.get("sessions", 1))


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else []
