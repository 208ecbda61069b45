"""XARF reports, versions 3 and 4 (xarf.org): JSON about one abuse incident, with the evidence inside.
Mails of X-ARF 0.1 and 0.2, their ancestor, are read as the same.

Read leniently, field by field: whatever the schema says, a report that names a source or carries a message is worth
reading, and what it lacks is a fault, not a reason to drop it. Names are compared without case, `_` and `-`, because
version 3 was written in at least three styles.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from irtool.intake import addresses, dates, domains, indicators, ips
from irtool.records import Complaint, Indicator

MAX_REPORTS = 1_000
MAX_EVIDENCE = 50
_MAX_NODES = 500_000
_MAX_VALUES = 200
_SURE, _LIKELY = 0.9, 0.8
_LOOKS = re.compile(rb'"(?:xarf_?version|reporter_?info|source_identifier)"\s{0,20}:', re.IGNORECASE)
_KNOWN = frozenset({"xarfversion", "reporterinfo", "sourceidentifier"})
_MAX_WRAPPED = 3
_SPARE_COMMA = re.compile(r",(?=\s{0,200}[}\]])")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}")
_EPOCH = re.compile(r"\d{9,13}(?:\.\d{1,9})?")
_WITH_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?")

_Object = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece: its content type in lower case and the decoded bytes."""

    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says, as far as it says it. `when` is when the abuse happened."""

    reporter: str | None
    when: datetime | None
    envelope_from: str | None
    recipients: tuple[str, ...]
    subject: str | None
    message_id: str | None
    description: str
    indicators: tuple[Indicator, ...]
    evidence: tuple[Evidence, ...]
    faults: tuple[str, ...]


def is_report(content: bytes) -> bool:
    """True for JSON with the names every XARF report has."""
    return content[:200].lstrip()[:1] in (b"{", b"[") and bool(_LOOKS.search(content))


def is_plain_report(fields: Sequence[tuple[str, str]], text: str) -> bool:
    """True for the report part of an X-ARF mail (versions 0.1 and 0.2, which many honeypots still send)."""
    announced = any(name.lower() in {"x-xarf", "x-arf"} for name, _ in fields)
    return announced and {"reporttype", "source"} <= _plain_fields(text).keys()


def from_plain(text: str) -> bytes:
    """The report part of an X-ARF mail as the JSON that came after it: the same fields under their later names."""
    fields = _plain_fields(text)
    moment = dates.read(fields.get("date", ""))[0]
    inner = {**fields, "date": moment.isoformat() if moment else fields.get("date", "")}
    reporter = {"reporterorgemail": fields.get("reportedfrom", "")}
    return json.dumps({"Version": fields.get("version", ""), "ReporterInfo": reporter, "Report": inner}).encode()


def _plain_fields(text: str) -> dict[str, str]:
    """Lines `Name: value`; of YAML these reports use no more."""
    lines = (line.partition(":") for line in text.splitlines()[:_MAX_VALUES])
    found = {name.strip().replace("-", "").lower(): value.strip().strip("'\"") for name, colon, value in lines if colon}
    return {name: value[:2_000] for name, value in found.items() if name.isalpha() and value}


def read(content: bytes) -> tuple[list[Report], list[str]]:
    """The reports in a JSON object, a list of them, or one object per line; and what is wrong with the file."""
    if sum(content.count(sign) for sign in (b"{", b"[", b",")) > _MAX_NODES:
        return [], ["its JSON has too many parts to be a report"]
    text = content.decode("utf-8", "replace").lstrip("\ufeff")
    found: list[Report] = []
    faults: list[str] = []
    decoder, at = json.JSONDecoder(strict=False), 0  # evidence with bare line ends in it is evidence
    while (at := _next(text, at)) < len(text) and len(found) < MAX_REPORTS:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            mended = _SPARE_COMMA.sub("", text) if not faults else text
            faults.append(f"its JSON is broken: {str(error)[:100]}")
            if mended == text or found:
                break
            text, at = mended, 0
            continue
        many = value if isinstance(value, list) else [value]
        found += [_report(_unwrapped(_plain(one))) for one in many[:MAX_REPORTS] if isinstance(one, dict)]
    return found, faults


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def apply(base: Complaint, report: Report) -> Complaint:
    """The complaint, which may already hold what the attached message says, with what the report says about it."""
    envelope = report.envelope_from if report.envelope_from is not None else base.envelope_from
    return dataclasses.replace(
        base,
        format="xarf",
        reporter=report.reporter or base.reporter,
        received_at=report.when or base.received_at,
        envelope_from=envelope,
        envelope_null=None if envelope is None else envelope == "",
        recipients=report.recipients or base.recipients,
        subject=base.subject or report.subject,
        message_id=base.message_id or report.message_id,
        indicators=indicators.merge(report.indicators, base.indicators),
        faults=(*base.faults, *(f"XARF: {fault}" for fault in report.faults)),
    )


def _plain(value: _Object) -> dict[str, object]:
    return {re.sub(r"[_\- ]", "", str(key)[:100]).lower(): item for key, item in value.items()}


def _unwrapped(outer: dict[str, object]) -> dict[str, object]:
    """The report itself, of what some programs put into one more object."""
    for _ in range(_MAX_WRAPPED):
        inside = [item for item in outer.values() if isinstance(item, dict)]
        if _KNOWN & outer.keys() or not inside:
            return outer
        fits = next((one for item in inside if _KNOWN & (one := _plain(item)).keys()), None)
        outer = fits or _plain(inside[0])
        if fits:
            return outer
    return outer


def _part(value: _Object, *names: str) -> dict[str, object]:
    for name in names:
        if isinstance(found := value.get(name), dict):
            return _plain(found)
    return {}


def _text(value: _Object, *names: str) -> str | None:
    """The first of these fields that is a text or a number."""
    for name in names:
        found = value.get(name)
        if isinstance(found, str | int | float) and not isinstance(found, bool) and str(found).strip():
            return str(found).strip()[:2_000]
    return None


def _report(outer: _Object) -> Report:
    inner = _part(outer, "report") or dict(outer)
    reporter, source = _part(outer, "reporter", "reporterinfo"), _part(inner, "source")
    more = _part(inner, "additionalinfo")
    every = {**more, **{f"source{key}": item for key, item in source.items()}, **inner}
    faults: list[str] = []
    when, wrong = _moment(_text(every, "timestamp", "date"))
    if wrong:
        faults.append(wrong)
    named = list(_indicators(every, reporter))
    evidence = tuple(_evidence(inner, faults))
    if not named:
        faults.append("it names no source that can be read")
    if not reporter:
        faults.append("it does not say who reports")
    if _text(outer, "xarfversion", "version") is None:
        faults.append("it has no version")
    contact = _text(reporter, "contact", "reportercontactemail", "reporterorgemail", "email")
    sender = _text(every, "smtpfrom", "smtpmailfromaddress", "smtpmailfrom", "mailfrom")
    return Report(
        reporter=addresses.find(contact).best if contact else None,
        when=when,
        envelope_from=addresses.envelope(sender) if sender else None,
        recipients=addresses.find_all(
            value for name in ("smtpto", "smtprcpttoaddress", "smtprcptto", "rcptto") if (value := _text(every, name))
        ),
        subject=_text(every, "subject", "smtpmessagesubject"),
        message_id=(_text(every, "messageid", "smtpmessageid") or "").strip("<> ") or None,
        description=_text(every, "description", "attackdescription") or "",
        indicators=indicators.merge(named),
        evidence=evidence,
        faults=tuple(faults),
    )


def _moment(text: str | None) -> tuple[datetime | None, str]:
    if text is None:
        return None, "it has no time"
    try:
        if _EPOCH.fullmatch(text):  # seconds since 1970, or thousandths of them
            return datetime.fromtimestamp(float(text) / (1000 if len(text.partition(".")[0]) > 11 else 1), UTC), ""
        moment = datetime.fromisoformat(text[:60])
    except (ValueError, OverflowError, OSError):
        written = dates.read(text[:60])[0]
        return written, "" if written else f"its time {text[:60]!r} cannot be read"
    if moment.tzinfo is None:
        return None, f"its time {text[:60]!r} has no zone"
    return moment.astimezone(UTC), ""


def _indicators(every: _Object, reporter: _Object) -> Iterator[Indicator]:
    reporters = {domains.domain_of(value) for value in map(str, reporter.values())}
    for name, sure in (
        *((name, _SURE) for name in ("sourceidentifier", "sourceip", "sourcevalue", "source", "ip", "sourcehostname")),
        *((name, _SURE) for name in ("url", "uri", "urls", "sourceurl", "sourceuri", "fraudulenturl")),
        *((name, _LIKELY) for name in ("domain", "domainname", "hostname", "fqdn", "domains", "sourcedomain")),
        *((name, _LIKELY) for name in ("submissionurl", "redirectchain", "smtpfrom", "smtpmailfromaddress")),
    ):
        value = every.get(name)
        for one in (value if isinstance(value, list) else [value])[:_MAX_VALUES]:
            if isinstance(one, str) and domains.domain_of(one) not in reporters - {None}:
                yield from _value(one[:2_048].strip(), f"XARF {name}", sure)


def _value(text: str, source: str, sure: float) -> Iterator[Indicator]:
    if ported := _WITH_PORT.fullmatch(text):
        text = ported[1] or ported[2]
    if "://" in text:
        yield from indicators.url_indicators(text, source, sure)
    elif ip := indicators.ip_indicator(text, source, sure):
        yield ip
    elif net := ips.network(text):
        yield Indicator("network", net, source, sure)
    elif "@" in text:
        if (address := addresses.find(text).best) and domains.domain_of(address):
            yield Indicator("address", address, source, sure)
    elif "/" in text:
        yield from (dataclasses.replace(one, confidence=sure) for one in indicators.scan(text, source))
    elif (name := domains.normalise_domain(text)) and domains.registrable(name):
        yield Indicator("domain", name, source, sure)


def _evidence(inner: _Object, faults: list[str]) -> Iterator[Evidence]:
    every: list[object] = []
    for name in ("evidence", "samples", "attachment", "attachments"):
        found = inner.get(name)
        every += found if isinstance(found, list) else [found] if found else []
    if len(every) > MAX_EVIDENCE:
        faults.append(f"{len(every)} pieces of evidence; only the first {MAX_EVIDENCE} were read")
    for n, one in enumerate(every[:MAX_EVIDENCE], start=1):
        if isinstance(one, str) and _MEDIA_TYPE.fullmatch(one):  # X-ARF 0.1 names the type of the part that follows
            continue
        fields = _plain(one) if isinstance(one, dict) else {"payload": one}
        payload = next(
            (fields[key] for key in ("payload", "data", "content") if isinstance(fields.get(key), str)), None
        )
        if not isinstance(payload, str):
            faults.append(f"evidence {n} has no content")
            continue
        content = payload.encode("utf-8", "replace") if fields.get("base64encoded") is False else _decoded(payload)
        if content is None:
            faults.append(f"evidence {n} is not base64; it was read as text")
            content = payload.encode("utf-8", "replace")
        yield Evidence(str(fields.get("contenttype") or "").lower().partition(";")[0].strip()[:100], content)


def _decoded(payload: str) -> bytes | None:
    raw = re.sub(r"\s+", "", payload)
    try:
        return base64.b64decode(
            raw + "=" * (-len(raw) % 4), altchars=b"-_" if {"-", "_"} & set(raw) else None, validate=True
        )
    except (binascii.Error, ValueError):
        return None
