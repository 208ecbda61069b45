"""The service ends and begins again: nothing that stands in the channel goes stale."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from irtool.wiring import Desk

COMPLAINT = "From: info@brand.example\nTo: a@win-prizes.example\nSubject: x\n\ny\n"


def test_buttons_of_before_a_restart_still_work(
    serving: Callable[..., AbstractContextManager[Desk]], folder: Path, peer: Any, talk: list[str]
) -> None:
    """A card from an earlier process is answered, loses its buttons, and the same headline and thread go on."""
    with serving(folder, peer, talk):
        peer.slash("U0ALICE", f"run small {COMPLAINT}")
        peer.click("U0ALICE", "approve", peer.find("chat.postMessage", "Block the sender addresses: 1 change?"))
        card = peer.find("chat.postMessage", "Block the destination domains: 1 change?")
        headline = peer.find("chat.postMessage", "irtool.plan")
        incident = headline.body["text"].split()[0]
    after = len(peer.calls)
    with serving(folder, peer, talk) as desk:
        peer.click("U0ALICE", "approve", card)
        peer.find("response_url", "it takes somebody else", after=after)
        peer.click("U0BIANCA", "approve", card)
        peer.find("chat.postMessage", f"*{incident}*  *CONTAINED* 2/2", after=after)
        assert desk.history(incident).status == "contained"
    edits = [c for c in peer.calls[after:] if c.method == "chat.update"]
    assert "Approved by bianca" in next(c for c in edits if c.body["ts"] == card.answer["ts"]).text
    assert "*CONTAINED* 2/2" in [c for c in edits if c.body["ts"] == headline.answer["ts"]][-1].text
    assert not [c for c in peer.calls[after:] if c.method == "chat.postMessage" and "thread_ts" not in c.body]
    told = peer.thread(headline.answer["ts"])
    assert told.count("Opened: Spam to our partners") == 1
    assert told.count("Done: block domain win-prizes[.]example") == 1


def test_ctrl_c_ends_the_command_cleanly(folder: Path, peer: Any) -> None:
    """`irtool slack` connects, says so, and ends with 130 and no traceback."""
    hellos = peer.hellos
    command = [sys.executable, "-m", "irtool", "slack", "--config", str(folder / "irtool.yaml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}) as process:
        peer.until(lambda: peer.hellos > hellos)
        assert process.stderr is not None
        assert process.stderr.readline() == "serving C0INCIDENTS; Ctrl-C ends it\n"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(30) == 130
    assert "runs finish what is in flight" in said
    assert "Traceback" not in said
