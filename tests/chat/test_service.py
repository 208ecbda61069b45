"""Incidents from Slack, against a Slack of our own and with the real slack_sdk."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from irtool.chat import serve
from irtool.errors import ConfigError, IrtoolError
from irtool.records import Entry
from irtool.wiring import Desk, open_desk

ALICE, BIANCA, CARLO, MALLORY = "U0ALICE", "U0BIANCA", "U0CARLO", "U0MALLORY"
HEADERS = """\
From: info@brand.example
Sender: <spam{n}@trial-x.example>
To: victim@win-prizes{n}.example, other@lottery{n}.example
Subject: You won
Message-ID: <{n}@x.example>

text
"""
_numbers = itertools.count(1)


def complaint() -> str:
    return HEADERS.format(n=next(_numbers))


def plan(peer: Any, user: str, text: str = "") -> tuple[Any, str]:
    """Plan an incident; returns its headline's post and its name."""
    after = len(peer.calls)
    peer.slash(user, f"plan small {text or complaint()}")
    post = peer.find("chat.postMessage", "PLANNED", "irtool.plan", after=after)
    return post, post.body["text"].split()[0]


def blocked(folder: Path, verb: str) -> list[str]:
    """What the sandbox blocks now, asked by a desk of its own."""
    with open_desk(folder / "irtool.yaml") as desk:
        found = [s for n in desk.journal.incidents() for s in desk.history(n).changes.values()]
    return sorted(s.change.target for s in found if s.state == "done" and s.change.verb == verb)


def test_an_incident_from_complaint_to_contained(desk: Desk, peer: Any, folder: Path) -> None:
    """Alice starts it, her own click on the peer step counts for nothing, nor does a stranger's; Bianca's does."""
    headline, incident = plan(peer, ALICE)
    stamp = headline.answer["ts"]
    assert peer.find("response_url", "Reading it").body["user"] == ALICE
    assert "3 to do" in headline.text
    assert "win-prizes" not in headline.text
    assert headline.body["unfurl_links"] is False
    assert desk.history(incident).started_by == "alice"

    peer.click(ALICE, "plan", headline)
    view = peer.find("views.open", "win-prizes1[.]example", "absent → blocked")
    assert "(needs a second person)" in view.text

    peer.click(MALLORY, "start", headline)
    assert "has no say" in peer.find("response_url", "U0MALLORY", "people").text
    assert desk.history(incident).status == "planned"

    peer.click(ALICE, "start", headline)
    own = peer.find("chat.postMessage", incident, "Block the sender addresses: 1 change?")
    assert "<@U0ALICE>" in own.text
    peer.click(BIANCA, "start", headline)
    peer.find("response_url", f"{incident} was started by alice already: it is waiting")
    peer.click(ALICE, "approve", own)

    card = peer.find("chat.postMessage", incident, "Block the destination domains: 2 changes?")
    assert "<@U0BIANCA>" in card.text
    assert "<@U0ALICE>" not in card.text
    assert "thread_ts" not in card.body
    assert blocked(folder, "domain.block") == []

    after = len(peer.calls)
    peer.click(ALICE, "approve", card)
    no = peer.find("response_url", "it takes somebody else", after=after)
    assert (no.body["user"], no.body["response_type"], no.body["replace_original"]) == (ALICE, "ephemeral", False)
    peer.click(MALLORY, "approve", card)
    assert peer.find("response_url", "has no say", after=after).body["user"] == MALLORY
    peer.click(CARLO, "approve", card)
    assert "not in the group mail-sec-leads" in peer.find("response_url", "carlo", after=after).text
    assert desk.history(incident).status == "waiting"

    peer.click(BIANCA, "approve", card)
    peer.find("chat.postMessage", f"*{incident}*  *CONTAINED* 3/3", "<@U0ALICE>", after=after)
    decided = [c for c in peer.calls if c.method == "chat.update" and c.body["ts"] == card.answer["ts"]][-1]
    assert decided.buttons() == {}
    assert "Approved by bianca at " in decided.text
    assert blocked(folder, "domain.block") == ["lottery1.example", "win-prizes1.example"]

    last = [c for c in peer.calls if c.method == "chat.update" and c.body["ts"] == stamp][-1]
    assert "*CONTAINED* 3/3" in last.text
    assert set(last.buttons()) == {"plan"}
    told = peer.thread(stamp)
    for line in ("Opened: Spam to our partners (alice)", "Approved: Block the destination domains (bianca)"):
        assert told.count(line) == 1
    assert told.count("Done: block domain win-prizes1[.]example") == 1
    assert "Run ended: done" in told

    peer.click(CARLO, "approve", card)
    peer.click(BIANCA, "refuse", card)
    assert "bianca has approved it already, at " in peer.find("response_url", "already, at", after=after).text
    given = [(a.person, a.door, a.approved) for a in desk.history(incident).approvals]
    assert given == [("alice", "slack", True), ("bianca", "slack", True)]


