"""Notices to twelve customers as a real SMTP server gets them: byte for byte, signed, in every language, once."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from irtool.adapters.journal import SqliteJournal
from irtool.adapters.signing import verifies
from irtool.config import load
from irtool.records import Event
from irtool.shipped import folder
from irtool.tell.ledger import Ledger
from irtool.tell.notices import Wanted, write
from irtool.tell.story import story
from irtool.wiring.letters import letterhead

from .customers import INCIDENT, Customer, House, house
from .sink import Received, Sink

LANGUAGES = sorted(p.parent.name for p in folder("templates").glob("notices/*/customer-notice.txt.j2"))
NAMES = ("Banca del Lago", "Però & Söhne", "Ωmega <Ltd>", 'O"Brien, Inc.')


def twelve() -> list[Customer]:
    """Twelve customers in turn through all languages; names that headers and pages have to escape."""
    return [
        Customer(f"K{n:02d}", f"{NAMES[n % 4]} {n:02d}x", f"kunde-{n:02d}.example", LANGUAGES[n % len(LANGUAGES)],
                 f"soc@kunde-{n:02d}.example", messages=n + 1)
        for n in range(12)
    ]  # fmt: skip


@pytest.fixture(params=["rsa", "ed25519"])
def key(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bytes]:
    """A key, and the TXT record that publishes it."""
    kind = ("genrsa", "2048") if request.param == "rsa" else ("genpkey", "-algorithm", "ed25519")
    path = tmp_path / "dkim.pem"
    path.write_bytes(subprocess.run(["openssl", *kind], capture_output=True, check=True).stdout)
    words = ["openssl", "pkey", "-in", str(path), "-pubout", "-outform", "DER"]
    der = subprocess.run(words, capture_output=True, check=True).stdout
    public = base64.b64encode(der if request.param == "rsa" else der[-32:]).decode()
    return path, f"v=DKIM1; k={request.param}; p={public}".encode()


@contextmanager
def events_of(irtool: House) -> Iterator[list[Event]]:
    """The incident's journal."""
    journal = SqliteJournal(irtool.folder / "irtool.db")
    try:
        yield list(journal.events(INCIDENT))
    finally:
        journal.close()


def words(received: Received) -> str:
    """Everything that a reader sees; a signature is random letters, in which any short name may stand."""
    parts = [str(part.get_content()) for part in received.message.iter_parts()]
    heads = [str(value) for name, value in received.message.items() if name != "DKIM-Signature"]
    return "\n".join([*heads, *parts])


def as_written(irtool: House, customer: Customer, received: Received, events: Sequence[Event]) -> bytes:
    """What the desk wrote for this customer, from the journal alone: its Date is that of an event."""
    settings = load(irtool.folder / "irtool.yaml")
    ledger = Ledger.of(events)
    before = [e for e in events if f"{e.step}/{e.item}" not in ledger.rows]
    facts = story([e for e in before if e.recorded_at <= ledger.rows[f"notify/{customer.id}"].sent_at])  # type: ignore[operator]
    found = next(e.data["findings"] for e in events if e.kind == "triage.done")
    (row,) = (c for c in found["affected_customers"] if c["id"] == customer.id)  # type: ignore[index,call-overload,union-attr]
    date = parsedate_to_datetime(str(received.message["Date"]))
    (moment, *_) = (e.recorded_at for e in events if timedelta(0) <= e.recorded_at - date < timedelta(seconds=1))
    wanted = Wanted(lang=customer.locale)
    return write(facts, row, letterhead(settings), wanted, moment).encode()  # type: ignore[arg-type]


