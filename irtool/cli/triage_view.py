"""What a person needs to see of a triage, in one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from irtool.cli.out import clean
from irtool.cli.views import findings_lines, plural, wrapped
from irtool.records import Complaint, Counted, Findings, to_json

TOP = 5


def lines(complaints: Sequence[Complaint], findings: Findings) -> Iterator[str]:
    """The complaints, then the campaign."""
    for complaint in complaints:
        yield from _complaint(complaint)
        yield ""
    yield "campaign"
    data = to_json(findings)
    for line in findings_lines(data if isinstance(data, dict) else {}):
        yield from wrapped(line, "  ", "  ")
    alone = {name for c in complaints for name in c.signatures}
    for name in findings.signatures:
        if name not in alone:
            yield f"  together   {clean(name)}"
    yield from _top("destination domains", findings.destination_domains)
    yield from _top("source IPs", findings.source_ips)
    yield from _top("attackers' own addresses", findings.sender_addresses)
    yield from _top("forged addresses (never blocked)", findings.spoofed_addresses)
    for account in findings.accounts[:TOP]:
        yield (
            f"  account {clean(account.id)}  {clean(account.plan or '?')}  {plural(account.messages, 'message')}  "
            f"confidence {account.confidence:.2f}"
        )
        yield from wrapped(clean(account.evidence), "    ", "    ")
    yield from _rest("accounts", len(findings.accounts))
    for customer in findings.affected_customers:
        yield (
            f"  customer {clean(customer.id)}  {clean(customer.name)}  {_defang(customer.domain)}  "
            f"{plural(customer.messages, 'message')}"
        )
    for relay in findings.relays[:TOP]:
        yield f"  relay {_defang(relay.by or '?')}  from {_defang(relay.helo or '?')} [{_defang(relay.ip or '?')}]"
    yield from _rest("relays", len(findings.relays))


def _complaint(complaint: Complaint) -> Iterator[str]:
    yield f"{clean(complaint.source)}  {complaint.format}, sha256 {complaint.sha256[:16]}…"
    if complaint.subject:
        yield f"  subject    {clean(complaint.subject)[:100]}"
    envelope = "<> (null)" if complaint.envelope_null else _defang(complaint.envelope_from or "not known")
    if complaint.format != "text" or complaint.envelope_null is not None:
        yield f"  envelope   {envelope}"
    for label, found in (("from", complaint.from_), ("sender", complaint.sender), ("reply-to", complaint.reply_to)):
        if found:
            doubt = "  (ambiguous)" if label == "from" and complaint.ambiguous_from else ""
            yield f"  {label:<10} {', '.join(_defang(a) for a in found[:TOP])}{doubt}"
    for hop in complaint.hops[:TOP]:
        when = f"{hop.time:%Y-%m-%d %H:%M:%SZ}" if hop.time else "no time"
        ip = f"[{_defang(hop.ip)}]" if hop.ip else "[?]"
        login = "  authenticated" if hop.auth else ""
        yield f"  hop {hop.n:<6} {_defang(hop.helo or '?')} {ip} -> {_defang(hop.by or '?')}  {when}{login}"
    yield from _rest("hops", len(complaint.hops))
    if complaint.format == "text":
        for one in complaint.indicators[: 2 * TOP]:
            yield f"  {clean(one.type):<10} {_defang(one.value)}  ({clean(one.source)})"
        yield from _rest("indicators", len(complaint.indicators), 2 * TOP)
    for name in complaint.signatures:
        yield f"  signature  {name}"
    for fault in complaint.faults[:TOP]:
        yield f"  fault      {clean(fault)}"


def _top(title: str, values: Sequence[Counted]) -> Iterator[str]:
    if values:
        yield f"  {title}"
    for found in values[:TOP]:
        other = f"  ({plural(found.innocent, 'innocent message')})" if found.innocent else ""
        yield f"    {_defang(found.value):<40} {found.messages:>12,}{other}"
    yield from _rest(title, len(values))


def _rest(title: str, count: int, shown: int = TOP) -> Iterator[str]:
    if count > shown:
        yield f"    … {count} {title} in all (--json lists them)"


def _defang(text: str) -> str:
    from irtool.tell.clean import defang

    return clean(defang(text))
