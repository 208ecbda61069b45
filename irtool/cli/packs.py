"""The evidence for each impersonated customer as files: JSON for machines, Markdown to read and to attach."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from irtool.errors import InputError
from irtool.records import Counted, CustomerFinding, Findings, Sample, to_json, utc
from irtool.tell.clean import defang, filename, markdown


def write(folder: Path, findings: Findings) -> list[Path]:
    """One .json and one .md for each customer, written to the folder. Raises InputError if that cannot be done."""
    written: list[Path] = []
    taken: set[str] = set()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for customer in findings.affected_customers:
            name = _free(filename(f"{customer.id}-{customer.domain.partition(',')[0]}"), taken)
            data = json.dumps(_data(customer, findings), ensure_ascii=False, indent=2) + "\n"
            for ending, text in ((".json", data), (".md", "\n".join(_page(customer, findings)) + "\n")):
                path = folder / f"{name}{ending}"
                path.write_text(text, encoding="utf-8")
                written.append(path)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}", hint="name a folder that you may write to") from error
    return written


def write_originals(folder: Path, files: Sequence[tuple[str, bytes]]) -> list[Path]:
    """Complaints byte for byte, for their owner alone, and a SHA256SUMS beside them. Raises InputError.

    Each is named after the beginning of its SHA-256 too, so no other file is ever replaced.
    """
    written: list[Path] = []
    sums: dict[str, str] = {}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for source, content in files:
            digest = hashlib.sha256(content).hexdigest()
            name = filename("stdin" if source == "-" else Path(source).name)
            path = folder / f"{digest[:16]}-{name}"
            if path.name not in sums:
                _write_private(path, content)
                written.append(path)
            sums[path.name] = digest
        listed = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
        _write_private(folder / "SHA256SUMS", listed.encode())
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}", hint="name a folder that you may write to") from error
    return written


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered if another customer's is spelled alike after cleaning; file systems may ignore case."""
    found, number = name, 2
    while found.lower() in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found.lower())
    return found


def _data(customer: CustomerFinding, findings: Findings) -> dict[str, object]:
    counted = "messages in the gateway log" if findings.from_log else "complaints"
    return {"customer": to_json(customer), "counted": counted, "rejected_rows": findings.rejected_rows}


def _page(customer: CustomerFinding, findings: Findings) -> Iterator[str]:
    yield f"# Messages in the name of {_text(customer.name or customer.id)}"
    yield ""
    yield f"- account: {_text(customer.id)}"
    yield f"- impersonated domain: {_text(customer.domain)}"
    unit = "messages" if findings.from_log else "complaints (there was no log to count messages in)"
    yield f"- {unit}: {customer.messages}"
    if customer.first_seen and customer.last_seen:
        yield f"- first and last (UTC): {utc(customer.first_seen)} to {utc(customer.last_seen)}"
    if findings.rejected_rows:
        yield f"- log rows that could not be read: {findings.rejected_rows}"
    yield from _table("Forged addresses", customer.addresses)
    yield from _table("Domains of the recipients (the largest)", customer.destinations)
    yield from _table("Accounts that sent them", customer.sent_by)
    for number, sample in enumerate(customer.samples, 1):
        yield from _sample(number, sample)
    yield ""
    yield "Recipients are redacted; domains and addresses are written so that nothing can be clicked."


def _table(title: str, values: Sequence[Counted]) -> Iterator[str]:
    if values:
        yield from ("", f"## {title}", "", "| value | messages | first (UTC) | last (UTC) |", "|---|---:|---|---|")
    for one in values:
        first, last = (utc(moment) if moment else "" for moment in (one.first_seen, one.last_seen))
        yield f"| {_text(one.value)} | {one.messages} | {first} | {last} |"


def _sample(number: int, sample: Sample) -> Iterator[str]:
    where = "gateway log" if sample.source == "log" else f"complaint {sample.source}"
    yield from ("", f"## Sample {number}, from the {_text(where)}", "")
    if sample.time:
        yield f"- time (UTC): {utc(sample.time)}"
    for name, value in (("account", sample.account), ("source IP", sample.source_ip), *sample.headers):
        if value is not None:
            yield f"- {_text(name)}: {_text(value)}"


def _text(value: str) -> str:
    return markdown(defang(value))
