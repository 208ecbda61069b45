"""The main job on real servers: mail that was accepted is refused after `irtool run`, and accepted after `irtool undo`.

rspamd blocks (maps over its controller), Postfix's queue is held and purged, a SCIM directory disables the account, and
customers are told over SMTP. The complaint is the abusive message itself, as the relay handed it on.
"""

from __future__ import annotations

import csv
import json
import os
import pwd
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Said, Terminal

from .mail import Mail
from .postfix import Postfix
from .rspamd import Rspamd
from .scim import Scim
from .sink import Received, Sink

INCIDENT = f"INC-{datetime.now(UTC):%Y}-0001"
ME = pwd.getpwuid(os.getuid()).pw_name
TARGET, ELSEWHERE = "target.example.org", "elsewhere.example.org"
OWN, IP, OLD_IP = "office@trial1.example", "198.51.100.7", "198.51.100.9"
FORGED = {"C1": "direzione@acme.example", "C2": "ceo@blue.example"}
MAPS = ("rcpt_domains.map", "client_ips.map", "from_env.map", "from_hdr.map", "sender_hdr.map")
BEFORE = {
    "rcpt_domains.map": "# kept by hand\nold.example.net  # since 2019\n",
    "client_ips.map": f"192.0.2.200\n{OLD_IP}\n",
    "from_env.map": "# irtool-managed\nsomebody@old.example.net\n",
    "from_hdr.map": "# irtool-managed\n",
    "sender_hdr.map": "# irtool-managed\n",
}


@dataclass(frozen=True)
class Desk:
    """The servers, and a shell in a folder whose irtool.yaml knows them."""

    irtool: Terminal
    mail: Mail
    rspamd: Rspamd
    postfix: Postfix
    scim: Scim
    sink: Sink
    notices: Sink

    def abusive(self, **changes: Any) -> int:
        """Postfix's answer to a message of the campaign, as trial1 sends it."""
        given = {"header_from": FORGED["C1"], "sender": OWN, "xclient_addr": IP, **changes}
        return self.mail.submit("trial1", given.pop("mail_from", ""), given.pop("to", [f"victim@{TARGET}"]), **given)[0]

    def innocent(self, to: str = f"friend@{ELSEWHERE}", **changes: Any) -> int:
        """The answer to a message of alice's, to the same server at the same time."""
        given = {"xclient_addr": "192.0.2.44", **changes}
        return self.mail.submit("alice", given.pop("mail_from", "alice@gateway.example.com"), [to], **given)[0]

    def maps(self) -> dict[str, str]:
        """The map files as they are."""
        return {name: (self.rspamd.maps / name).read_text() for name in MAPS}

    def queued(self) -> dict[str, str]:
        """Where the messages of the queue are, by their recipient."""
        return {m["recipients"][0]["address"]: m["queue_name"] for m in self.postfix.queue()}

    def defer(self, *recipients: str) -> None:
        """Mail that stays in the queue, each message to one recipient."""
        for to in recipients:
            self.sink.refuse[to] = "450 4.2.0 come back later"
            assert self.mail.submit("trial1", "", [to], header_from=FORGED["C1"], sender=OWN)[0] == 250
        self.postfix.wait_for_queue("deferred", len(recipients))

    def run(self, code: int = 3) -> Said:
        """Alice runs the shipped playbook; it stops where a second person is needed."""
        return self.irtool("run", "email-abuse", "complaint.eml", "--as", "alice", "--yes", code=code)

    def second_person(self, *steps: str) -> Said:
        """Bianca approves, alice goes on to the end."""
        for step in steps:
            self.irtool("approve", INCIDENT, step, "--as", "bianca", code=0)
        return self.irtool("resume", "--as", "alice", code=0)

    def undo(self) -> Said:
        """Alice undoes everything."""
        return self.irtool("undo", "--as", "alice", "--yes", code=0)

    def changes(self) -> dict[str, Mapping[str, Any]]:
        """Every change of the incident as `irtool status` knows it."""
        return {c["id"]: c for c in self.irtool("status", INCIDENT, "--json", code=0).json["changes"]}


@pytest.fixture
def desk(
    tmp_path: Path, mail: Mail, rspamd: Rspamd, postfix: Postfix, scim: Scim, sink: Sink, notice_sink: Sink
) -> Desk:
    """Servers with entries that were there before, one abusive message that was delivered, and a complaint about it."""
    for name, text in BEFORE.items():
        assert rspamd.save(name, text).is_success
    rspamd.wait_for("reject", ip=OLD_IP)
    settings = configuration(rspamd, postfix, scim, notice_sink)
    (tmp_path / "irtool.yaml").write_text(json.dumps(settings, indent=1))
    write_csv(tmp_path / "accounts.csv", ACCOUNTS)
    write_csv(tmp_path / "domains.csv", DOMAINS)
    secrets = {"RSPAMD_PASSWORD": rspamd.password, "SCIM_TOKEN": scim.token}
    made = Desk(Terminal(tmp_path, secrets), mail, rspamd, postfix, scim, sink, notice_sink)
    assert made.abusive() == 250
    (delivered,) = sink.wait_for(f"victim@{TARGET}")
    (tmp_path / "complaint.eml").write_bytes(complaint(delivered.content))
    write_log(tmp_path / "gateway.jsonl", delivered.message["Message-ID"])
    return made


