"""Finding out, and the way to any admin API that has no verb of its own."""

from __future__ import annotations

from irtool.records import Verb

VERBS = (
    Verb(
        name="triage.complaint",
        title="Read the complaint and find the whole campaign in the mail logs",
        kind="look",
        target="",
        danger="mild",
        params={"complaint": "any", "since": "duration"},
    ),
    Verb(
        name="http.call",
        title="Make one request to an admin API",
        kind="change",
        target="text",
        undo="call back",
        danger="severe",
        params={
            "target": "text",
            "connector": "text",
            "method": "text",
            "path": "text",
            "body": "any",
            "expect": "any",
            "look": "any",
            "undo": "any",
        },
        required=("connector", "method", "path"),
    ),
)
