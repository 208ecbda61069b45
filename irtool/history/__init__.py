"""Events -> where everything stands. The state of a change, a step, an incident is only ever derived from events, here.

`kinds` lists the kinds of events, `machine` the states of a change and what each event does to them, `change` and
`approval` keep what one change and one decision are, `incident` folds all events of an incident.
"""

from __future__ import annotations

from irtool.history.approval import Approval, BreakGlass
from irtool.history.change import ChangeStatus
from irtool.history.incident import Alarm, Folding, History, Illegal, fold
from irtool.history.kinds import KINDS
from irtool.history.machine import IN_DOUBT, SETTLED, STATES, TABLE, UNDO_IN_DOUBT, drawing

__all__ = [
    "IN_DOUBT",
    "KINDS",
    "SETTLED",
    "STATES",
    "TABLE",
    "UNDO_IN_DOUBT",
    "Alarm",
    "Approval",
    "BreakGlass",
    "ChangeStatus",
    "Folding",
    "History",
    "Illegal",
    "drawing",
    "fold",
]
