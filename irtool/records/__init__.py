"""The frozen records that go through the doors between rooms .

Six cross doors: Complaint, Findings, Playbook, Plan, Call, Event; the others are their parts. Times are
timezone-aware and in UTC; JSON writes them as `2025-04-14T15:54:00Z`. Nothing here does any I/O.
"""

from __future__ import annotations

from irtool.records.calls import REHEARSED, Call, Look, Reply, Traits
from irtool.records.complaint import Complaint, Hop, Indicator
from irtool.records.events import Chain, Decision, Entry, Event
from irtool.records.findings import (
    AccountFinding,
    Bucket,
    Counted,
    CustomerFinding,
    Findings,
    Flow,
    Group,
    NewMail,
    RelayFinding,
    Sample,
)
from irtool.records.json import Json, from_json, to_json, utc
from irtool.records.plan import Change, Plan, PlanStep
from irtool.records.playbook import Input, Playbook, Step, Verb

__all__ = [
    "REHEARSED",
    "AccountFinding",
    "Bucket",
    "Call",
    "Chain",
    "Change",
    "Complaint",
    "Counted",
    "CustomerFinding",
    "Decision",
    "Entry",
    "Event",
    "Findings",
    "Flow",
    "Group",
    "Hop",
    "Indicator",
    "Input",
    "Json",
    "Look",
    "NewMail",
    "Plan",
    "PlanStep",
    "Playbook",
    "RelayFinding",
    "Reply",
    "Sample",
    "Step",
    "Traits",
    "Verb",
    "from_json",
    "to_json",
    "utc",
]
