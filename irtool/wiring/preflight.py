"""What `irtool doctor` looks at. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from irtool.connectors import hold
from irtool.errors import IrtoolError
from irtool.wiring.desk import Desk, os_user
from irtool.wiring.plumbing import Pool, connectors


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `level`: ok, warn or fault."""

    level: str
    what: str
    says: str
    hint: str = ""


def preflight(desk: Desk) -> Iterator[Check]:
    """All checks, the cheap ones first."""
    if desk.config.path is None:
        yield Check(
            "warn", "configuration", "there is no irtool.yaml here", "irtool demo shows one; README explains it"
        )
        return
    yield Check("ok", "configuration", str(desk.config.path))
    yield from _people(desk)
    yield from _journal(desk)
    yield from _logs(desk)
    yield from _connectors(desk)


def _people(desk: Desk) -> Iterator[Check]:
    people = desk.config.settings.people
    if len(people) < 2:
        yield Check(
            "warn", "people", "nobody can be a second person for steps with approval: peer", "add people: with os_user"
        )
    accounts = [p.os_user for p in people.values() if p.os_user]
    for shared in sorted({a for a in accounts if accounts.count(a) > 1}):
        names = ", ".join(n for n, p in people.items() if p.os_user == shared)
        yield Check("warn", "people", f"{names} share the OS account {shared}: each can speak for the other")
    try:
        yield Check("ok", "people", f"you are {desk.who(None)}")
    except IrtoolError as error:
        yield Check("warn", "people", error.message, error.hint)
    if people and os_user() not in accounts:
        yield Check(
            "warn", "people", f"your OS account {os_user()} is nobody's: you can start runs, but approve nothing"
        )


def _journal(desk: Desk) -> Iterator[Check]:
    try:
        names = list(desk.journal.incidents())
    except IrtoolError as error:
        yield Check("fault", "journal", error.message, error.hint)
        return
    broken = [n for n in names if not desk.journal.verify(n).whole]
    if broken:
        yield Check("fault", "journal", f"not whole: {', '.join(broken)}", "irtool verify")
    else:
        yield Check("ok", "journal", f"{desk.config.journal}, {len(names)} incident{'s' * (len(names) != 1)}, whole")


def _logs(desk: Desk) -> Iterator[Check]:
    settings = desk.config.settings
    if not settings.logs:
        yield Check(
            "warn", "logs", "no gateway log: a campaign's size, accounts and customers stay unknown", "add logs:"
        )
    if not settings.directory.domains:
        yield Check(
            "warn", "directory", "no directory of domains: impersonated customers stay unknown", "add directory:"
        )
    if not settings.logs and not settings.directory.domains:
        return
    try:
        missing = desk.evidence.log.missing()
    except IrtoolError as error:
        yield Check("fault", "logs", error.message, error.hint)
        return
    if settings.logs:
        lacks = f"; without {', '.join(sorted(missing))}" if missing else ""
        yield Check("warn" if missing else "ok", "logs", f"{', '.join(settings.logs)} can be read{lacks}")


def _connectors(desk: Desk) -> Iterator[Check]:
    try:
        found = connectors(desk.config, lambda _verb, _target, _params: "")
        pool = Pool(desk.config, found)
    except IrtoolError as error:
        for fault in getattr(error, "faults", ()) or (error.message,):
            yield Check("fault", "connectors", fault, error.hint)
        return
    for name, connector in found.items():
        sender = pool.sender()
        try:
            yield Check("ok", name, f"{hold(connector.ping(), sender)}: {', '.join(sorted(connector.verbs()))}")
        except IrtoolError as error:
            yield Check("fault", name, error.message, error.hint)
        finally:
            sender.close()
