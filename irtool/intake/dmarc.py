"""DMARC aggregate reports (RFC 7489 appendix C, RFC 9990): who sent in a domain's name, by IP address and count.

A report is no message: it gives indicators. The addresses that passed are the domain's own senders and are given a
confidence near zero; the domain in header_from is the one that was impersonated.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from irtool.errors import InputError
from irtool.intake import addresses, domains, indicators, ips, xmlsafe
from irtool.records import Complaint, Indicator

MAX_ROWS = 20_000
_ROOT = re.compile(rb"<(?:[\w.-]{1,50}:)?feedback[\s/>]", re.IGNORECASE)
_DECLARES = re.compile(rb"\s*<(?:\?xml|!DOCTYPE)\b.{0,4000}?<!(?:ENTITY|DOCTYPE)", re.DOTALL | re.IGNORECASE)
_HINT = "Ask the reporter for the report as it was sent, or give the text of the complaint."
_FAILED, _PASSED, _IMPERSONATED = 0.6, 0.1, 0.2


@dataclass(slots=True)
class _Sender:
    """One source IP over all rows."""

    messages: int = 0
    failed: int = 0
    names: dict[str, None] = field(default_factory=dict)
    dispositions: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Report:
    facts: dict[str, str] = field(default_factory=dict)
    row: dict[str, str] = field(default_factory=dict)
    senders: dict[str, _Sender] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    rows: int = 0
    broken: int = 0

    def end(self, path: Sequence[str], text: str) -> None:
        """One element has ended."""
        name = path[-1]
        if "record" not in path:
            if text:
                self.facts.setdefault(name, text)
        elif name == "record":
            self._add(self.row)
            self.row = {}
        elif "auth_results" not in path and text:
            self.row.setdefault(name, text)

    def _add(self, row: dict[str, str]) -> None:
        self.rows += 1
        if self.rows > MAX_ROWS:
            self.faults.append(f"only the first {MAX_ROWS} rows were read")
            raise xmlsafe.Enough
        ip = ips.normalise(row.get("source_ip", ""))
        count = row.get("count", "")
        if ip is None or not (count.isascii() and count.isdigit()):
            self.broken += 1
            return
        sender = self.senders.setdefault(ip, _Sender())
        number = int(count[:12])
        passed = "pass" in {row.get("dkim", "").lower(), row.get("spf", "").lower()}
        sender.messages += number
        sender.failed += 0 if passed else number
        if len(sender.names) < 5 and (name := domains.normalise_domain(row.get("header_from", ""))):
            sender.names[name] = None
        if row.get("disposition"):
            sender.dispositions[row["disposition"][:20]] = None


def is_report(content: bytes) -> bool:
    """True if it begins like an aggregate report, or is XML that declares entities: no other XML is read at all."""
    head = content[:65_536].lstrip()
    return head.startswith(b"<") and bool(_ROOT.search(head) or _DECLARES.match(head))


def apply(base: Complaint, content: bytes) -> Complaint:
    """The complaint with what the report tells. What comes before a fault in the XML is kept; the fault is said.

    Raises InputError if the XML is refused or broken before its first row.
    """
    report = _Report()
    try:
        xmlsafe.read(xmlsafe.mended(content), report.end)
    except xmlsafe.Unsafe as error:
        if not report.senders:
            raise InputError(f"{base.source} was refused as XML: {error}", hint=_HINT) from error
        report.faults.append(str(error))
    if report.broken:
        report.faults.append(f"{report.broken} rows without a source IP or a count were left out")
    if not report.senders:
        report.faults.append("it has no row that can be read")
    facts = report.facts
    begin, end = (_moment(facts.get(name, "")) for name in ("begin", "end"))
    reporter = addresses.find(facts["email"]).best if "email" in facts else None
    return dataclasses.replace(
        base,
        format="dmarc-aggregate",
        subject=base.subject or f"DMARC report for {facts.get('domain', 'an unnamed domain')[:100]}",
        message_id=base.message_id,
        date=begin,
        received_at=base.received_at or end,
        reporter=reporter or base.reporter,
        indicators=indicators.merge(_indicators(report), base.indicators),
        faults=(*base.faults, *(f"DMARC report: {fault}" for fault in report.faults)),
    )


def _indicators(report: _Report) -> list[Indicator]:
    who = report.facts.get("org_name", "an unnamed reporter")[:60]
    found: list[Indicator] = []
    names: dict[str, int] = {}
    ordered = sorted(report.senders.items(), key=lambda item: (-item[1].failed, -item[1].messages))
    for ip, sender in ordered:
        named = ", ".join(sender.names) or "no domain"
        done = "/".join(sender.dispositions) or "no disposition"
        source = f"DMARC report of {who}: {sender.messages} messages, {sender.failed} failed, as {named}, {done}"
        one = indicators.ip_indicator(ip, source, _FAILED if sender.failed else _PASSED)
        found += [one] if one else []
        for name in sender.names:
            names[name] = names.get(name, 0) + sender.failed
    domains_first = [
        Indicator("domain", name, f"DMARC report of {who}: header_from of {failed} failed messages", _IMPERSONATED)
        for name, failed in names.items()
    ][:100]
    return [*domains_first, *found]


def _moment(text: str) -> datetime | None:
    """Seconds since 1970; some reporters write ISO 8601."""
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text[:12]), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
