"""Accounts: stop one from sending, end what it has open, or slow it down."""

from __future__ import annotations

from irtool.records import Verb

VERBS = (
    Verb(
        name="account.disable",
        title="Stop an account from sending",
        kind="change",
        target="account",
        states=("active", "disabled"),
        undo="enable",
        danger="severe",
        params={"target": "text", "expires": "duration"},
    ),
    Verb(
        name="account.revoke_sessions",
        title="End all open sessions and tokens of an account",
        kind="change",
        target="account",
        states=("open", "revoked"),
        danger="moderate",
        params={"target": "text"},
    ),
    Verb(
        name="account.limit",
        title="Limit how many messages an account may send in an hour",
        kind="change",
        target="account",
        states=("unlimited", "limited"),
        undo="restore",
        danger="moderate",
        params={"target": "text", "per_hour": "any", "expires": "duration"},
        required=("per_hour",),
    ),
)
