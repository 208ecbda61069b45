"""A single target left out, two persons, break-glass and a world that moves, in Slack."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from irtool.wiring import Desk, open_desk

ALICE, BIANCA, CARLO, DORA = "U0ALICE", "U0BIANCA", "U0CARLO", "U0DORA"
HEADERS = """\
From: info@brand.example
Sender: <spam{n}@trial-y.example>
To: victim@prize{n}.example, other@raffle{n}.example
Subject: You won
Message-ID: <{n}@y.example>

text
"""
_numbers = itertools.count(1)


def waiting(peer: Any, book: str = "two") -> tuple[Any, str, int]:
    """An incident of alice's that waits at block-domains: the card, its name, and the number of its targets."""
    n, after = next(_numbers), len(peer.calls)
    peer.slash(ALICE, f"run {book} {HEADERS.format(n=n)}")
    if book == "small":
        own = peer.find("chat.postMessage", "Block the sender addresses: 1 change?", after=after)
        peer.click(ALICE, "approve", own)
    card = peer.find("chat.postMessage", "Block the destination domains: 2 changes?", after=after)
    return card, card.body["text"].split(":")[0], n


def states(desk: Desk, incident: str) -> dict[str, str]:
    return {name: s.state for name, s in desk.history(incident).changes.items() if name.startswith("block-domains/")}


def test_one_target_is_left_out_and_the_rest_goes_on(desk: Desk, peer: Any) -> None:
    """Picked from the menu of the card: only people with a say, and only in the plan that was shown."""
    card, incident, n = waiting(peer, "small")
    _, options = card.menu()
    assert set(options) == {f"prize{n}[.]example", f"raffle{n}[.]example"}
    after = len(peer.calls)
    peer.choose(CARLO, f"prize{n}[.]example", card)
    peer.find("response_url", "carlo is not in the group mail-sec-leads", after=after)
    peer.choose(BIANCA, f"prize{n}[.]example", card)
    peer.find("response_url", f"prize{n}[.]example is left out of block-domains", after=after)
    peer.click(BIANCA, "approve", card)
    peer.find("chat.postMessage", incident, "CONTAINED", after=after)
    assert states(desk, incident) == {
        f"block-domains/prize{n}.example": "skipped",
        f"block-domains/raffle{n}.example": "done",
    }


def test_typed_with_a_reason(desk: Desk, peer: Any) -> None:
    card, incident, n = waiting(peer, "small")
    after = len(peer.calls)
    peer.slash(BIANCA, f"veto {incident} block-domains")
    peer.find("response_url", "veto which target?", after=after)
    peer.slash(BIANCA, f"veto {incident} block-domains raffle{n}[.]example a real customer")
    peer.find("response_url", "vetoed in part by bianca", after=after)
    status = desk.history(incident).changes[f"block-domains/raffle{n}.example"]
    assert (status.state, status.error) == ("skipped", "refused by bianca: a real customer")
    peer.click(BIANCA, "refuse", card)
    peer.find("chat.postMessage", incident, "REFUSED", after=after)


def test_two_persons(desk: Desk, peer: Any) -> None:
    """The card says who has said yes, keeps its buttons until there are enough, and a yes can be taken back."""
    card, incident, _ = waiting(peer)
    assert "It needs the yes of 2 persons within 4h" in card.text
    after = len(peer.calls)
    peer.click(BIANCA, "approve", card)
    edited = peer.find("chat.update", "so far: bianca", after=after)
    assert edited.body["ts"] == card.answer["ts"]
    assert {"approve", "refuse", "show"} <= set(edited.buttons())
    peer.click(BIANCA, "approve", card)
    peer.find("response_url", "bianca has approved it already", after=after)
    peer.slash(BIANCA, f"revoke {incident} block-domains not sure")
    peer.find("response_url", "no longer approved by bianca", after=after)
    peer.click(DORA, "approve", card)
    peer.find("chat.update", "so far: dora", after=after)
    assert set(states(desk, incident).values()) == {"planned"}
    peer.click(BIANCA, "approve", card)
    peer.find("chat.postMessage", incident, "CONTAINED", after=after)
    given = [(a.person, a.revoked, a.expires_at is not None) for a in desk.history(incident).approvals]
    assert given == [("bianca", True, True), ("dora", False, True), ("bianca", False, True)]


def test_break_glass_is_said_aloud_and_stays_on_the_headline(desk: Desk, peer: Any) -> None:
    _, incident, _ = waiting(peer)
    after = len(peer.calls)
    peer.slash(ALICE, f"break-glass {incident} block-domains")
    peer.find("response_url", "break-glass needs a reason", after=after)
    peer.slash(ALICE, f"break-glass {incident} block-domains alone on call <!here>")
    peer.find("chat.postMessage", incident, "CONTAINED", after=after)
    loud = [
        c for c in peer.calls[after:]
        if c.method == "chat.postMessage" and c.body.get("reply_broadcast") and "BREAK-GLASS" in c.text
    ]  # fmt: skip
    assert loud
    assert all("<!here>" not in c.text for c in peer.calls[after:])
    peer.find("chat.update", "BREAK-GLASS", f"/irtool ratify {incident}", after=after)
    peer.slash(ALICE, f"ratify {incident}")
    peer.find("response_url", "it takes somebody else to ratify it", after=after)
    peer.slash(BIANCA, f"disown {incident}")
    peer.find("response_url", "disown needs a reason", after=after)
    peer.slash(BIANCA, f"ratify {incident} it was right")
    peer.find("response_url", "break-glass ratified by bianca", after=after)
    assert desk.history(incident).break_glass[0].ratified_by == "bianca"


def test_a_plan_that_the_world_has_left_behind(desk: Desk, peer: Any, folder: Path) -> None:
    """Somebody protects a target between plan and start: nothing is done, the new plan is in the headline."""
    n, after = next(_numbers), len(peer.calls)
    peer.slash(ALICE, f"plan two {HEADERS.format(n=n)}")
    headline = peer.find("chat.postMessage", "PLANNED", "irtool.plan", after=after)
    incident = headline.body["text"].split()[0]
    plan = desk.history(incident).plan
    with open_desk(folder / "irtool.yaml") as other:
        other.runner(incident, armed=False).decide(
            incident, "block-domains", approved=True, by="bianca", door="terminal"
        )
    protected = desk.config.settings.protected
    desk._made = (plan.hash, datetime.now(UTC) - timedelta(hours=1))  # it was planned an hour ago
    try:
        object.__setattr__(protected, "domains", (f"prize{n}.example",))
        peer.click(ALICE, "start", headline)
        peer.find(
            "chat.postMessage", incident, "The world has moved since the plan", f"prize{n}[.]example", after=after
        )
    finally:
        object.__setattr__(protected, "domains", ())
    history = desk.history(incident)
    assert history.plan.hash != plan.hash
    assert {s.state for s in history.changes.values()} == {"planned", "refused"}
    assert history.status == "planned"