def test_a_refusal_with_a_reason_ends_the_step(desk: Desk, peer: Any) -> None:
    """Typed answers do what buttons do; the reason stands on the card."""
    after = len(peer.calls)
    peer.say(ALICE, f"run small --input tag=x\n```\n{complaint()}```")
    own = peer.find("chat.postMessage", "Block the sender addresses: 1 change?", after=after)
    incident = own.body["text"].split(":")[0]
    assert desk.history(incident).inputs["tag"] == "x"
    peer.click(ALICE, "show", own)
    assert "Block the sender" in peer.find("views.open", incident, after=after).text
    peer.slash(ALICE, f"approve {incident} block-addresses")
    card = peer.find("chat.postMessage", "Block the destination domains: 2 changes?", after=after)
    peer.slash(BIANCA, f"refuse {incident} block-domains they are <!here> ours")
    peer.find("chat.postMessage", f"*{incident}*  *REFUSED*", after=after)
    decided = [c for c in peer.calls if c.method == "chat.update" and c.body["ts"] == card.answer["ts"]][-1]
    assert "Refused by bianca at " in decided.text
    assert "they are &lt;!here&gt; ours" in decided.text
    assert decided.buttons() == {}


def test_an_answer_at_the_terminal_moves_the_run_on(desk: Desk, peer: Any) -> None:
    """A request answered at another door loses its buttons, and the run goes on as its starter's."""
    after = len(peer.calls)
    peer.slash(BIANCA, f"run small {complaint()}")
    own = peer.find("chat.postMessage", "Block the sender addresses: 1 change?", after=after)
    incident = own.body["text"].split(":")[0]
    desk.decide(incident, "block-addresses", approved=True, by="bianca", door="terminal")
    card = peer.find("chat.postMessage", "Block the destination domains: 2 changes?", after=after)
    desk.decide(incident, "block-domains", approved=True, by="alice", door="terminal")
    peer.find("chat.postMessage", f"*{incident}*  *CONTAINED*", after=after)
    decided = [c for c in peer.calls if c.method == "chat.update" and c.body["ts"] == card.answer["ts"]][-1]
    assert "Approved by alice" in decided.text
    assert set(desk.history(incident).ran_by) == {"bianca"}


def test_hostile_text_is_never_posted_as_it_is(desk: Desk, peer: Any) -> None:
    """Mentions, broadcasts and links of a complaint stay text, in every call to Slack."""
    after = len(peer.calls)
    evil = (
        "Subject: <!channel> <@U1> <!subteam^S1> <https://evil.example|your bank> ``` *x* {{ 7*7 }}\n"
        'To: "<!here>" <a@win-evil.example>\nSender: <boss@evil-sender.example>\nFrom: <http://x.example|y>\n\nx\n'
    )
    headline, incident = plan(peer, ALICE, evil)
    peer.click(ALICE, "plan", headline)
    peer.slash(ALICE, f"timeline {incident}")
    peer.slash(ALICE, "<!channel> <@U1>")
    peer.slash(ALICE, "plan <!everyone>.yaml x")
    peer.slash(ALICE, "status INC-<!channel>")
    peer.find("response_url", f"The timeline of {incident}", after=after)
    peer.find("response_url", "There is no `&lt;!channel&gt;`", after=after)
    peer.find("response_url", "no playbook &lt;!everyone&gt;", after=after)
    peer.find("response_url", "no incident INC-&lt;!channel&gt;", after=after)
    assert "&lt;!channel&gt; &lt;[@]U1&gt;" in peer.thread(headline.answer["ts"])
    assert "{{ 7*7 }}" in peer.thread(headline.answer["ts"])
    texts = [c.text for c in peer.calls[after:] if c.method != "auth.test"]
    assert not [t for t in texts if "<!" in t or "<@U1>" in t or "<http" in t or "evil.example" in t]
    found = desk.history(incident).complaints[0]
    assert found["subject"] == "<!channel> <@U1> <!subteam^S1> your bank https://evil.example ``` *x* {{ 7*7 }}"


