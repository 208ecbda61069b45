"""irtool notices as a user types it: the ledger, updates, previews, tests, bounces, receipts; and what a yes covers."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from .terminal import Terminal
from .world import INCIDENT, World

HOSTILE = 'Acme\r\nBcc: all@evil.example\u202e\x1b[2J<img src=x onerror=alert(1)>"'


def outbox(world: World) -> list[EmailMessage]:
    """What left, the oldest first."""
    files = sorted((world.folder / "outbox").glob("*.eml"), key=lambda p: (p.stat().st_mtime_ns, p.name))
    return [message_from_bytes(p.read_bytes(), policy=policy.default) for p in files]


def plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return "\n".join(str(body.get_content()).splitlines())


@pytest.fixture
def planned(small: World) -> World:
    """Contained; the notices wait for bianca's yes."""
    small.run(code=3)
    small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0)
    return small


@pytest.fixture
def told(planned: World) -> World:
    """Both customers were told."""
    planned.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    planned.irtool("resume", "--as", "alice", code=0)
    assert len(outbox(planned)) == 2
    return planned


def states(world: World) -> dict[str, str]:
    return {row["change"]: row["state"] for row in world.irtool("notices", INCIDENT, "--json", code=0).json}


# --- what a yes covers ---


def mine(world: World) -> Path:
    """A template of our own, copied before anything was planned."""
    world.configure(templates="./mine")
    world.irtool("templates", "copy", "customer-notice", code=0)
    return world.folder / "mine/notices/it/customer-notice.txt.j2"


def test_a_template_edited_after_the_yes_is_not_sent(small: World) -> None:
    """The change fails and says to plan again; a new plan needs a new yes, and then the new text leaves."""
    template = mine(small)
    small.run(code=3)
    small.irtool("approve", INCIDENT, "purge-queue", "--as", "bianca", code=0)
    small.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    template.write_text(template.read_text().replace("CHE COSA È SUCCESSO", "CHE COSA NON È SUCCESSO"))
    said = small.irtool("resume", "--as", "alice", code=1)
    assert "plan again" in said.talk
    assert states(small) == {"notify/C1": "failed", "notify/C2": "sent"}
    assert [m["To"].addresses[0].domain for m in outbox(small)] == ["blue.example"]
    small.irtool("plan", INCIDENT, "--as", "alice", code=0)
    assert "notify" in small.irtool("resume", "--as", "alice", code=3).err
    small.irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    small.irtool("resume", "--as", "alice", code=0)
    assert states(small) == {"notify/C1": "sent", "notify/C2": "sent"}
    assert len(outbox(small)) == 2
    assert "CHE COSA NON È SUCCESSO" in plain(outbox(small)[1])


def test_what_is_in_place_by_then_is_no_other_text(told: World) -> None:
    """Planned when nothing was blocked, sent when all was: the notice says what is so, and the yes still covers it."""
    english = next(m for m in outbox(told) if "blue.example" in str(m["To"]))
    assert "We disabled accounts" in plain(english)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Subject: x\n{{ customer.nme }}", "customer-notice.txt.j2:2"),
        ("Subject: x\n\n{% if %}", "customer-notice.txt.j2:3"),
        ("{% if blocked.queue %}{{ nothing }}{% endif %}", "customer-notice.txt.j2:1"),
    ],
)
def test_a_faulty_template_stops_the_plan(small: World, text: str, place: str) -> None:
    """Before anything is sent or changed, by file and line; doctor and check find it too."""
    mine(small).write_text(text)
    said = small.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=2)
    assert place in said.err
    assert small.counts()["applied"] == 0
    assert place in small.irtool("doctor", "--json", code=None).out
    assert place in small.irtool("templates", "check", code=2).out


# --- once ---


def test_a_plan_under_other_names_tells_nobody_twice(told: World) -> None:
    """The same notice planned again is already so, whatever the step is called."""
    again = told.irtool("plan", INCIDENT, "--as", "alice", "--json", code=0).json
    steps = {s["id"]: s for s in again["plan"]["steps"]}
    assert [c["action"] for c in steps["notify"]["changes"]] == ["already", "already"]
    told.irtool("resume", "--as", "alice", code=0)
    assert len(outbox(told)) == 2


# --- updates ---