def test_twelve_notices_byte_for_byte(tmp_path: Path, notice_sink: Sink, key: tuple[Path, bytes]) -> None:
    """What the server has is what the journal says was written, under a signature that a receiver finds good; each in
    the customer's language, with nothing of anybody else's."""
    path, record = key
    customers = twelve()
    dkim = {"selector": "irtool", "domain": "gateway.example", "key": f"file:{path}"}
    genuine = {"phone": "+39 02 1234567", "text": {"en": "Ask for the desk.", "it": "Chiedete del servizio."}}
    notices = {"smtp": notice_sink.url, "dkim": dkim, "genuine": genuine, "bounces_to": "bounces+{id}@gateway.example"}
    irtool = house(tmp_path / "house", customers, notices)
    irtool.told()
    assert sorted(r for m in notice_sink.messages for r in m.recipients) == sorted(c.contact for c in customers)
    with events_of(irtool) as events:
        for customer in customers:
            (received,) = notice_sink.to(customer.contact)
            assert verifies(received.content, lambda name, timeout=5: record)
            assert not verifies(received.content.replace(b"kunde", b"konto"), lambda name, timeout=5: record)
            unsigned = re.sub(rb"\ADKIM-Signature:.*?\r\n(?=\S)", b"", received.content, flags=re.DOTALL)
            assert unsigned == as_written(irtool, customer, received, events)
            token = str(received.message["Message-ID"]).strip("<>").partition("@")[0]
            assert received.mail_from == f"bounces+{token}@gateway.example"
            assert received.message.defects == []
            assert received.message["To"].addresses[0].display_name == customer.name
            shown = words(received)
            assert customer.domain in shown
            for other in customers:
                if other is not customer:
                    for theirs in (other.id, other.domain, other.name, other.contact, f"{NAMES[0]} {other.id[1:]}x"):
                        assert theirs not in shown
            for nobody in ("trial-0", "198.51.100.1", "quickpost", "alice", "bianca", "78"):
                assert nobody not in str(received.message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
    beginnings = {str(notice_sink.to(c.contact)[0].message["Subject"])[:12] for c in customers}
    assert len(beginnings) == len(LANGUAGES)


def test_refusals_wait_and_give_up_as_the_server_says(tmp_path: Path, notice_sink: Sink) -> None:
    """452 is asked again, with when; 550 is for somebody's telephone; the others are told all the same."""
    customers = twelve()[:4]
    irtool = house(tmp_path / "house", customers, {"smtp": notice_sink.url})
    irtool.planned()
    notice_sink.refuse = {customers[0].contact: "452 4.2.2 mailbox full", customers[1].contact: "550 5.1.1 nobody"}
    irtool("resume", INCIDENT, "--as", "alice", code=1)
    rows = irtool.rows()
    assert [rows[f"notify/{c.id}"]["state"] for c in customers] == ["deferred", "refused", "sent", "sent"]
    assert (rows["notify/K00"]["code"], rows["notify/K01"]["code"]) == ("452", "550")
    assert rows["notify/K00"]["retry_at"] > rows["notify/K00"]["at"]
    assert "ask again after" in irtool("notices", INCIDENT).out
    reasons = {r["customer"]: r["reason"] for r in irtool("notices", "unreachable", INCIDENT, "--json").json}
    assert reasons == {"K00": "refused for now", "K01": "refused for good"}
    notice_sink.refuse.clear()
    irtool("resume", INCIDENT, "--as", "alice")
    assert {r["state"] for r in irtool.rows().values()} == {"sent"}
    assert [irtool.rows()[f"notify/{c.id}"]["attempts"] for c in customers] == [2, 2, 1, 1]
    assert len(notice_sink.messages) == 4


def test_doctor_says_what_is_wrong_with_the_way(tmp_path: Path, notice_sink: Sink) -> None:
    """The same host as the gateway is a fault; a key that is none too."""
    irtool = house(tmp_path / "house", twelve()[:1], {"smtp": notice_sink.url, "gateway": ["127.0.0.1"]})
    said = irtool("doctor", code=2)
    assert "of the gateway itself" in " ".join(said.out.split()) + " ".join(said.err.split())


def test_two_steps_with_the_same_notice_tell_once(tmp_path: Path, notice_sink: Sink) -> None:
    """Whatever a playbook says twice, or a later plan calls otherwise: one notice of a version to one customer."""
    customers = twelve()[:3]
    irtool = house(tmp_path / "house", customers, {"smtp": notice_sink.url})
    text = (irtool.folder / "tell.yaml").read_text()
    again = text.partition("  - id: notify")[2]
    (irtool.folder / "tell.yaml").write_text(f"{text}  - id: notify-again{again}")
    irtool.planned()
    irtool("approve", INCIDENT, "notify-again", "--as", "bianca")
    irtool("resume", INCIDENT, "--as", "alice")
    assert sorted(r for m in notice_sink.messages for r in m.recipients) == [c.contact for c in customers]
    rows = irtool.rows()
    assert {rows[f"notify/{c.id}"]["state"] for c in customers} == {"sent"}
    assert {rows[f"notify-again/{c.id}"]["state"] for c in customers} == {"told before"}
