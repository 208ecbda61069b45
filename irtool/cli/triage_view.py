"""What a person needs to see of a triage, in one screen of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from irtool.cli.out import clean
from irtool.cli.views import WIDTH, findings_lines, plural, wrapped
from irtool.records import AccountFinding, Complaint, Counted, CustomerFinding, Findings, Group, to_json
from irtool.triage.everyday import is_everyday

TOP, HOPS, CUSTOMERS, REASONS = 3, 3, 12, 3
"""How many values of a list, hops, customers and reasons are shown before the rest is counted."""
_LISTED = frozenset({"text", "dmarc-aggregate"})
"""Formats that are no message: what they name is all there is to see."""
_SURE = 0.1

_COUNTED = "figures count complaints"
_LONG = 190  # characters of a fault: three lines
_FEW = 2  # complaints that can all be shown
_HYPHEN = "\N{NON-BREAKING HYPHEN}"  # a name is not broken in two


def lines(complaints: Sequence[Complaint], findings: Findings) -> Iterator[str]:
    """The complaints, which of them belong together, then the campaign."""
    few = len(complaints) <= _FEW
    for complaint in complaints if few else ():
        yield from _complaint(complaint)
        yield ""
    if not few:
        faulty = sum(bool(complaint.faults) for complaint in complaints)
        more = f", {faulty} of them with faults" if faulty else ""
        yield f"{len(complaints)} complaints{more} (--json lists them)"
    by_complaint = any(_COUNTED in sentence for sentence in findings.unanswered)
    if len(complaints) > 1 or any(group.reasons for group in findings.campaigns):
        yield from _groups(findings.campaigns, counted=not by_complaint)
    if not few:
        first = findings.campaigns[0].complaints if findings.campaigns else ()
        yield "for example"
        yield from _complaint(next((one for one in complaints if one.source in first), complaints[0]))
        yield ""
    yield "campaign"
    data = to_json(findings)
    for line in findings_lines(data if isinstance(data, dict) else {}, "complaint" if by_complaint else "message"):
        yield from wrapped(line, "  ", "  ")
    yield from _top("destination domains (of the recipients)", findings.destination_domains)
    yield from _top("source IPs", findings.source_ips)
    yield from _top("attackers' own addresses", findings.sender_addresses)
    yield from _top("forged addresses (never blocked)", findings.spoofed_addresses)
    yield from _accounts(findings.accounts)
    yield from _customers(findings.affected_customers)
    for relay in findings.relays[:TOP]:
        yield from _wrapped(
            f"relay {_defang(relay.by or '?')}  from {_defang(relay.helo or '?')} [{_defang(relay.ip or '?')}]",
            "  ",
            "    ",
        )
    yield from _rest("relays", len(findings.relays), TOP)


def _complaint(complaint: Complaint) -> Iterator[str]:
    yield _cut(f"{clean(complaint.source)}  {complaint.format}, sha256 {complaint.sha256[:16]}…")
    if complaint.reporter:
        sent = f", {complaint.received_at:%Y-%m-%d %H:%MZ}" if complaint.received_at else ""
        yield _cut(f"  reported   by {_defang(complaint.reporter)}{sent}")
    if complaint.subject:
        yield _cut(f"  subject    {clean(complaint.subject)}")
    envelope = "<> (null)" if complaint.envelope_null else _defang(complaint.envelope_from or "not known")
    if complaint.format not in _LISTED or complaint.envelope_null is not None:
        yield _cut(f"  envelope   {envelope}")
    for label, found in (("from", complaint.from_), ("sender", complaint.sender), ("reply-to", complaint.reply_to)):
        if found:
            doubt = "(ambiguous) " if label == "from" and complaint.ambiguous_from else ""
            yield _cut(f"  {label:<10} {doubt}{', '.join(_defang(a) for a in found[:TOP])}")
    for hop in complaint.hops[:HOPS]:
        when = f"{hop.time:%Y-%m-%d %H:%M:%SZ}" if hop.time else "no time"
        ip = f"[{_defang(hop.ip)}]" if hop.ip else "[?]"
        login = ", authenticated" if hop.auth else ""
        way = f"{_defang(hop.helo or '?')} {ip} -> {_defang(hop.by or '?')}"
        yield from _wrapped(f"hop {hop.n:<6} {way}  {when}{login}", "  ", " " * 13)
    yield from _rest("hops", len(complaint.hops), HOPS)
    yield from _named(complaint) if complaint.format in _LISTED else _carried(complaint)
    if complaint.signatures:
        yield from _wrapped(f"signatures {', '.join(complaint.signatures)}", "  ", " " * 13)
    for fault in complaint.faults[:TOP]:
        text = _defang(fault)
        yield from _wrapped(f"fault      {text if len(text) <= _LONG else text[:_LONG] + '…'}", "  ", " " * 13)


def _named(complaint: Complaint) -> Iterator[str]:
    """What a text or a report names, the surest first."""
    likely = sorted((one for one in complaint.indicators if one.confidence > _SURE), key=lambda one: -one.confidence)
    for one in likely[: 2 * TOP]:
        where = one.source.partition(": ")[2] if complaint.format == "dmarc-aggregate" else one.source
        yield _cut(f"  {clean(one.type):<10} {_defang(one.value)}  ({_defang(where)})")
    yield from _rest("indicators", len(complaint.indicators), 2 * TOP)


def _carried(complaint: Complaint) -> Iterator[str]:
    """Where its links lead, what everybody links to last; and what is attached."""
    hosts = dict.fromkeys(_host(one.value) for one in complaint.indicators if one.type == "url")
    files = dict.fromkeys(
        one.source.removeprefix("attachment ") for one in complaint.indicators if one.type == "sha256"
    )
    for label, found in (("links to", sorted(hosts, key=is_everyday)), ("attached", list(files))):
        if found:
            more = f" and {len(found) - TOP} more" if len(found) > TOP else ""
            yield _cut(f"  {label:<10} {', '.join(_defang(one) for one in found[:TOP])}{more}")


def _host(url: str) -> str:
    authority = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
    return authority if authority.startswith("[") else authority.partition(":")[0]


def _groups(campaigns: Sequence[Group], *, counted: bool) -> Iterator[str]:
    """Which complaints the figures are about, why these, and which are about something else. `counted` is whether a log
    counted the messages of each."""
    alone = [group for group in campaigns if len(group.complaints) == 1]
    several = len(alone) > 1 and len(campaigns) > _FEW
    shown = [group for group in campaigns if len(group.complaints) > 1] if several else campaigns
    if several and not shown:
        yield "no two of them are of one campaign"
    for number, group in enumerate(shown[: TOP + 1]):
        count = plural(len(group.complaints), "complaint")
        names = ", ".join(clean(name) for name in group.complaints[:TOP])
        size = f", {plural(group.messages, 'message')}" if counted else ""
        head = f"one campaign: {count}" if number == 0 else f"separate: {count}{size}"
        if len(campaigns) == 1 == len(group.complaints):
            yield "what comes again in it"
        else:
            yield from _wrapped(f"{head} ({names}{', …' if len(group.complaints) > TOP else ''})", "", "  ")
        for reason in sorted(group.reasons, key=_about_days, reverse=True)[:REASONS]:
            yield from _wrapped(_defang(reason), "  ", "    ")
    yield from _rest("campaigns", len(shown), TOP + 1)
    if several and shown:
        yield f"separate: {len(alone):,} complaints, each by itself"
    if len(campaigns) > 1:
        yield "  the figures below are of the first; triage the others by themselves"
    yield ""


def _wrapped(text: str, first: str, then: str) -> Iterator[str]:
    """Folded to the width, and no name broken at a hyphen."""
    return (line.replace(_HYPHEN, "-") for line in wrapped(text.replace("-", _HYPHEN), first, then))


def _about_days(reason: str) -> bool:
    """Whether it is a correlation, which nobody sees at a glance."""
    return " times, " in reason


def _top(title: str, values: Sequence[Counted]) -> Iterator[str]:
    if values:
        more = f" ({len(values)} in all, --json lists them)" if len(values) > TOP else ""
        yield f"  {title}{more}"
    for found in values[:TOP]:
        other = f"  (+{found.innocent:,} innocent)" if found.innocent else ""
        yield _value(_defang(found.value), 44, f"{found.messages:>12,}{other}")


def _accounts(accounts: Sequence[AccountFinding]) -> Iterator[str]:
    """Each with the reasons: what connects it, its plan and age."""
    if accounts:
        more = f" ({len(accounts)} in all, --json lists them)" if len(accounts) > TOP else ""
        yield f"  accounts{more}"
    for account in accounts[:TOP]:
        other = f" of its {account.messages + account.innocent:,}" if account.innocent else ""
        figures = f"{account.messages:>12,}{other} messages, confidence {account.confidence:.2f}"
        yield _value(f"{clean(account.id)} {clean(account.plan or '')}".strip(), 20, figures)
        why = account.evidence.partition("; ")[2] or account.evidence
        plan = f"plan {account.plan}; "  # stands in the line above
        yield _cut(f"      {_defang(why.replace(plan, '', 1))}")


def _customers(customers: Sequence[CustomerFinding]) -> Iterator[str]:
    if customers:
        more = f" ({len(customers)} in all, --json lists them)" if len(customers) > CUSTOMERS else ""
        yield f"  impersonated customers{more}"
    for customer in customers[:CUSTOMERS]:
        name = f"{clean(customer.id)} {clean(customer.name)}".strip()
        yield _value(f"{name}, {_defang(customer.domain)}", 60, f"{customer.messages:>8,}")


def _value(text: str, room: int, figures: str) -> str:
    """A value and its figures in one line; a long value is cut, never the figures."""
    room = min(room, WIDTH - 4 - len(figures))
    text = text if len(text) <= room else text[: room - 1] + "…"
    return f"    {text:<{room}}{figures}"


def _rest(title: str, count: int, shown: int) -> Iterator[str]:
    if count > shown:
        yield f"  … {count} {title} in all (--json lists them)"


def _cut(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _defang(text: str) -> str:
    from irtool.tell.clean import defang

    return clean(defang(text))
