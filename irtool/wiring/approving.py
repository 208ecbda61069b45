"""Plans and the approvals they need, wired: who the people are, what irtool.yaml demands, what would be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from irtool import playbook as books
from irtool.config import Config
from irtool.history import History
from irtool.plan.guards import Guards
from irtool.plan.limits import ApprovalRule
from irtool.plan.planner import make_plan
from irtool.plan.shadow import ALL
from irtool.ports import Clock, Connector, Progress
from irtool.records import Event, Json, Plan, to_json
from irtool.run.approvals import vetoes
from irtool.run.ledger import Ledger
from irtool.run.locks import Locks
from irtool.run.looking import looker
from irtool.run.people import People, Person
from irtool.verbs import CATALOGUE
from irtool.wiring.evidence import Evidence
from irtool.wiring.plumbing import Pool


class Means(Protocol):
    """What a plan is made with: the desk."""

    @property
    def config(self) -> Config:
        """irtool.yaml."""
        ...

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def evidence(self) -> Evidence:
        """Logs and directory."""
        ...

    def connectors(self, incident: str) -> dict[str, Connector]:
        """All connectors."""
        ...

    def guards(self, owner: Callable[[str], str | None]) -> Guards:
        """What no approval overrides."""
        ...


def people(config: Config, account: str) -> People:
    """The mapped people; without any, whoever uses this OS account is the one person there is."""
    settings = config.settings
    named = {n: Person(os_user=p.os_user, slack=p.slack, groups=tuple(p.groups)) for n, p in settings.people.items()}
    found = named or {account: Person(os_user=account)}
    return People(found, account=account, shared_accounts=settings.shared_accounts == "allow")


def rules(config: Config) -> tuple[ApprovalRule, ...]:
    """What irtool.yaml demands of approvals."""
    return tuple(
        ApprovalRule(about, rule.from_, rule.quorum, rule.expires, rule.above)
        for about, rule in config.settings.approvals.items()
    )


def make(
    desk: Means, history: History, progress: Progress | None = None, *, shadow: bool = False
) -> tuple[Plan, dict[str, Json]]:
    """The plan of an incident from its snapshot and as everything stands now, and what it would send, by digest.

    `shadow`: all of it in shadow mode.
    """
    book = books.load(history.snapshot, history.path or history.playbook, verbs=CATALOGUE, path=history.path)
    connected = desk.connectors(history.incident)
    pool = Pool(desk.config, connected)
    org = desk.config.settings.org
    opened = history.opened_at or desk.clock.now()
    calls: dict[str, Json] = {}
    journal = desk.config.journal
    ledger = Ledger(Locks(journal.with_name(journal.name + ".locks"), desk.clock))
    plan = make_plan(
        book,
        inputs=history.inputs,
        findings=history.findings,
        incident={"id": history.incident, "opened_at": to_json(opened)},
        org={"name": org.name, "domains": list(org.domains)},
        connectors=connected,
        verbs=CATALOGUE,
        pool=pool,
        guards=desk.guards(desk.evidence.owner),
        clock=desk.clock,
        earlier=history.changes,
        progress=progress,
        looker=looker(pool, desk.clock, desk.config.settings.workers, ledger),
        rules=rules(desk.config),
        calls=calls,
        vetoed=vetoes(history),
        shadows=(ALL,) if shadow else desk.config.settings.shadow,
    )
    return plan, calls


def planned_calls(events: Iterable[Event]) -> Mapping[str, Json]:
    """What the incident's plan would send, by the digests that its changes are bound to."""
    found: Mapping[str, Json] = {}
    for event in events:
        if event.kind == "plan.made":
            calls = event.data.get("calls")
            found = calls if isinstance(calls, dict) else {}
    return found