def configuration(rspamd: Rspamd, postfix: Postfix, scim: Scim, notices: Sink) -> dict[str, Any]:
    """irtool.yaml as an operator writes it."""
    columns = {"time": "ts", "id": "mid", "account": "user", "source_ip": "client", "envelope_from": "from",
               "header_from": "hfrom", "header_sender": "hsender", "recipient": "to"}  # fmt: skip
    return {
        "org": {"name": "Example Mail", "domains": ["gateway.example.com"], "contact": "security@gateway.example.com"},
        "logs": {"gateway": {"format": "jsonl", "path": "./gateway.jsonl", "columns": columns}},
        "directory": {"accounts": {"path": "./accounts.csv"}, "domains": {"path": "./domains.csv"}},
        "connectors": {
            "rspamd": {
                "url": rspamd.controller_url, "scan_url": rspamd.scan_url, "password": "env:RSPAMD_PASSWORD",
                "maps": {"header_sender": "sender_hdr.map"},
            },
            "queue": {"kind": "postfix-queue", "config_dir": str(postfix.config_dir)},
            "staff": {"kind": "scim", "url": scim.url, "token": "env:SCIM_TOKEN"},
        },
        "shared_accounts": "allow",
        "people": {name: {"os_user": ME, "groups": ["mail-sec-leads"]} for name in ("alice", "bianca")},
        "notices": {"smtp": notices.url, "from": "Example Mail Security <security@gateway.example.com>"},
        "trusted_relays": ["gateway.example.com"],
    }  # fmt: skip


NEW = (datetime.now(UTC) - timedelta(days=2)).isoformat()
ACCOUNTS = [
    {"account": "trial1", "name": "trial1", "plan": "trial", "created": NEW, "contact": "", "locale": ""},
    {"account": "alice", "name": "Alice", "plan": "business", "created": "", "contact": "", "locale": ""},
    {"account": "C1", "name": "Acme S.p.A.", "plan": "business", "created": "", "contact": "sicurezza@acme.example",
     "locale": "it"},
    {"account": "C2", "name": "Blue Ltd", "plan": "business", "created": "", "contact": "soc@blue.example",
     "locale": "en"},
]  # fmt: skip
DOMAINS = [
    {"domain": "trial1.example", "account": "trial1"},
    {"domain": "acme.example", "account": "C1"},
    {"domain": "blue.example", "account": "C2"},
]


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_log(path: Path, message_id: str) -> None:
    """Nine messages of trial1's (three of them to the domain that never answers), and mail of others."""
    begin = datetime.now(UTC) - timedelta(hours=3)
    rows = []
    for n in range(9):
        who = ("C1", "C2", "C1")[n % 3]
        to = "stuck.example.net" if n % 3 == 2 else TARGET
        rows.append((message_id if n == 0 else f"<c{n}@trial1.example>", "trial1", OLD_IP if n > 6 else IP,
                     "", FORGED[who], OWN, f"victim{n}@{to}"))  # fmt: skip
    for n in range(20):
        address = "alice@gateway.example.com"
        rows.append(
            (f"<a{n}@gateway.example.com>", "alice", "192.0.2.44", address, address, None, f"f{n}@else.example")
        )
    names = ("mid", "user", "client", "from", "hfrom", "hsender", "to")
    lines = [{"ts": (begin + timedelta(minutes=n)).isoformat(), **dict(zip(names, row, strict=True))}
             for n, row in enumerate(rows)]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def complaint(delivered: bytes) -> bytes:
    """What the victim writes: a few words, and the message as it arrived, attached."""
    attached = EmailMessage()
    attached["From"] = f"Victim <victim@{TARGET}>"
    attached["To"] = "abuse@gateway.example.com"
    attached["Subject"] = "Spam from your servers"
    attached.set_content("This came out of your servers. Please make it stop.\n")
    original = b"Return-Path: <>\r\n" + delivered
    attached.make_mixed()
    attached.add_attachment(original, maintype="application", subtype="octet-stream", filename="spam.eml")
    whole = attached.as_bytes()
    boundary = attached.get_boundary() or ""
    head, _, _ = whole.partition(b"Content-Type: application/octet-stream")
    part = b'Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename="spam.eml"\r\n\r\n'
    return head + part + original + f"\r\n--{boundary}--\r\n".encode()