def test_looking_is_for_everybody_and_doing_is_not(desk: Desk, peer: Any, folder: Path) -> None:
    """Status, timeline and help answer a stranger; plan, run, resume, approve and refuse do not."""
    _, incident = plan(peer, ALICE)
    before = len(desk.journal.incidents())
    after = len(peer.calls)
    peer.slash(MALLORY, "status")
    assert incident in peer.find("response_url", "PLANNED", after=after).text
    peer.slash(MALLORY, f"status {incident}")
    assert "2 planned" in peer.find("response_url", "block-domains: ", after=after).text
    peer.say(MALLORY, f"timeline {incident}", thread="1.5")
    whisper = peer.find("chat.postEphemeral", "Opened: Spam to our partners", after=after)
    assert (whisper.body["user"], whisper.body["thread_ts"]) == (MALLORY, "1.5")
    for n, said in enumerate(("help", "", "frobnicate")):
        peer.slash(MALLORY, said)
        peer.until(lambda n=n: sum("plan PLAYBOOK" in c.text for c in peer.calls[after:]) == n + 1)
    words = (
        "plan small x",
        "run small x",
        f"run {incident}",
        f"resume {incident}",
        f"approve {incident} block-domains",
    )
    for n, said in enumerate((*words, f"refuse {incident} block-domains")):
        peer.slash(MALLORY, said)
        peer.until(lambda n=n: sum("has no say" in c.text for c in peer.calls[after:]) == n + 1)
    assert len(desk.journal.incidents()) == before
    assert desk.history(incident).status == "planned"


def test_what_is_typed_wrong_is_answered_with_what_to_type(desk: Desk, peer: Any) -> None:
    """Each mistake has its sentence, for the one who made it; nothing is opened."""
    before = len(desk.journal.incidents())
    mistakes = {
        "plan": "plan what?",
        "plan small": "there is no complaint",
        "plan smal x": "there is no playbook",
        "plan ../../etc/passwd x": "beside irtool.yaml",
        "plan /etc/hosts.yaml x": "beside irtool.yaml",
        "timeline INC-2000-0001": "there is no incident INC-2000-0001",
        "approve INC-2000-0001": "which step of which incident?",
        "resume": "resume what?",
        "plan small --input nope=1 x": "nope",
    }
    for text, answer in mistakes.items():
        after = len(peer.calls)
        peer.slash(ALICE, text)
        assert peer.find("response_url", answer, after=after).body["user"] == ALICE
    assert len(desk.journal.incidents()) == before


def test_the_first_message_of_a_thread_is_the_complaint(desk: Desk, peer: Any) -> None:
    """`@irtool plan small` in a thread reads what the thread began with, without Slack's own markup."""
    after = len(peer.calls)
    peer.replies["7.7"] = (
        "To: &lt;<mailto:x@thread-win.example|x@thread-win.example>&gt;\nSubject: a &amp; b\n\nhello\n"
    )
    peer.say(ALICE, "plan small", thread="7.7")
    peer.find("chat.postMessage", "PLANNED", after=after)
    found = desk.history(desk.journal.incidents()[-1])
    assert found.complaints[0]["subject"] == "a & b"
    assert [c.target for c in found.plan.changes if c.verb == "domain.block"] == ["thread-win.example"]


def test_what_slack_repeats_is_done_once(desk: Desk, peer: Any) -> None:
    """The same event in a new envelope, and the same envelope, open one incident; both are acknowledged."""
    before = len(desk.journal.incidents())
    text = complaint()
    peer.say(ALICE, f"plan small {text}", event_id="EvSAME")
    peer.say(ALICE, f"plan small {text}", event_id="EvSAME")
    payload = {"command": "/irtool", "text": f"plan small {text}", "user_id": ALICE, "channel_id": "C1"}
    for _ in range(2):
        peer.envelope("slash_commands", payload, name="envelope-same")
    peer.until(lambda: len(desk.journal.incidents()) == before + 2)
    time.sleep(0.5)
    assert len(desk.journal.incidents()) == before + 2


