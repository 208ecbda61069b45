"""The outbound queue: hold what waits there (undoable), then delete what is on hold (not undoable).

The target of both is an address, and means its messages (the envelope sender is exactly that), `<>` for the null
sender, or a domain, and means all messages with a recipient in it.
"""

from __future__ import annotations

from irtool.records import Verb

VERBS = (
    Verb(
        name="queue.hold",
        title="Put waiting messages on hold",
        kind="change",
        target="queue",
        states=("queued", "held"),
        undo="release",
        danger="mild",
        params={"target": "text"},
    ),
    Verb(
        name="queue.purge",
        title="Delete messages that are on hold, for good",
        kind="change",
        target="queue",
        states=("held", "purged"),
        danger="severe",
        params={"target": "text"},
    ),
)
