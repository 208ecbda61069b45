"""What `irtool doctor` looks at. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from irtool.errors import IrtoolError
from irtool.run.ratify import unratified
from irtool.wiring.desk import Desk, os_user
from irtool.wiring.foresight import Check, connectors, due, extras, shadows
from irtool.wiring.route import checks, template_checks


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
    yield from _approvals(desk)
    yield from due(desk)
    yield from shadows(desk)
    yield from _logs(desk)
    yield from connectors(desk)
    yield from extras(desk)
    yield from _notices(desk)


def _notices(desk: Desk) -> Iterator[Check]:
    if desk.config.settings.notices is None:
        yield Check("warn", "notices", "no way for mail: nobody is told anything", "add notices: with smtp and from")
        return
    try:
        campaigns = [desk.history(name).findings for name in desk.journal.incidents()]
    except IrtoolError:
        campaigns = []  # said above
    for level, says, hint in checks(desk.config, campaigns):
        yield Check(level, "notices", says, hint)
    for level, says, hint in template_checks(desk.config):
        yield Check(level, "templates", says, hint)


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


def _approvals(desk: Desk) -> Iterator[Check]:
    settings = desk.config.settings
    if settings.shared_accounts == "allow":
        yield Check("warn", "approvals", "people who share an OS account can approve each other's runs")
    accounts = {p.os_user or p.slack or n for n, p in settings.people.items()}
    able = len(settings.people) if settings.shared_accounts == "allow" else len(accounts)
    for about, rule in settings.approvals.items():
        asked = rule.quorum + (rule.from_ == "peer")
        if asked > max(able, 1):
            besides = " besides who runs it" if rule.from_ == "peer" else ""
            says = f"{about} takes {rule.quorum}{besides}, and of `people` {able} can be told apart"
            yield Check("fault", "approvals", says, "add people: with os_user or slack")
    if settings.break_glass == "deny":
        yield Check("ok", "approvals", "break-glass is not allowed")
    try:
        open_uses = [(name, use) for name in desk.journal.incidents() for use in unratified(desk.history(name))]
    except IrtoolError:  # the journal has been told of as a fault
        return
    for name, use in open_uses:
        says = f"{name}: break-glass by {use.by} alone, not ratified: {use.why}"
        yield Check("warn", "approvals", says, f"irtool ratify {name} --as SOMEBODY-ELSE")


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
