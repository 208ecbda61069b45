"""The question at the terminal: yes, no, show, and leaving some out by number or name."""

from __future__ import annotations

import io
import sys

import pytest

from irtool.cli import approver
from irtool.records import Change, Decision, PlanStep

NAMES = ("a.example", "b.example", "c.example")
CHANGES = [Change("s", n, "domain.block", n, "fake", "do", before="absent", after="blocked") for n in NAMES]


def ask(monkeypatch: pytest.MonkeyPatch, typed: str, approval: str = "self", **more: object) -> Decision | None:
    monkeypatch.setattr(approver, "interactive", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    step = PlanStep("s", "Block them", "domain.block", approval, "stop", "h", tuple(CHANGES))
    return approver.TerminalApprover("alice", **more).ask("INC-2026-0001", step, CHANGES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "decision"),
    [
        ("y\n", Decision(True, "alice", "terminal")),
        ("s\nno\n", Decision(False, "alice", "terminal")),
        ("v\n2\na customer\n", Decision(False, "alice", "terminal", "a customer", ("b.example",))),
        (
            "veto some\n 1, c[.]example ,1\n\n",
            Decision(False, "alice", "terminal", "", ("a.example", "c.example")),
        ),
        ("v\n\ny\n", Decision(True, "alice", "terminal")),
        ("v\n4\ny\n", Decision(True, "alice", "terminal")),
        ("v\n1, evil\x1b[2J\ny\n", Decision(True, "alice", "terminal")),
        ("", None),
    ],
)
def test_what_is_typed(monkeypatch: pytest.MonkeyPatch, typed: str, decision: Decision | None) -> None:
    assert ask(monkeypatch, typed) == decision


def test_numbers_are_shown_and_nothing_typed_is_printed_raw(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(monkeypatch, "v\nevil\x1b[2J\ny\n")
    said = capsys.readouterr().err
    assert "    2  b[.]example" in said
    assert "There is no evil" in said
    assert "\x1b[2J" not in said


def test_a_peer_step_is_not_asked_here_and_break_glass_says_yes_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(monkeypatch, "y\n", "peer") is None
    decision = ask(monkeypatch, "", "peer", break_glass="alone on call")
    assert decision == Decision(True, "alice", "terminal", break_glass="alone on call")
    assert "BREAK-GLASS  s: 3 changes without the approval of others" in capsys.readouterr().err
