"""Telling people: customers, operators of relays, colleagues, the public, the record."""

from __future__ import annotations

from irtool.records import Verb

_SENT = ("unsent", "sent")

VERBS = (
    Verb(
        name="notice.send",
        title="Send a notice to an affected customer",
        kind="tell",
        target="customer",
        states=_SENT,
        undo="correction",
        danger="moderate",
        params={"target": "text", "template": "text", "locale": "text", "version": "text"},
    ),
    Verb(
        name="abuse.report",
        title="Report the abuse to the operator of a relay",
        kind="tell",
        target="relay",
        states=_SENT,
        danger="moderate",
        params={"target": "text", "template": "text", "locale": "text", "to": "address"},
    ),
    Verb(
        name="chat.post",
        title="Post a message to the chat channel",
        kind="tell",
        target="text",
        states=_SENT,
        danger="mild",
        params={"target": "text", "text": "text", "channel": "text"},
        required=("text",),
    ),
    Verb(
        name="bulletin.write",
        title="Write the bulletin that is published",
        kind="tell",
        target="text",
        states=("unwritten", "written"),
        danger="mild",
        params={"target": "text", "file": "text", "lang": "text", "style": "text"},
    ),
    Verb(
        name="note.add",
        title="Add a note to the timeline",
        kind="tell",
        target="text",
        states=("unwritten", "written"),
        danger="mild",
        params={"target": "text", "text": "text"},
        required=("text",),
    ),
)
