"""Opening an incident: the first events, from which everything else follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from irtool.ports import Journal
from irtool.records import Complaint, Entry, Findings, Json, Plan, Playbook, to_json

HEADER_BUDGET = 64_000
"""Characters of a complaint's headers that the journal keeps; the hash of the whole complaint is kept in any case."""


def open_incident(  # noqa: PLR0913 - all that an incident begins with, by name
    journal: Journal,
    playbook: Playbook,
    complaints: Sequence[Complaint],
    findings: Findings,
    *,
    inputs: Mapping[str, Json],
    by: str,
    door: str,
    began: datetime,
    known_as: Sequence[str] = (),
    evidence: Sequence[Json] = (),
) -> str:
    """Open the next incident with what is known: complaints, campaign and the playbook's snapshot. Returns its name.

    `known_as` are the other names that the person has now; `evidence` says for each complaint where its bytes are kept.
    """
    first = Entry(
        "incident.opened",
        {
            "playbook": playbook.name,
            "title": playbook.title,
            "started_by": by,
            "known_as": [*known_as],
            "inputs": dict(inputs),
            "snapshot": playbook.text,
            "sha256": playbook.sha256,
            "path": playbook.path,
            "door": door,
        },
        actor=by,
        occurred_at=began,
    )
    incident = journal.open_incident(f"INC-{began.year}", first).incident
    kept = evidence or [None] * len(complaints)
    received = [_complaint(c, began, where) for c, where in zip(complaints, kept, strict=True)]
    journal.append(incident, *received, *_campaign(complaints, findings))
    return incident


def record_plan(
    journal: Journal,
    incident: str,
    plan: Plan,
    by: str,
    known_as: Sequence[str] = (),
    calls: Mapping[str, Json] | None = None,
) -> None:
    """Put a plan on the timeline; approvals of an earlier one do not cover what is new in it.

    `calls` are what would be sent, by the digests to which the plan's approvals are bound. Raises Refused while a
    living process carries out the plan of before.
    """
    epoch = journal.lease(incident, by)
    try:
        journal.append(incident, plan_entry(plan, by, known_as, calls or {}), epoch=epoch)
    finally:
        journal.release(incident, epoch)


def plan_entry(plan: Plan, by: str, known_as: Sequence[str], calls: Mapping[str, Json], replaces: str = "") -> Entry:
    """The entry of a plan. `replaces` is the hash of one that was refused because the world has moved."""
    data: dict[str, Json] = {"plan": to_json(plan), "known_as": [*known_as], "calls": dict(calls)}
    return Entry("plan.made", data | ({"replaces": replaces} if replaces else {}), actor=by)


def _complaint(complaint: Complaint, began: datetime, evidence: Json) -> Entry:
    data = to_json(complaint)
    assert isinstance(data, dict)  # noqa: S101 (a record is an object)
    kept, room = [], HEADER_BUDGET
    for name, value in complaint.headers:
        room -= len(name) + len(value)
        if room < 0:
            break
        kept.append([name, value])
    data["headers"] = kept  # type: ignore[assignment]  # a list of pairs is JSON
    if evidence is not None:
        data["evidence"] = evidence
    # Without somebody who reports, the only date is the abusive message's own: the sender's word, and not a report.
    when = (complaint.received_at if complaint.reporter else None) or began
    return Entry("complaint.received", data, source="complaint", occurred_at=when)


def _campaign(complaints: Sequence[Complaint], findings: Findings) -> Sequence[Entry]:
    known = [
        Entry(
            "triage.done",
            {"findings": to_json(findings), "signatures": {c.source: list(c.signatures) for c in complaints}},
        )
    ]
    for kind, when in (("campaign.first_seen", findings.first_seen), ("campaign.last_seen", findings.last_seen)):
        if when and findings.from_log:
            known.append(Entry(kind, {"messages": findings.messages}, source="log", occurred_at=when))
    return known
