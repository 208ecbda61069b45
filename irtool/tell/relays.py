"""Abuse reports to the operators of relays, in the Abuse Reporting Format (ARF, RFC 5965)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from irtool.errors import StepFailed
from irtool.intake.domains import registrable
from irtool.records import Event, Json
from irtool.tell import clean, mail
from irtool.tell.letters import fill, language, organisation
from irtool.tell.story import Facts, rows, story

TEMPLATE = "relay-report"
ARF = 'multipart/report; report-type="feedback-report"'
"""The three parts that RFC 5965 asks for."""

KEPT_HEADERS = frozenset(
    {"received", "return-path", "from", "sender", "reply-to", "subject", "date", "message-id", "x-mailer", "x-mimeole"},
)
"""Headers of the reported message that are passed on. Recipients are not among them (RFC 6590)."""

_MAX_HOPS = 20


def relay_report(
    events: Iterable[Event],
    relay: Mapping[str, Json],
    *,
    lang: str = "en",
    template: str = TEMPLATE,
    templates: Sequence[Path],
    org: Mapping[str, Json],
    sender: str,
    date: datetime,
) -> str:
    """The whole message about one relay (a `RelayFinding` as JSON, with `contact` if its operator's address is known).

    Without `contact` it goes to `abuse@` the relay's registered domain (RFC 2142). Text, feedback report and the
    headers of the complaint that shows this relay. Raises StepFailed if the relay has neither contact nor domain.
    """
    to = mail.address(_contact(relay), what=f"operator of relay {clean.terminal(_name(relay))}")
    from_ = mail.address(sender, what="notices.from in irtool.yaml")
    facts = story(list(events))
    shown = [c for c in rows(facts["complaints"]) if _hops(c, relay)]
    hops = [h for c in shown for h in _hops(c, relay)][:_MAX_HOPS]
    spoken = language(lang, template, templates)
    variables = {
        "incident": facts["incident"],
        "relay": {"helo": "", "ip": "", "by": "", "messages": 0, **relay},
        "hops": [{"time": None, "by": "", "ip": "", "helo": "", "auth": False, "id": "", **h} for h in hops],
        "authenticated": any(h.get("auth") for h in hops),
        "org": organisation(org),
    }
    subject, text = fill(f"notices/{spoken}/{template}.txt.j2", spoken, templates, variables)
    identity = mail.message_id(from_.domain, str(facts["incident"]), _name(relay), template)
    parts = (
        mail.Part("text/plain", mail.folded(text)),
        mail.Part("message/feedback-report", _feedback(relay, shown, date), raw=True),
        mail.Part("text/rfc822-headers", _headers(list(events), shown), raw=True),
    )
    return mail.compose(sender=from_, to=to, subject=subject, date=date, identity=identity, parts=parts, kind=ARF)


def _name(relay: Mapping[str, Json]) -> str:
    return str(relay.get("by") or relay.get("ip") or relay.get("helo") or "?")


def _contact(relay: Mapping[str, Json]) -> str:
    if relay.get("contact"):
        return str(relay["contact"])
    domain = registrable(str(relay.get("by") or ""))
    if domain is None:
        raise StepFailed(
            f"nobody is known who runs relay {clean.terminal(_name(relay))}",
            hint="look the operator up and give the step `to: abuse@…`; or tell them yourself and use irtool note",
        )
    return f"abuse@{domain}"


def _hops(complaint: Facts, relay: Mapping[str, Json]) -> list[Facts]:
    by, ip = relay.get("by"), relay.get("ip")
    return [
        h for h in rows(complaint.get("hops")) if (by and h.get("by") == by) or (not by and ip and h.get("ip") == ip)
    ]


def _headers(events: Sequence[Event], shown: Sequence[Facts]) -> str:
    """The headers of the first complaint that shows the relay, those of `KEPT_HEADERS`, in plain ASCII."""
    wanted = {c.get("sha256") for c in shown[:1]}
    data = next((e.data for e in events if e.kind == "complaint.received" and e.data.get("sha256") in wanted), {})
    pairs = data.get("headers")
    lines = []
    for pair in pairs if isinstance(pairs, list) else []:
        name, value = (str(p) for p in pair) if isinstance(pair, list) and len(pair) == 2 else ("", "")
        if name.lower() in KEPT_HEADERS:
            lines.append(f"{name}: {clean.header(value)}"[:900].encode("ascii", "replace").decode("ascii"))
    return "\r\n".join(lines) + "\r\n"


def _feedback(relay: Mapping[str, Json], shown: Sequence[Facts], date: datetime) -> str:
    fields = [("Feedback-Type", "abuse"), ("User-Agent", "irtool/1"), ("Version", "1")]
    fields += [("Source-IP", str(relay["ip"]))] if relay.get("ip") else []
    for complaint in shown[:1]:
        if complaint.get("envelope_from") is not None:
            fields.append(("Original-Mail-From", f"<{complaint['envelope_from']}>"))
        when = complaint.get("date")
        fields.append(
            ("Arrival-Date", format_datetime(datetime.fromisoformat(when) if isinstance(when, str) else date))
        )
    lines = [f"{name}: {clean.header(value)}".encode("ascii", "replace").decode("ascii") for name, value in fields]
    return "\r\n".join(lines) + "\r\n"
