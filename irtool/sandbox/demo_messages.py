"""Messages to try the relay on: the abusive one, one that must always pass, and the one the 2019 rule was made for."""

from __future__ import annotations

from irtool.records import Json


def raw(*, from_: str, to: str, subject: str, sender: str = "", text: str = "Hello,\r\nsee you there.\r\n") -> str:
    """A plain message (RFC 5322). Without `sender` it has no Sender header."""
    lines = [f"From: {from_}"]
    if sender:
        lines.append(f"Sender: {sender}")
    lines += [
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Mon, 14 Apr 2025 15:30:00 +0000",
        f"Message-ID: <try.1@{(sender or from_).rpartition('@')[2].rstrip('>')}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
    ]
    return "\r\n".join([*lines, "", text])


def abusive(*, account: str, own: str, ip: str, to: str, forged: str = "info@gateway.example") -> dict[str, Json]:
    """The message of the campaign: null envelope sender, a Sender of the account's own, somebody else's From.

    `own` is the attacker's address; `forged` the address of another customer, or of the provider itself. The body of a
    POST to /v1/submit.
    """
    message = raw(from_=f"Support <{forged}>", sender=own, to=to, subject="Your parcel is waiting for you")
    return {"account": account, "ip": ip, "envelope_from": "", "recipients": [to], "message": message}


def calendar_forward(*, account: str, own: str, ip: str, to: str, organiser: str) -> dict[str, Json]:
    """An invitation from outside that a customer forwards: null envelope sender, own Sender, a From hosted nowhere
    here. Rejected at launch, accepted since 2019; the two readings of the fix of 2025 differ on it."""
    message = raw(from_=organiser, sender=own, to=to, subject="Fwd: invitation")
    return {"account": account, "ip": ip, "envelope_from": "", "recipients": [to], "message": message}


def normal(*, account: str, own: str, ip: str, to: str) -> dict[str, Json]:
    """An ordinary message: envelope sender and From are the account's. Every rule accepts it."""
    message = raw(from_=own, to=to, subject="Tomorrow")
    return {"account": account, "ip": ip, "envelope_from": own, "recipients": [to], "message": message}
