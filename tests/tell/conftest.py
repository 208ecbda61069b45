"""The Sophos incident of April 2025 as events, and a small builder for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from irtool.records import (
    AccountFinding,
    Change,
    Complaint,
    Counted,
    CustomerFinding,
    Event,
    Findings,
    Hop,
    Json,
    Plan,
    PlanStep,
    to_json,
)
from irtool.shipped import folder

ORG: Mapping[str, Json] = {"name": "Example Mail", "domains": ["gateway.example"], "contact": "support at Example Mail"}


def at(text: str) -> datetime:
    """`14 15:54` is that day and time of April 2025, UTC."""
    day, clock = text.split()
    hour, minute = clock.split(":")
    return datetime(2025, 4, int(day), int(hour), int(minute), tzinfo=UTC)


class Script:
    """Writes events as a journal would."""

    def __init__(self, incident: str = "INC-2025-0001") -> None:
        self.incident = incident
        self.events: list[Event] = []

    def add(
        self, kind: str, when: datetime, data: object = None, *, written: datetime | None = None, **extra: object
    ) -> Event:
        """One more event."""
        values: dict[str, object] = {"step": None, "item": None, "actor": None, "source": "irtool", "offset": ""}
        values.update(extra)
        body = to_json(data or {})
        assert isinstance(body, dict)
        seq = len(self.events) + 1
        event = Event(
            incident=self.incident,
            seq=seq,
            kind=kind,
            data=body,
            occurred_at=when,
            recorded_at=written or when,
            prev=f"{seq - 1:064x}",
            hash=f"{seq:064x}",
            **values,  # type: ignore[arg-type]
        )
        self.events.append(event)
        return event

    def tried(self, kind: str, when: datetime, data: object, step: str, item: str) -> None:
        """An intent, and what came of it."""
        first = "undo.intended" if kind.startswith("undo.") else "change.intended"
        self.add(first, when, {"before": {}, "key": item}, step=step, item=item)
        self.add(kind, when, data, step=step, item=item)

    def plan(self, when: datetime, *steps: PlanStep) -> None:
        """plan.made with these steps."""
        self.add("plan.made", when, {"plan": Plan("email-abuse", "0" * 64, "1" * 64, when, steps)})

    def do(self, step: PlanStep, first: datetime, last: datetime) -> None:
        """All changes of a step are made, evenly from `first` to `last`."""
        n = max(len(step.changes) - 1, 1)
        for i, change in enumerate(step.changes):
            when = first + (last - first) * i / n
            self.add(
                "change.intended",
                when,
                {"change": change, "before": {}, "key": change.id},
                step=step.id,
                item=change.item,
            )
            self.add("change.done", when, {"after": change.after, "effective": True}, step=step.id, item=change.item)


def step(
    name: str, title: str, verb: str, targets: Mapping[str, str], *, connector: str = "rspamd", after: str = "blocked"
) -> PlanStep:
    """A planned step with one change for each target (target -> label)."""
    changes = tuple(
        Change(name, target, verb, target, connector, "do", before="absent", after=after, label=label)
        for target, label in targets.items()
    )
    return PlanStep(name, title, verb, "self", "continue", f"hash-{name}", changes)


def customers() -> tuple[CustomerFinding, ...]:
    """Twelve customers with thirty messages; three languages; the last has no contact on file."""
    locales = ["it", "en", "de"]
    return tuple(
        CustomerFinding(
            id=f"c{n:02d}",
            name=f"Azienda {n} però & Söhne",
            domain=f"customer{n}.example",
            locale=locales[n % 3],
            contact=f"admin@customer{n}.example" if n < 12 else None,
            messages=8 if n == 1 else 2,
            first_seen=at("13 19:00"),
            last_seen=at("14 18:00"),
        )
        for n in range(1, 13)
    )


def complaint(subject: str = "You have won a prize!") -> Complaint:
    """The reported message: null envelope, the trial account's Sender, the provider's From."""
    return Complaint(
        source="complaint.eml",
        sha256="ab" * 32,
        size=2048,
        format="eml",
        message_id="<a1b2@trial7.example>",
        subject=subject,
        date=at("14 15:40"),
        received_at=at("14 15:54"),
        reporter="reader@elsewhere.example",
        envelope_from="",
        envelope_null=True,
        from_=("info@gateway.example",),
        sender=("sales@trial7.example",),
        hops=(
            Hop(1, helo="out3.gateway.example", ip="192.0.2.3", by="mx.elsewhere.example", with_="ESMTPS",
                time=at("14 15:40")),
            Hop(2, helo="trial7.example", ip="198.51.100.7", by="out3.gateway.example", with_="ESMTPSA", auth=True,
                time=at("14 15:39"), time_raw="Tue, 15 Apr 2025 00:39:00 +0900"),
        ),
        headers=(("From", "info@gateway.example"), ("To", "victim@elsewhere.example"), ("Subject", subject)),
        signatures=("null-envelope-foreign-from",),
    )  # fmt: skip


def findings() -> Findings:
    """1.9 million messages, 24 trial accounts, 112 IPs, 12 customers."""
    first, last = at("13 18:00"), at("15 16:20")
    return Findings(
        messages=1_900_000,
        first_seen=first,
        last_seen=last,
        accounts=tuple(
            AccountFinding(
                f"trial{n}", plan="trial", messages=79_166, confidence=0.97, evidence="null envelope, own Sender"
            )
            for n in range(1, 25)
        ),
        source_ips=tuple(Counted(f"198.51.100.{n}", 16_964) for n in range(1, 113)),
        sender_addresses=tuple(Counted(f"sales@trial{n}.example", 79_166) for n in range(1, 25)),
        spoofed_addresses=(Counted("info@gateway.example", 1_200_000), Counted("news@gateway.example", 699_970)),
        destination_domains=(Counted("win-prizes.example", 1_900_000, first, last),),
        affected_customers=customers(),
        signatures=("null-envelope-foreign-from",),
        log_rows=5_000_000,
        from_log=True,
    )


def opening(script: Script, subject: str = "You have won a prize!") -> None:
    """From the first spam to the scope being known."""
    found = findings()
    script.add(
        "incident.opened", at("14 16:52"),
        {"title": "Spam sent through our own mail service", "playbook": "email-abuse", "inputs": {}}, actor="alice",
    )  # fmt: skip
    script.add(
        "complaint.received",
        at("14 15:54"),
        complaint(subject),
        written=at("14 16:52"),
        source="complaint",
        offset="+09:00",
    )
    script.add("triage.done", at("14 17:05"), {"findings": found})
    script.add("campaign.first_seen", at("13 18:00"), written=at("14 17:05"), source="log")
    script.add("campaign.last_seen", at("15 16:20"), written=at("14 17:05"), source="log")


def steps() -> tuple[PlanStep, ...]:
    """The steps of the shipped playbook, planned."""
    found = findings()
    return (
        step("block-domains", "Block the campaign's destination domains", "domain.block", {"win-prizes.example": ""}),
        step("block-ips", "Block the sending IPs", "ip.block", {c.value: "" for c in found.source_ips}),
        step("block-addresses", "Block the attackers' addresses", "address.block",
             {c.value: "" for c in found.sender_addresses}),
        step("disable-trials", "Disable the trial accounts", "account.disable", {a.id: "" for a in found.accounts},
             connector="scim", after="disabled"),
        step("notify", "Tell the customers", "notice.send", {c.id: c.name for c in found.affected_customers},
             connector="mail", after="sent"),
    )  # fmt: skip


@pytest.fixture
def script() -> Script:
    """An empty journal to write."""
    return Script()


@pytest.fixture
def sophos() -> list[Event]:
    """The whole incident, with two notes that people wrote afterwards, one of them a correction."""
    script = Script()
    opening(script)
    planned = steps()
    script.plan(at("14 18:40"), *planned)
    script.add("run.started", at("14 19:00"), {"by": "alice", "epoch": 1, "resumed": False}, actor="alice")
    domains, ips, addresses, accounts, notify = planned
    script.do(domains, at("14 19:07"), at("14 19:07"))
    script.do(ips, at("15 16:10"), at("15 16:31"))
    script.do(addresses, at("15 16:31"), at("15 16:33"))
    script.add("approval.asked", at("15 16:34"), {"hash": "hash-disable-trials"}, step="disable-trials")
    script.add(
        "approval.given",
        at("17 11:40"),
        {"hash": "hash-disable-trials", "door": "terminal"},
        step="disable-trials",
        actor="bob",
    )
    script.do(accounts, at("17 11:45"), at("17 11:51"))
    script.do(notify, at("17 12:00"), at("17 12:01"))
    script.add("run.ended", at("17 12:02"), {"outcome": "done", "exit_code": 0})
    wrong = script.add(
        "note.added",
        at("2 10:00"),
        {"text": "First trial account created"},
        actor="alice",
        source="person",
        written=at("18 09:00"),
    )
    script.add(
        "note.added", at("2 09:00"),
        {"text": "First trial account created by the attackers, from trial1.example", "corrects": wrong.seq},
        actor="alice", source="person", written=at("18 09:05"),
    )  # fmt: skip
    return script.events


@pytest.fixture
def templates() -> list[Path]:
    """The shipped templates."""
    return [folder("templates")]


@pytest.fixture
def org() -> Mapping[str, Json]:
    """The provider."""
    return ORG


@pytest.fixture
def make_incident() -> Callable[..., list[Event]]:
    """A half-way incident with a given subject: opened, scoped, nothing planned."""

    def make(subject: str) -> list[Event]:
        script = Script()
        opening(script, subject)
        return script.events

    return make


MINUTE = timedelta(minutes=1)