def test_accepted_then_refused_then_accepted_again(desk: Desk) -> None:
    """250, `irtool run`, 5xx for the same message, `irtool undo`, 250."""
    assert desk.abusive() == 250
    desk.run()
    assert 500 <= desk.abusive() < 600
    assert desk.innocent() == 250
    desk.undo()
    assert desk.abusive() == 250


def test_domain_address_and_ip_are_blocked_each_by_itself(desk: Desk) -> None:
    """Messages that share one thing with the campaign are refused; those that share nothing are not."""
    somewhere = [f"friend@{ELSEWHERE}"]
    desk.run()
    assert desk.innocent(to=f"friend@{TARGET}") == 554
    assert desk.innocent(to="friend@stuck.example.net") == 554
    assert desk.abusive(mail_from=OWN, header_from=OWN, to=somewhere, xclient_addr="192.0.2.44") == 554
    assert desk.abusive(header_from=OWN, to=somewhere, xclient_addr="192.0.2.44") == 554
    assert desk.abusive(to=somewhere, xclient_addr="192.0.2.44") == 554  # only the Sender header shares something
    assert desk.innocent(xclient_addr=IP) == 554
    assert desk.innocent() == 250
    assert desk.innocent(mail_from=FORGED["C1"], header_from=FORGED["C1"]) == 250  # the victims' own address
    effective = {name: c["effective"] for name, c in desk.changes().items() if name.startswith("block-")}
    assert set(effective.values()) == {True, None}
    assert effective[f"block-domains/{TARGET}"] is effective[f"block-ips/{IP}"] is effective[f"block-addresses/{OWN}"]
    desk.undo()
    assert desk.innocent(to=f"friend@{TARGET}") == 250
    assert desk.abusive(mail_from=OWN, header_from=OWN, to=somewhere, xclient_addr="192.0.2.44") == 250
    assert desk.innocent(xclient_addr=IP) == 250


def test_what_was_in_the_maps_before_stays(desk: Desk) -> None:
    """During and after; an IP that was blocked before is not unblocked by the undo."""
    assert desk.maps() == BEFORE
    desk.run()
    during = desk.maps()
    assert {name: text[: len(BEFORE[name])] for name, text in during.items()} == BEFORE
    assert during["rcpt_domains.map"].splitlines()[-2:] == [TARGET, "stuck.example.net"]
    assert desk.changes()[f"block-ips/{OLD_IP}"]["state"] == "already"
    assert desk.innocent(to="friend@old.example.net") == 554
    desk.undo()
    assert desk.maps() == BEFORE
    assert desk.innocent(xclient_addr=OLD_IP) == 554
    assert desk.changes()[f"block-ips/{OLD_IP}"]["state"] == "already"


def test_what_others_add_meanwhile_stays_too(desk: Desk) -> None:
    """Somebody adds an entry by hand between run and undo."""
    desk.run()
    added = f"{desk.maps()['rcpt_domains.map']}other.example.net\n"
    assert desk.rspamd.save("rcpt_domains.map", added).is_success
    desk.undo()
    assert desk.maps()["rcpt_domains.map"] == f"{BEFORE['rcpt_domains.map']}other.example.net\n"


def test_the_account_is_inactive_after_and_active_after_undo(desk: Desk) -> None:
    """Over SCIM; nobody else's account is touched."""
    others = desk.scim.user("alice")
    desk.run()
    assert (desk.scim.user("trial1")["active"], desk.scim.user("alice")) == (False, others)
    desk.undo()
    assert (desk.scim.user("trial1")["active"], desk.scim.user("alice")) == (True, others)


def test_waiting_mail_is_held_and_released(desk: Desk) -> None:
    """Only what goes to the campaign's domains; what somebody else has put on hold stays on hold after the undo."""
    desk.defer(f"early@{TARGET}", f"a@{TARGET}", f"b@{TARGET}", f"c@{ELSEWHERE}")
    early = next(m["queue_id"] for m in desk.postfix.queue() if m["recipients"][0]["address"].startswith("early@"))
    desk.postfix._run("postsuper", "-c", str(desk.postfix.config_dir), "-h", early)
    desk.run()
    held = {f"early@{TARGET}": "hold", f"a@{TARGET}": "hold", f"b@{TARGET}": "hold"}
    assert desk.queued() == {**held, f"c@{ELSEWHERE}": "deferred"}
    desk.undo()
    assert desk.queued()[f"early@{TARGET}"] == "hold"
    assert {desk.queued()[f"{name}@{TARGET}"] for name in "ab"} <= {"deferred", "active", "incoming"}


