"""The pretend provider: all of its state, in one SQLite file, and everything that can be done with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from irtool.errors import UsageError
from irtool.records import Json
from irtool.sandbox import names
from irtool.sandbox.accounts import Accounts
from irtool.sandbox.blocks import Blocks
from irtool.sandbox.problems import Problem
from irtool.sandbox.queue import Queue
from irtool.sandbox.relay import RULES, TRIAL_OUTBOUND, Submission, decide
from irtool.sandbox.requests import Requests
from irtool.sandbox.store import SCHEMA, Store

POLICIES: Mapping[str, tuple[str, ...]] = {"relay": tuple(RULES), "trial-outbound": TRIAL_OUTBOUND}
"""What can be set, and to what."""

OWN_ACCOUNT = "0"
"""The provider's own account, which owns the provider's domain."""


def _now() -> datetime:
    # Whole seconds: times are compared as text, so all of them have one form.
    return datetime.now(UTC).replace(microsecond=0)


class Provider:
    """One pretend provider. Threads may share it; other processes open the same file."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = _now) -> None:
        if not path.is_file():
            raise UsageError(f"{path}: there is no sandbox here")
        self.path = path
        self._clock = clock
        self._store = Store(path)

    @classmethod
    def create(
        cls,
        path: Path,
        accounts: Iterable[Mapping[str, object]],
        domains: Iterable[Mapping[str, object]],
        *,
        org_domain: str = "gateway.example",
        org_name: str = "",
        relay: str = "2019",
        clock: Callable[[], datetime] = _now,
    ) -> Provider:
        """A new provider in a file that must not exist yet.

        `accounts` are rows as `Accounts.load` takes them, `domains` as `Accounts.load_domains` does. The provider's own
        account and domain are added if they are not among them. Raises UsageError.
        """
        if path.exists():
            raise UsageError(f"{path}: is there already", hint="remove it, or choose another folder")
        with path.open("xb"):
            pass
        _initialise(path)
        provider = cls(path, clock=clock)
        with provider.session() as state:
            state.accounts.load(accounts)
            state.accounts.load_domains(domains)
            state.ensure_own(org_domain, org_name or org_domain)
            state.set_policy("relay", relay)
            state.set_policy("trial-outbound", "open")
        return provider

    @contextmanager
    def session(self) -> Iterator[State]:
        """Everything done inside happens at once or, if it raises, not at all. Keep it short: it locks out others."""
        with self._store.transaction() as connection:
            yield State(connection, self._clock())

    def submit(self, submission: Submission) -> tuple[int, str]:
        """Hand in a message: the relay's reply. The message is logged, and queued if the reply is 250."""
        with self.session() as state:
            return state.submit(submission)

    def dump(self) -> dict[str, Json]:
        """Everything the provider knows except about requests: equal dumps mean nothing was changed."""
        with self.session() as state:
            return state.dump()

    def close(self) -> None:
        """Close the file."""
        self._store.close()


class State:
    """The provider's state in one transaction. It is what `relay.decide` asks (relay.Standing)."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._db = connection
        self.now = now
        self.accounts = Accounts(connection)
        self.blocks = Blocks(connection, now)
        self.queue = Queue(connection, now)
        self.requests = Requests(connection)

    def ensure_own(self, domain: str, name: str) -> None:
        """The provider is a customer of itself: the account that owns its domain."""
        self._db.execute("INSERT OR IGNORE INTO accounts (id, name, plan) VALUES (?, ?, 'own')", (OWN_ACCOUNT, name))
        self._db.execute("INSERT OR IGNORE INTO domains VALUES (?, ?)", (names.domain(domain), OWN_ACCOUNT))

    def policy(self, name: str) -> str:
        """The value in force. Raises Problem 404."""
        row = self._db.execute("SELECT value FROM policies WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise Problem(404, f"no such policy: {', '.join(POLICIES)}")
        return str(row["value"])

    def set_policy(self, name: str, value: str) -> None:
        """Put a value in force. Raises Problem 404, 400."""
        if name not in POLICIES:
            raise Problem(404, f"no such policy: {', '.join(POLICIES)}")
        if value not in POLICIES[name]:
            raise Problem(400, f"value must be one of: {', '.join(POLICIES[name])}")
        self._db.execute("INSERT OR REPLACE INTO policies VALUES (?, ?)", (name, value))

    def submit(self, submission: Submission, *, dry_run: bool = False) -> tuple[int, str]:
        """The relay's reply; unless it is a dry run the message is logged, and queued if the reply is 250."""
        code, text = decide(self, submission)
        if not dry_run:
            self.queue.add(submission, code, text)
        return code, text

    def dump(self) -> dict[str, Json]:
        """Everything the provider knows except about requests."""
        policies: dict[str, Json] = {name: self.policy(name) for name in POLICIES}
        return self.accounts.dump() | {
            "blocks": self.blocks.dump(),
            "policies": policies,
            "messages": self.queue.dump(),
        }

    def account_status(self, account: str) -> str | None:
        """active, limited, disabled, or None for an account that does not exist."""
        row = self._db.execute("SELECT disabled, per_hour FROM accounts WHERE id = ?", (account,)).fetchone()
        if row is None:
            return None
        return "disabled" if row["disabled"] else "active" if row["per_hour"] is None else "limited"

    def may_send(self, account: str) -> bool:
        """Trial accounts may not under `partner-only`, unless a partner manages them."""
        if self.policy("trial-outbound") == "open":
            return True
        row = self._db.execute("SELECT plan, partner FROM accounts WHERE id = ?", (account,)).fetchone()
        return bool(row["plan"] != "trial" or row["partner"])

    def within_limit(self, account: str) -> bool:
        """Whether one more message now stays within the hourly limit."""
        row = self._db.execute("SELECT per_hour FROM accounts WHERE id = ?", (account,)).fetchone()
        return row["per_hour"] is None or self.queue.sent_last_hour(account) < row["per_hour"]

    def owns_ip(self, account: str, ip: str) -> bool:
        """Whether the account sends from it."""
        return self.accounts.owns_ip(account, ip)

    def owner(self, domain: str) -> str | None:
        """The account that owns the domain or a parent of it."""
        return self.accounts.owner(domain)

    def ip_blocked(self, ip: str) -> str | None:
        """The blocked address or network it falls under."""
        return self.blocks.hit("ips", names.networks(ip))

    def address_blocked(self, address: str) -> str | None:
        """The blocked address it is."""
        return self.blocks.hit("addresses", (address,))

    def domain_blocked(self, domain: str) -> str | None:
        """The blocked domain it is, or is below of."""
        return self.blocks.hit("domains", names.parents(domain))

    def rule(self) -> str:
        """The relay rule in force."""
        return self.policy("relay")


def _initialise(path: Path) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.executescript(SCHEMA)
    finally:
        connection.close()