def test_an_update_is_planned_approved_and_threaded(told: World) -> None:
    (told.folder / "it.txt").write_text("Ora sappiamo di più.\n\n- Era una password rubata.\n")
    (told.folder / "en.txt").write_text("We know more now.\n")
    missing = told.irtool("notices", "update", INCIDENT, "--file", "en=en.txt", "--as", "alice", code=2)
    assert "who read it" in missing.err
    words = ("notices", "update", INCIDENT, "--file", "en=en.txt", "--file", "it=it.txt", "--as", "alice")
    step = told.irtool(*words, "--json", code=0).json["step"]
    assert (step["id"], step["approval"], len(step["changes"])) == ("update-2", "peer", 2)
    assert "update-2" in told.irtool("resume", INCIDENT, "--as", "alice", code=3).err
    assert "somebody else" in told.irtool("approve", INCIDENT, "update-2", "--as", "alice", code=5).err
    assert len(outbox(told)) == 2
    told.irtool("approve", INCIDENT, "update-2", "--as", "bianca", code=0)
    told.irtool("resume", INCIDENT, "--as", "alice", code=0)
    assert set(states(told).values()) == {"sent"}
    mails = outbox(told)
    assert len(mails) == 4
    for update in mails[2:]:
        first = next(m for m in mails[:2] if m["To"] == update["To"])
        assert update["In-Reply-To"] == update["References"] == first["Message-ID"]
        assert update["Message-ID"] != first["Message-ID"]
    italian = next(m for m in mails[2:] if "acme" in str(m["To"]))
    assert italian["Subject"].startswith("Aggiornamento 2:")
    assert "Ora sappiamo di più.\n\n- Era una password rubata." in plain(italian)
    assert "We know more now." in plain(next(m for m in mails[2:] if "blue" in str(m["To"])))


def test_whoever_writes_an_update_does_not_approve_it(told: World) -> None:
    """Bianca, who was the second person before, drafts it: now somebody else has to say yes."""
    (told.folder / "news.txt").write_text("News.")
    told.irtool("notices", "update", INCIDENT, "--file", "news.txt", "--as", "bianca", code=0)
    told.irtool("approve", INCIDENT, "update-2", "--as", "bianca", code=5)
    assert len(outbox(told)) == 2


def test_a_second_update_follows_the_first(told: World) -> None:
    for n in (2, 3):
        told.irtool(
            "notices", "update", INCIDENT, "--file", "-", "--customer", "C2", "--as", "alice", stdin=f"{n}", code=0
        )
        told.irtool("approve", INCIDENT, f"update-{n}", "--as", "bianca", code=0)
        told.irtool("resume", INCIDENT, "--as", "alice", code=0)
    mails = [m for m in outbox(told) if "blue" in str(m["To"])]
    assert len(mails) == 3
    ids = [m["Message-ID"] for m in mails]
    assert mails[2]["In-Reply-To"] == ids[1]
    assert mails[2]["References"].split() == ids[:2]
    assert len([m for m in outbox(told) if "acme" in str(m["To"])]) == 1


def test_an_update_to_nobody_and_an_empty_one(planned: World) -> None:
    for text, words, says in (
        ("News.", (), "nobody was sent a notice"),
        ("  \n", (), "nobody was sent a notice"),
        ("News.", ("--customer", "C1"), "was sent no notice"),
    ):
        said = planned.irtool("notices", "update", INCIDENT, "--file", "-", *words, "--as", "alice", stdin=text, code=2)
        assert says in said.err
    assert "Give its text" in planned.irtool("notices", "update", INCIDENT, "--as", "alice", code=2).err


def test_no_update_of_what_is_over(told: World) -> None:
    """A closed incident is written about no more."""
    told.irtool("close", INCIDENT, "--as", "alice", code=0)
    said = told.irtool("notices", "update", INCIDENT, "--file", "-", "--as", "alice", stdin="News.", code=5)
    assert "closed: no update is sent" in said.err
    told.irtool("verify", code=0)


def test_a_correction_answers_what_it_takes_back(told: World) -> None:
    told.irtool("undo", INCIDENT, "notify", "C1", "--as", "alice", "--yes", code=0)
    first, correction = (m for m in outbox(told) if "acme" in str(m["To"]))
    assert correction["Subject"].startswith("Rettifica")
    assert correction["In-Reply-To"] == correction["References"] == first["Message-ID"]
    assert states(told) == {"notify/C1": "corrected", "notify/C2": "sent"}


# --- looking before sending ---


