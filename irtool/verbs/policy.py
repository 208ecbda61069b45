"""Rules of the mail system itself, such as which relay rule applies or what trial accounts may send."""

from __future__ import annotations

from irtool.records import Verb

VERBS = (
    Verb(
        name="policy.set",
        title="Set a rule of the mail system",
        kind="change",
        target="rule",
        states=("other", "set"),
        undo="previous",
        danger="severe",
        params={"target": "text", "value": "any"},
        required=("value",),
    ),
)
