"""The servers themselves do what the other tests of this folder take for granted."""

from __future__ import annotations

import smtplib
import subprocess

import httpx
import pytest

from .mail import Mail
from .postfix import Postfix
from .rspamd import EMPTY, Rspamd
from .scim import Scim
from .sink import Sink

TRIAL = ("trial1", "trial1@gateway.example.com", ["victim@target.example.org"])


def test_accepted_mail_reaches_the_sink(mail: Mail, sink: Sink) -> None:
    """A submitted message is relayed as it was, from the account that logged in."""
    assert mail.submit(*TRIAL, subject="Ciao")[0] == 250
    (received,) = sink.wait_for("victim@target.example.org")
    assert received.mail_from == "trial1@gateway.example.com"
    assert received.message["Subject"] == "Ciao"


def test_null_sender_with_own_sender_and_foreign_from(mail: Mail, sink: Sink) -> None:
    """The shape of the 2025 campaign passes this stack: null envelope sender, own Sender, somebody else's From."""
    code, _ = mail.submit(
        "trial1", "", ["victim@target.example.org"], header_from="ceo@customer.example", sender="x@trial.example"
    )
    assert code == 250
    (received,) = sink.wait_for("victim@target.example.org")
    assert (received.mail_from, received.message["From"]) == ("", "ceo@customer.example")
    assert received.message["Sender"] == "x@trial.example"


@pytest.mark.parametrize(
    ("name", "entry", "submission"),
    [
        ("rcpt_domains.map", "target.example.org", {}),
        ("client_ips.map", "198.51.100.0/24", {"xclient_addr": "198.51.100.7"}),
        ("from_env.map", "trial1@gateway.example.com", {}),
        ("from_hdr.map", "ceo@customer.example", {"header_from": "The Boss <ceo@customer.example>"}),
        ("sender_hdr.map", "office@trial1.example", {"sender": "office@trial1.example"}),
        ("users.map", "trial1", {}),
    ],
)
def test_a_map_entry_rejects_mail_and_its_removal_accepts_it(
    mail: Mail, rspamd: Rspamd, name: str, entry: str, submission: dict[str, str]
) -> None:
    """250 before, 554 while the entry is in the map, 250 after; without a restart."""
    assert mail.submit(*TRIAL, **submission)[0] == 250
    assert rspamd.save(name, f"{EMPTY}{entry}\n").json() == {"success": True}
    assert rspamd.map_lines(name) == [entry]
    code, text = settled(mail, 554, submission)
    assert code == 554
    assert "irtool: " in text
    assert rspamd.save(name, EMPTY).status_code == 200
    assert rspamd.map_lines(name) == []
    assert settled(mail, 250, submission)[0] == 250


def test_every_test_finds_empty_maps(mail: Mail, rspamd: Rspamd) -> None:
    """reset() is in force when it returns, whatever a test has left behind."""
    for name, entry in {"rcpt_domains.map": "target.example.org", "users.map": "trial1"}.items():
        rspamd.save(name, f"{entry}\n")
    settled(mail, 554, {})
    rspamd.reset()
    assert rspamd.map_lines("rcpt_domains.map") == rspamd.map_lines("users.map") == []
    assert mail.submit(*TRIAL)[0] == 250


def test_the_controller_tells_readers_from_writers(rspamd: Rspamd) -> None:
    """The read password may not save; no password may not even list."""
    headers = {"Password": rspamd.read_password, "Map": rspamd.map_id("users.map")}
    assert httpx.post(f"{rspamd.controller_url}/savemap", headers=headers, content="trial1\n").status_code == 401
    assert httpx.get(f"{rspamd.controller_url}/maps").status_code == 401
    assert rspamd.map_lines("users.map") == []


def test_a_wrong_password_is_refused_at_login(mail: Mail) -> None:
    """SASL is real: Dovecot decides."""
    code, text = mail.submit(*TRIAL, password="guess")
    assert (code, "authentication failed" in text.lower()) == (535, True)


def test_nobody_relays_without_a_login(postfix: Postfix) -> None:
    """The private server is not an open relay, not even on loopback."""
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as smtp:
        smtp.ehlo()
        smtp.mail("a@b.example")
        assert smtp.rcpt("victim@target.example.org")[0] == 554


def test_deferred_mail_is_held_released_and_deleted(mail: Mail, postfix: Postfix) -> None:
    """Mail to the domain that never answers stays in the queue, where postsuper finds it."""
    recipient = f"someone@{postfix.deferred_domain}"
    assert mail.submit("alice", "alice@gateway.example.com", [recipient])[0] == 250
    (entry,) = postfix.wait_for_queue("deferred", 1)
    assert entry["sender"] == "alice@gateway.example.com"
    assert [each["address"] for each in entry["recipients"]] == [recipient]
    queue_id = entry["queue_id"]
    for flag, state in (("-h", "hold"), ("-H", "deferred")):
        subprocess.run(["postsuper", "-c", postfix.config_dir, flag, queue_id], check=True, capture_output=True)
        assert postfix.wait_for_queue(state, 1)[0]["queue_id"] == queue_id
    postfix.reset()
    assert postfix.queue() == []


def test_scim_accounts_are_active_and_can_be_disabled(scim: Scim) -> None:
    """The accounts are made through the API, and a PATCH of `active` is seen by the next reader."""
    assert (scim.user("alice")["active"], scim.user("trial1")["active"]) == (True, True)
    assert scim.user("trial1")["userType"] == "trial"
    patch = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    }
    address = f"{scim.url}/Users/{scim.user('trial1')['id']}"
    assert httpx.patch(address, json=patch).status_code == 401
    assert httpx.patch(address, json=patch, headers={"Authorization": f"Bearer {scim.token}"}).status_code == 204
    assert (scim.user("alice")["active"], scim.user("trial1")["active"]) == (True, False)


def test_the_notice_sink_refuses_single_recipients(notice_sink: Sink) -> None:
    """One refused recipient does not stop the others."""
    notice_sink.refuse["gone@customer.example"] = "550 5.1.1 no such user"
    with smtplib.SMTP("127.0.0.1", notice_sink.port, timeout=30) as smtp:
        everyone = ["gone@customer.example", "here@customer.example"]
        refused = smtp.sendmail("security@gateway.example.com", everyone, "Subject: notice\r\n\r\nhello\r\n")
    assert refused == {"gone@customer.example": (550, b"5.1.1 no such user")}
    assert [each.recipients for each in notice_sink.messages] == [("here@customer.example",)]


def settled(mail: Mail, code: int, submission: dict[str, str]) -> tuple[int, str]:
    """The reply to the same message once it is `code`, or the last one: rspamd rereads a map within milliseconds."""
    for _ in range(100):
        reply = mail.submit(*TRIAL, **submission)
        if reply[0] == code:
            break
    return reply