def test_only_held_mail_of_the_campaign_is_deleted(desk: Desk) -> None:
    """After the yes of a second person; other mail still waits. Undo says what it cannot bring back."""
    desk.defer(f"a@{TARGET}", f"b@{TARGET}", f"c@{ELSEWHERE}")
    waiting = desk.run()
    assert "purge-queue" in waiting.err
    assert len(desk.queued()) == 3
    desk.second_person("purge-queue", "notify")
    assert desk.queued() == {f"c@{ELSEWHERE}": "deferred"}
    assert "cannot be undone" in desk.undo().err
    assert desk.queued() == {f"c@{ELSEWHERE}": "deferred"}
    assert desk.abusive() == 250


def words(received: Received) -> str:
    """The text of a notice on one line."""
    body = received.message.get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_each_customer_gets_one_notice_in_their_language(desk: Desk) -> None:
    """In a real mailbox: envelope, headers, decoded text, figures; nothing of the other customer."""
    desk.run()
    assert desk.notices.messages == []
    desk.second_person("notify")
    assert sorted(m.recipients for m in desk.notices.messages) == [("sicurezza@acme.example",), ("soc@blue.example",)]
    (italian,), (english,) = desk.notices.to("sicurezza@acme.example"), desk.notices.to("soc@blue.example")
    for received in (italian, english):
        assert received.mail_from == "security@gateway.example.com"
        assert received.message["From"] == "Example Mail Security <security@gateway.example.com>"
        assert received.message["Auto-Submitted"] == "auto-generated"
        assert INCIDENT in received.message["Subject"]
        assert max(map(len, received.content.split(b"\r\n"))) <= 998
        assert received.content.isascii()
    text = words(italian)
    assert italian.message["To"] == '"Acme S.p.A." <sicurezza@acme.example>'
    assert italian.message["Subject"].startswith("Messaggi inviati a nome di acme.example")
    assert "Gentile Acme S.p.A., vi scriviamo perché qualcuno ha abusato" in text
    assert re.search(r"\b6 messaggi con indirizzi mittenti nel vostro dominio acme\.example sono stati inviati", text)
    assert "Abbiamo disattivato account" in text
    assert "blue" not in text.lower()
    text = words(english)
    assert english.message["Subject"].startswith("Mail was sent in the name of blue.example")
    assert "3 messages with sender addresses in your domain blue.example were sent" in text
    assert "We disabled accounts" in text
    assert "acme" not in text.lower()


def test_a_refused_notice_does_not_keep_the_others(desk: Desk) -> None:
    """The run ends with 1 and names the customer; resume sends that one alone."""
    desk.notices.refuse["soc@blue.example"] = "550 5.1.1 no such user"
    desk.run()
    desk.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    said = desk.irtool("resume", "--as", "alice", code=1)
    assert "5.1.1 no such user" in said.err
    assert "notify/C2" in said.err
    assert [m.recipients for m in desk.notices.messages] == [("sicurezza@acme.example",)]
    desk.notices.refuse.clear()
    desk.irtool("resume", "--as", "alice", code=0)
    assert [m.recipients for m in desk.notices.messages] == [("sicurezza@acme.example",), ("soc@blue.example",)]


def test_doctor_sees_all_servers(desk: Desk) -> None:
    """Before the night it is needed; a password that may only read is told as such."""
    checks = desk.irtool("doctor", "--json", code=0).json["checks"]
    names = {"rspamd", "queue", "staff", "mail", "logs", "journal"}
    assert names <= {c["what"] for c in checks}
    assert {c["level"] for c in checks if c["what"] in names} <= {"ok", "warn", "unproven"}
    assert any("rspamd 3." in c["says"] for c in checks if c["what"] == "rspamd")
    assert any("SCIM 2.0, 2 users" in c["says"] for c in checks if c["what"] == "staff")
    reader = Terminal(desk.irtool.folder, {**desk.irtool.variables, "RSPAMD_PASSWORD": desk.rspamd.read_password})
    assert "only allows reading" in reader("doctor", code=2).out


@pytest.mark.parametrize("variable", ["RSPAMD_PASSWORD", "SCIM_TOKEN"])
def test_wrong_credentials_change_nothing(desk: Desk, variable: str) -> None:
    """Said before the first change; the secret is in nothing that was said or written."""
    wrong = Terminal(desk.irtool.folder, {**desk.irtool.variables, variable: "s3cret-guess"})
    said = wrong("run", "email-abuse", "complaint.eml", "--as", "alice", "--yes", code=1)
    assert "401" in said.err
    assert "s3cret-guess" not in said.text
    assert desk.maps() == BEFORE
    assert desk.scim.user("trial1")["active"] is True
    assert desk.abusive() == 250
    assert b"s3cret-guess" not in (desk.irtool.folder / "irtool.db").read_bytes()
