"""Where an incident stands, for machines."""

from __future__ import annotations

from irtool.history import History
from irtool.records import Json, to_json


def status_data(history: History, running: str) -> dict[str, Json]:
    """An incident's standing for machines; `running` is who works on it now."""
    counts: dict[str, Json] = {}
    for status in history.changes.values():
        count = counts.get(status.state)
        counts[status.state] = (count if isinstance(count, int) else 0) + 1
    return {
        "incident": history.incident,
        "playbook": history.playbook,
        "status": history.status,
        "opened_at": to_json(history.opened_at),
        "started_by": history.started_by,
        "running": running,
        "break_glass": [to_json(use) for use in history.break_glass],
        "counts": counts,
        "changes": [
            {"id": s.change.id, "state": s.state, "effective": s.effective, "effect": s.effect, "error": s.error}
            for s in history.changes.values()
        ],
    }
