"""Notices, notes, bulletins, and requests to any admin API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from irtool.connectors import hold
from irtool.connectors.local import Desk, Mail, local, recipient_of
from irtool.errors import Rejected
from irtool.records import Json, Look, Reply

NOTICE = "From: sec@gw.example\r\nTo: Ops <ops@victim.example>\r\nSubject: about your domain\r\n\r\nhello\r\n"


def render(verb: str, target: str, params: Mapping[str, Json]) -> str:
    if verb == "bulletin.write":
        return f"# bulletin {params.get('lang', 'en')}\n"
    return NOTICE.replace("hello", f"{verb} {target} {params.get('template', 'customer-notice')}")


def test_a_notice_is_one_message_to_the_address_in_it(scripted: Any) -> None:
    mail, sender = Mail(render), scripted(Reply(250, "queued as 1"))
    assert hold(mail.look("notice.send", "c1", {}), scripted()).state == "unsent"
    result = hold(mail.change("notice.send", "c1", {}, Look("unsent"), "k"), sender)
    assert result == {"recipient": "ops@victim.example", "status": 250, "said": "queued as 1"}
    call = sender.calls[0]
    assert (call.transport, call.method, call.path, call.changes, call.key) == (
        "smtp", "SEND", "ops@victim.example", True, "k",
    )  # fmt: skip
    assert call.body.endswith("notice.send c1 customer-notice\r\n")
    assert hold(mail.verify("notice.send", "c1", {}), scripted()).state == "sent"
    assert mail.traits("notice.send").in_doubt == "ask"


def test_a_notice_is_undone_by_a_correction_and_a_report_is_not(scripted: Any) -> None:
    mail, sender = Mail(render), scripted(Reply(250))
    hold(mail.undo("notice.send", "c1", {"template": "x"}, Look("unsent"), "k"), sender)
    assert "notice.send c1 correction" in sender.calls[0].body
    assert mail.traits("abuse.report").undoable is False
    with pytest.raises(Rejected, match="cannot be undone"):
        hold(mail.undo("abuse.report", "r", {}, Look("unsent"), "k"), scripted())


def test_a_server_that_refuses_the_recipient(scripted: Any) -> None:
    with pytest.raises(Rejected, match="550 no such user") as caught:
        hold(Mail(render).change("notice.send", "c1", {}, Look("unsent"), "k"), scripted(Reply(550, "no such user")))
    assert caught.value.status == 550


@pytest.mark.parametrize("to", ["", "To: a@x.example, b@x.example\r\n", "To: undisclosed:;\r\n", "To: nobody\r\n"])
def test_a_message_without_one_recipient_is_not_sent(to: str) -> None:
    with pytest.raises(Rejected, match="no one address"):
        recipient_of(f"From: s@x.example\r\n{to}\r\nhi\r\n", "c1")


def test_a_note_needs_no_call(scripted: Any) -> None:
    result = hold(Desk(render).change("note.add", "", {"text": "called them"}, Look("unwritten"), "k"), scripted())
    assert result == {"text": "called them"}


def test_a_bulletin_is_a_file(scripted: Any) -> None:
    sender = scripted(Reply(0, "/x/b.it.md"))
    params: dict[str, Json] = {"file": "b.it.md", "lang": "it"}
    assert hold(Desk(render).change("bulletin.write", "", params, Look("unwritten"), "k"), sender) == {
        "file": "b.it.md", "characters": 14,
    }  # fmt: skip
    call = sender.calls[0]
    assert (call.transport, call.method, call.path, call.body) == ("file", "WRITE", "b.it.md", "# bulletin it\n")


def test_the_local_connectors() -> None:
    made = local(render)
    assert {name: sorted(c.verbs()) for name, c in made.items()} == {
        "mail": ["abuse.report", "notice.send"],
        "desk": ["bulletin.write", "note.add"],
    }
