"""A submission as the API takes it: fields or a raw message -> what the relay decides on."""

from __future__ import annotations

from collections.abc import Mapping

from irtool.records import Json
from irtool.sandbox import message, names
from irtool.sandbox.body import Fields, texts
from irtool.sandbox.problems import Problem
from irtool.sandbox.provider import OWN_ACCOUNT, State
from irtool.sandbox.relay import Submission

FIELDS: Fields = {
    "account": str,
    "ip": str,
    "envelope_from": str,
    "recipients": (str, list),
    "message": str,
    "from": (str, list),
    "sender": (str, list),
    "subject": str,
}
"""`message` is a raw message (RFC 5322); without it `from`, `sender` and `subject` stand for its headers."""


def probe(state: State) -> Mapping[str, Json]:
    """What a dry run is about that does not say: a message of the provider's own, so that only what is asked about can
    be refused."""
    domain = state.accounts.domains(OWN_ACCOUNT)[0]
    own = f"postmaster@{domain}"
    return {"account": OWN_ACCOUNT, "ip": "192.0.2.1", "envelope_from": own, "recipients": "probe@example.com"}


def submission(given: Mapping[str, Json], defaults: Mapping[str, Json]) -> Submission:
    """The submission these fields describe. Raises Problem 400."""
    given = {**defaults, **given}
    for name in ("account", "ip", "envelope_from", "recipients"):
        if name not in given:
            raise Problem(400, f"{name} is missing")
    envelope = str(given["envelope_from"]).strip().removeprefix("<").removesuffix(">")
    raw = str(given.get("message", ""))
    head = message.headers(raw) if raw else _headers(given)
    return Submission(
        account=names.account(str(given["account"])),
        ip=names.ip(str(given["ip"])),
        envelope_from=names.address(envelope) if envelope else "",
        recipients=tuple(dict.fromkeys(names.address(to) for to in texts(given["recipients"], "recipients"))),
        from_=message.addresses(head.get("from", [])),
        sender=message.addresses(head.get("sender", [])),
        subject=" ".join(head.get("subject", []))[:1000],
        size=len(raw.encode("utf-8", "replace")),
    )


def _headers(given: Mapping[str, Json]) -> dict[str, list[str]]:
    return {name: texts(given[name], name) for name in ("from", "sender", "subject") if name in given}