def test_too_many_requests_are_repeated_when_slack_says(desk: Desk, peer: Any) -> None:
    """429 with Retry-After: waited for, then the same message arrives once."""
    after = len(peer.calls)
    peer.limit_next = 1
    headline, _ = plan(peer, ALICE)
    limited = peer.find("429 chat.postMessage", "PLANNED", after=after)
    assert headline.at - limited.at >= 1
    assert headline.body == limited.body


def test_a_run_does_not_need_slack(desk: Desk, peer: Any, talk: list[str]) -> None:
    """While Slack takes no message the run goes its way; afterwards everything is told."""
    headline, incident = plan(peer, ALICE)
    peer.down = True
    try:
        peer.click(ALICE, "start", headline)
        peer.until(lambda: desk.history(incident).status == "waiting")
        peer.until(lambda: any("internal_error" in t for t in talk))
    finally:
        peer.down = False
    after = len(peer.calls)
    peer.slash(ALICE, f"approve {incident} block-addresses")
    peer.find("chat.postMessage", "Block the destination domains: 2 changes?", incident, after=after)
    told = peer.thread(headline.answer["ts"])
    assert told.count("Run started") == 1
    assert told.count("Approval asked for Block the sender addresses") == 1


def test_an_alarm_of_a_watch_is_told_once_and_aloud(desk: Desk, peer: Any) -> None:
    """Whichever process watches; in the channel too, and a server's words cannot call everybody."""
    headline, incident = plan(peer, ALICE)
    after = len(peer.calls)
    data: dict[str, Any] = {"what": "mail", "reason": "mail", "messages": 7, "values": ["ip 192.0.2.9", "<!channel>"]}
    desk.journal.append(incident, Entry("watch.alarm", data, source="log"))
    alarm = peer.find("chat.postMessage", "ALARM: mail of the campaign is still accepted: 7 messages", after=after)
    assert incident in alarm.text
    assert "<!channel>" not in alarm.text
    assert alarm.body["thread_ts"] == headline.answer["ts"]
    assert alarm.body["reply_broadcast"] is True
    time.sleep(2.5)  # service looks around every two seconds
    assert len([c for c in peer.calls[after:] if "ALARM" in c.text]) == 1


def test_a_lost_connection_is_made_again(desk: Desk, peer: Any) -> None:
    """After Slack's `disconnect` a new socket is opened, and commands arrive over it."""
    before = peer.hellos
    peer.send({"type": "disconnect", "reason": "refresh_requested"})
    peer.until(lambda: peer.hellos == before + 1, patience=20)
    time.sleep(3.2)  # slack_sdk lets go of the old socket when its read times out
    after = len(peer.calls)
    peer.slash(ALICE, "status")
    peer.find("response_url", "INC-", after=after)


@pytest.mark.parametrize("which", ["app", "bot"])
def test_a_wrong_token_is_named(folder: Path, which: str, tmp_path: Path) -> None:
    """The message names the setting and Slack's reason, and never the token."""
    (tmp_path / "bad").write_text("xoxb-secret-and-wrong")
    text = (folder / "irtool.yaml").read_text().replace(f"file:{which}.token", f"file:{tmp_path}/bad")
    config = folder / f"{which}.yaml"
    config.write_text(text)
    talk: list[str] = []
    with open_desk(config) as desk, pytest.raises(ConfigError) as caught:
        serve(desk, talk.append, stop=threading.Event())
    assert caught.value.message == f"Slack does not take slack.{which}_token of irtool.yaml: invalid_auth"
    assert "secret-and-wrong" not in repr(caught.value) + str(talk)


def test_no_slack_section_says_what_to_write(tmp_path: Path) -> None:
    """The lines to add are shown."""
    (tmp_path / "irtool.yaml").write_text("org: {name: x}\n")
    with open_desk(tmp_path / "irtool.yaml") as desk, pytest.raises(ConfigError) as caught:
        serve(desk, print)
    assert [line.split(":")[0].strip() for line in caught.value.faults] == [
        "slack",
        "app_token",
        "bot_token",
        "channel",
    ]


def test_a_slack_that_is_not_there_is_named(folder: Path) -> None:
    """Connection refused is one sentence."""
    text = (folder / "irtool.yaml").read_text()
    config = folder / "nowhere.yaml"
    config.write_text(text[: text.index("api_url")] + 'api_url: "http://127.0.0.1:9/api/"}\n')
    with open_desk(config) as desk, pytest.raises(IrtoolError, match=r"cannot be reached at http://127\.0\.0\.1:9"):
        serve(desk, print)