def test_a_preview_writes_pages_and_sends_nothing(planned: World) -> None:
    said = planned.irtool("notices", "preview", INCIDENT, "--output", "shown", code=0)
    folder = planned.folder / "shown"
    assert said.out.strip() == str(folder / "index.html")
    assert sorted(p.name for p in folder.iterdir()) == [
        "index.html", "notify-C1.eml", "notify-C1.html", "notify-C2.eml", "notify-C2.html",
    ]  # fmt: skip
    page = (folder / "notify-C1.html").read_text()
    assert 'sandbox=""' in page
    assert "Gentile Acme S.p.A." in page
    assert "sicurezza@acme.example" in page
    assert "blue" not in page.lower()
    assert not list((planned.folder / "outbox").glob("*")) if (planned.folder / "outbox").exists() else True
    assert "one customer at a time" in planned.irtool("notices", "preview", "C1", "C2", code=2).err
    assert "no notice to C9" in planned.irtool("notices", "preview", "C9", code=2).err


def test_a_preview_opens_in_the_browser(planned: World) -> None:
    """The one that BROWSER names; where there is none, the path is all there is."""
    seen = planned.folder / "seen"
    browser = planned.folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    terminal = Terminal(planned.folder, {"SANDBOX_TOKEN": "x", "BROWSER": f"{browser} %s"})
    page = terminal("notices", "preview", INCIDENT, "C1", code=0).out.strip()
    assert seen.read_text().strip() == f"file://{page}"
    assert Path(page).name == "notify-C1.html"
    assert Path(page).parent.stat().st_mode & 0o077 == 0
    bare = planned.irtool("notices", "preview", INCIDENT, "C1", code=0)
    assert "open the file yourself" in bare.err


def test_a_test_goes_to_ourselves_and_never_counts(planned: World) -> None:
    irtool = planned.irtool
    words = ("notices", "preview", INCIDENT, "C1", "--test-to")
    assert "not one of our own addresses" in irtool(*words, "me@elsewhere.example", "--as", "alice", code=5).err
    irtool(*words, "me@gateway.example", "--as", "alice", code=0)
    (mail,) = outbox(planned)
    assert mail["To"] == "me@gateway.example"
    assert mail["Subject"].startswith("TEST: Messaggi inviati a nome di acme.example")
    assert "acme" not in str(mail["To"]) + str(mail["Cc"]) + str(mail["Bcc"])
    assert states(planned) == {"notify/C1": "planned", "notify/C2": "planned"}
    assert re.search(r"Notice to Acme S\.p\.A\. sent to me\[@\]gateway", irtool("timeline", code=0).out)
    irtool("approve", INCIDENT, "notify", "--as", "bianca", code=0)
    irtool("resume", "--as", "alice", code=0)
    real = next(m for m in outbox(planned) if "acme" in str(m["To"]))
    assert real["Message-ID"] != mail["Message-ID"]


def test_a_test_needs_a_mapped_person(planned: World) -> None:
    planned.configure(people=None)
    said = planned.irtool("notices", "preview", INCIDENT, "C1", "--test-to", "me@gateway.example", code=5)
    assert "has no say" in said.err
    assert outbox(planned) == [] if (planned.folder / "outbox").exists() else True


# --- afterwards ---


def bounce(message_id: str, status: str = "5.1.1", action: str = "failed") -> str:
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nsorry\n--b\n'
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; soc@blue.example\n"
        f"Action: {action}\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} nobody\x1b[2J here\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n--b--\n"
    )


def test_bounces_are_read_once_and_escalated(told: World) -> None:
    irtool = told.irtool
    sent = {str(m["To"].addresses[0].addr_spec): str(m["Message-ID"]) for m in outbox(told)}
    folder = told.folder / "returned"
    folder.mkdir()
    (folder / "1.eml").write_text(bounce(sent["soc@blue.example"], "4.4.1", "delayed"))
    (folder / "2.eml").write_text(bounce("<somebody@else.example>"))
    answer = f"From: a@acme.example\nIn-Reply-To: {sent['sicurezza@acme.example']}\nSubject: Re\n\nGrazie\n"
    (folder / "3.eml").write_text(answer)
    first = irtool("notices", "bounces", "returned", "--as", "alice", "--json", code=0).json
    assert [one["outcome"] for one in first] == ["delayed", "unknown", "answer"]
    assert states(told) == {"notify/C1": "sent", "notify/C2": "delayed"}
    text = bounce(sent["soc@blue.example"])
    said = irtool("notices", "bounces", "-", "--as", "alice", stdin=text, code=0)
    assert "bounced" in said.out
    assert "\x1b" not in said.text
    assert "1 known" in irtool("notices", "bounces", "-", "--as", "alice", stdin=text, code=0).err
    assert states(told)["notify/C2"] == "bounced"
    irtool("notices", "ack", INCIDENT, "C1", "--note", "Ms Rossi, by telephone", "--as", "alice", code=0)
    assert states(told)["notify/C1"] == "acknowledged"
    (one,) = irtool("notices", "unreachable", INCIDENT, "--after", "1s", "--json", code=0).json
    assert (one["customer"], one["reason"], one["recipient"]) == ("C2", "bounced", "soc@blue.example")
    assert one["escalated_at"] is None
    for new in ("1 put on the timeline", "0 put on the timeline"):
        assert new in irtool("notices", "unreachable", INCIDENT, "--escalate", "--as", "alice", code=0).err
    timeline = irtool("timeline", code=0).out
    for sentence in (
        "Notice to Blue Ltd is delayed",
        "Notice to Blue Ltd came back",
        "Acme S.p.A. confirms the notice",
        "Blue Ltd has to be reached",
    ):
        assert sentence in " ".join(timeline.split())
    irtool("notices", "ack", "C2", "--as", "alice", code=0)
    assert irtool("notices", "unreachable", "--json", code=0).json == []
    irtool("verify", code=0)


