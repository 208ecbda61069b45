"""Every call of a whole run broken in every way: the server ends up as planned, each change made exactly once.

A few kinds at every call here; all kinds at every call: tests/run soak.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from irtool.errors import IrtoolError
from tests.services.faults import KINDS, NEVER_APPLIED, Asked

from .faulty import Fast, Run, Stage, stage

EVERY_CALL = ("reset_after", "other_json_after")
OTHERS = sorted(set(KINDS) - set(EVERY_CALL))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The stage, once for all tests here."""
    with stage(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.mark.parametrize("kind", EVERY_CALL)
def test_a_fault_at_every_call_of_a_run(played: Stage, kind: str) -> None:
    for at in range(1, played.calls + 1):
        played.check_run(kind, at)


@pytest.mark.parametrize("kind", OTHERS)
def test_every_other_fault_at_some_calls(played: Stage, kind: str) -> None:
    """At every eleventh call, each kind begins at another one."""
    for at in range(1 + OTHERS.index(kind) % 11, played.calls + 1, 11):
        played.check_run(kind, at)


@pytest.mark.parametrize("kind", ["reset_after", "unavailable_after", "login_page"])
def test_a_fault_at_some_calls_of_an_undo(played: Stage, kind: str) -> None:
    for at in range(1 + len(kind) % 3, played.undo_calls + 1, 3):
        played.check_undo(kind, at)


@pytest.mark.parametrize("kind", ["login_page", "reset_before", "no_token", "unavailable"])
def test_a_server_that_is_broken_for_good(played: Stage, kind: str) -> None:
    """It ends, it does not hang; nothing was changed; and once the server is well again the run comes through."""
    with played.play() as run:
        played.proxy.order(kind)
        with pytest.raises(AssertionError):
            run.through(most=2)
        assert run.counts()["applied"] == 0
        assert run.state() == played.before
        played.proxy.clear()
        run.through()
        assert run.state() == played.whole


def changing(asked: Asked) -> bool:
    return asked.method != "GET" and "dry_run" not in asked.path


@pytest.mark.parametrize("kind", ["reset_before", "login_page", "not_found", "no_token"])
def test_changes_that_all_go_wrong(played: Stage, kind: str) -> None:
    """The plan can be made, and then each changing request is broken: the end says so, and a resume mends it."""
    with played.play() as run:
        played.proxy.order(kind, match=changing)
        with pytest.raises(AssertionError) as caught:
            run.through(most=2)
        assert "failed" in str(caught.value) or "not known" in str(caught.value)
        if kind in NEVER_APPLIED:
            assert run.counts()["applied"] == 0
        played.proxy.clear()
        outcome = run.desk.runner(run.incident).run(run.incident, "alice")
        assert outcome.word == "done"
        assert (run.state(), run.counts()["applied_twice"]) == (played.whole, 0)


class Unsteady(Fast):
    """A clock that somebody sets back by an hour again and again, as a broken time server does."""

    def __init__(self) -> None:
        self._asked = 0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            self._asked += 1
            return datetime.now(UTC) - timedelta(hours=self._asked // 3 % 7)


def test_a_clock_that_steps_back(played: Stage) -> None:
    """Nothing waits for an hour to pass again, and the journal stays in order."""
    with played.play() as run:
        run.desk.clock = Unsteady()  # type: ignore[assignment]
        played.proxy.order("too_many_until", 20)
        assert run.through() == 1
        assert run.state() == played.whole
        assert run.desk.journal.verify(run.incident).whole
        assert run.undone() == 1
        assert run.state() == played.undone


ASKS = """\
playbook: asks
title: One request to an API that nobody knows
owner: tests
steps:
  - id: suspend
    title: Suspend it
    uses: http.call
    each: "['T000']"
    with:
      connector: sandbox
      method: PATCH
      path: "/v1/accounts/{target}"
      body: {status: disabled}
"""


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "silent_after", "login_page", "unavailable_after"])
def test_what_nobody_can_look_up_is_asked_about(played: Stage, kind: str) -> None:
    """Such a request is never sent again by itself: a person says what became of it, and only a no does it again."""
    with played.play() as run:
        run.open(ASKS)
        run.desk.plan(run.incident, "alice")
        sent = len(played.proxy.asked)
        played.proxy.order(kind, 1, match=changing)
        approve_all(run)
        for _ in range(3):
            outcome = run.desk.runner(run.incident).run(run.incident, "alice")
            assert (outcome.word, outcome.unknown) == ("unknown", ("suspend/T000",))
        assert len(played.proxy.asked) == sent + 2  # whether the token may, by reading; then the request itself
        applied = run.counts()["applied"] == 1
        assert applied == (kind not in NEVER_APPLIED)
        run.desk.settle(run.incident, "suspend/T000", applied=applied, by="alice")
        outcome = run.desk.runner(run.incident).run(run.incident, "alice")
        assert outcome.word == "done"
        assert run.counts()["applied"] == 1


def approve_all(run: Run) -> None:
    """Say yes to what asks for it."""
    for step in run.desk.planned(run.incident).steps:
        try:
            run.desk.decide(run.incident, step.id, approved=True, by="alice", door="terminal")
        except IrtoolError:
            continue
