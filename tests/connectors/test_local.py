"""Notices, notes, bulletins, and requests to any admin API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from irtool.connectors import hold
from irtool.connectors.local import BOUND, Desk, Draft, Drafts, Mail, local, recipient_of
from irtool.errors import CallError, Rejected, StepFailed, UsageError
from irtool.records import Json, Look, Reply
from irtool.run.pace import Pace, Paced

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


DRAFT = Draft("a" * 64, "ops@victim.example", "<m@gw.example>")


def drafts(draft: Draft) -> Drafts:
    return lambda _verb, _target, _params: draft


def test_a_look_says_what_a_yes_would_be_to(scripted: Any) -> None:
    """The digest goes into the plan; another one later is another text, and is not sent."""
    mail = Mail(render, drafts(DRAFT))
    seen = hold(mail.look("notice.send", "c1", {}), scripted())
    assert (seen.state, seen.data[BOUND]) == ("unsent", "a" * 64)
    assert seen.data["message_id"] == "<m@gw.example>"
    assert hold(mail.look("notice.send", "c1", {BOUND: "a" * 64}), scripted()).state == "unsent"
    with pytest.raises(Rejected, match="plan again"):
        hold(mail.look("notice.send", "c1", {BOUND: "b" * 64}), scripted())
    with pytest.raises(Rejected, match="plan again"):
        hold(mail.change("notice.send", "c1", {BOUND: "b" * 64}, seen, "k"), scripted())


def test_who_was_told_is_not_told_again(scripted: Any) -> None:
    told = Mail(render, drafts(replace(DRAFT, digest="", told="told before, 2026-11-22")))
    seen = hold(told.look("notice.send", "c1", {BOUND: "b" * 64}), scripted())
    assert (seen.state, seen.detail) == ("sent", "told before, 2026-11-22")
    doubtful = Mail(render, drafts(replace(DRAFT, open="other/c1")))
    with pytest.raises(Rejected, match=r"not known .* \(other/c1\)"):
        hold(doubtful.look("notice.send", "c1", {}), scripted())


def test_nobody_to_write_to_is_that_targets_fault(scripted: Any) -> None:
    def nobody(_verb: str, _target: str, _params: Mapping[str, Json]) -> Draft:
        raise StepFailed("no contact")

    with pytest.raises(Rejected, match="no contact"):
        hold(Mail(render, nobody).look("notice.send", "c1", {}), scripted())


@pytest.mark.parametrize(("code", "word"), [(452, "refused for now, 452: "), (550, "refused for good, 550: ")])
def test_a_refusal_says_whether_to_ask_again(code: int, word: str) -> None:
    class Refusing:
        def send(self, _call: Any) -> Reply:
            raise Rejected(f"mail server refused recipient: {code} no", status=code)

        def close(self) -> None: ...

    with pytest.raises(Rejected, match=f"^{word}mail server refused") as caught:
        hold(Mail(render).change("notice.send", "c1", {}, Look("unsent"), "k"), Refusing())
    assert caught.value.status == code


def test_no_more_leave_in_a_minute_than_may() -> None:
    """Thirty a minute: the thirty-first of a run waits for the second minute."""

    class Watch:
        def __init__(self) -> None:
            self.time = datetime(2026, 11, 22, tzinfo=UTC)

        def now(self) -> datetime:
            return self.time

        def monotonic(self) -> float:
            return self.time.timestamp()

        def sleep(self, seconds: float) -> None:
            self.time += timedelta(seconds=seconds)

    watch, left = Watch(), []

    class Post:
        def send(self, _call: Any) -> Reply:
            left.append(watch.now())
            return Reply(250)

        def close(self) -> None: ...

    mail = Mail(render, per_minute=30)
    sender = Paced(Post(), Pace(watch), mail.traits("notice.send").per_second)
    for n in range(61):
        hold(mail.change("notice.send", f"c{n}", {}, Look("unsent"), "k"), sender)
    gaps = {(b - a).total_seconds() for a, b in pairwise(left)}
    assert gaps == {2.0}
    assert sum(moment < left[0] + timedelta(minutes=1) for moment in left) == 30
    assert Mail(render).traits("notice.send").per_second == 0


def test_mail_is_able_with_its_templates_and_a_server_that_lets_us_in(scripted: Any) -> None:
    wanted: list[str] = []
    mail = Mail(render, ready=wanted.append)
    assert "shows only when it is sent" in hold(mail.able("notice.send"), scripted(Reply(250, "hello")))
    assert wanted == ["notice.send"]
    with pytest.raises(Rejected, match="535") as caught:
        hold(mail.able("notice.send"), scripted(Rejected("refused: 535 no", status=535)))
    assert caught.value.status == 0
    with pytest.raises(CallError, match="454") as later:
        hold(mail.able("notice.send"), scripted(Rejected("refused: 454 later", status=454)))
    assert not isinstance(later.value, Rejected)


def test_a_template_that_is_missing_is_found_before_the_server_is_greeted(scripted: Any) -> None:
    def ready(verb: str) -> None:
        raise UsageError(f"there is no template for {verb}")

    with pytest.raises(UsageError, match=r"no template for abuse\.report"):
        hold(Mail(render, ready=ready).able("abuse.report"), scripted())
    with pytest.raises(UsageError, match=r"no template for bulletin\.write"):
        hold(Desk(render, ready=ready).able("bulletin.write"), scripted())
    assert hold(Desk(render, ready=ready).able("note.add"), scripted()) == ""