def test_receipts_of_whom_there_is_no_notice_and_of_nobody(told: World) -> None:
    assert "no notice to C9" in told.irtool("notices", "ack", "C9", "--as", "alice", code=2).err
    assert "which customer" in told.irtool("notices", "ack", INCIDENT, "--as", "alice", code=2).err
    told.configure(people=None)
    assert "has no say" in told.irtool("notices", "ack", "C1", code=5).err
    assert "no such file" in told.irtool("notices", "bounces", "gone.eml", code=2).err.lower()


def test_silent_customers_are_listed_after_a_while(told: World) -> None:
    assert told.irtool("notices", "unreachable", "--json", code=0).json == []
    time.sleep(1.1)
    rows = told.irtool("notices", "unreachable", "--after", "1s", "--json", code=0).json
    assert {row["reason"] for row in rows} == {"not acknowledged"}


def test_the_list_and_its_help(told: World) -> None:
    listed = told.irtool("notices", INCIDENT, code=0)
    assert listed.out == told.irtool("notices", "list", INCIDENT, code=0).out == told.irtool("notices", code=0).out
    assert re.search(r"^C1 +Acme S\.p\.A\. +sent \d{4}-", listed.out, re.MULTILINE)
    for command in ("list", "preview", "update", "bounces", "ack", "unreachable"):
        said = told.irtool("notices", command, "--help", code=0)
        assert "Example: irtool notices" in said.out
        assert max(map(len, said.out.splitlines())) <= 80


def test_hostile_names_and_texts_stay_words(small: World) -> None:
    """In headers, in the text, in the page, on the terminal."""
    rows = (small.folder / "accounts.csv").read_text()
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    (small.folder / "accounts.csv").write_bytes(rows.replace("Acme S.p.A.", quoted).encode())
    small.run(code=3)
    for step in ("purge-queue", "notify"):
        small.irtool("approve", INCIDENT, step, "--as", "bianca", code=0)
    said: list[Any] = [small.irtool("resume", "--as", "alice", code=0), small.irtool("notices", code=0)]
    said.append(small.irtool("notices", "update", INCIDENT, "--file", "-", "--as", "alice", stdin=HOSTILE, code=0))
    said.append(small.irtool("notices", "preview", INCIDENT, "-o", "shown", code=0))
    said.append(small.irtool("notices", "--customer", "C1", code=0))
    said.append(small.irtool("notices", "unreachable", "--after", "1s", code=0))
    for one in said:
        assert "\x1b" not in one.text
        assert "\u202e" not in one.text
        assert "\nBcc:" not in one.text
    small.irtool("approve", INCIDENT, "update-2", "--as", "bianca", code=0)
    small.irtool("resume", INCIDENT, "--as", "alice", code=0)
    mails = [m for m in outbox(small) if "acme" in str(m["To"])]
    assert len(mails) == 2
    for mail in mails:
        assert mail["Bcc"] is None
        assert len(mail["To"].addresses) == 1
        page = str(mail.get_body(("html",)).get_content())  # type: ignore[union-attr]
        for text in (page, plain(mail)):
            assert "\x1b" not in text
            assert "\u202e" not in text
        assert "<img" not in page
        assert "&lt;img" in page
    shown = (small.folder / "shown" / "update-2-C1.html").read_text()
    assert "<img" not in shown
    assert "\u202e" not in shown
