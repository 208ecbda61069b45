"""`irtool doctor`, and the same before a run: what cannot be done is known before the first change."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from .test_leases import run as run_short
from .world import INCIDENT, READER, TOKEN, World


def _with_token(world: World, token: str, **more: Any) -> None:
    world.configure(connectors={"sandbox": {"url": world.url, "token": "file:token"}}, **more)
    Path(world.folder, "token").write_text(f"{token}\n")


def _checks(world: World, code: int = 0, **about: str) -> list[dict[str, Any]]:
    found = world.irtool("doctor", "--json", code=code).json["checks"]
    return [c for c in found if all(c[key] == value for key, value in about.items())]


def test_doctor_has_a_word_for_every_verb(world: World) -> None:
    can = {verb for check in _checks(world, able="can") for verb in check["verbs"]}
    assert {"domain.block", "account.disable", "queue.purge", "bulletin.write", "note.add"} <= can
    unproven = {verb: check["says"] for check in _checks(world, able="unproven") for verb in check["verbs"]}
    assert set(unproven) == {"http.call", "notice.send", "abuse.report"}
    assert all("cannot be proven by reading" in says for says in unproven.values())
    assert _checks(world, able="cannot") == []
    text = world.irtool("doctor", code=0).out
    assert "?     mail" in text
    assert "can do account.disable, " in text


def test_doctor_with_a_credential_that_only_reads(world: World) -> None:
    _with_token(world, READER)
    (no,) = _checks(world, 2, able="cannot", what="sandbox")
    assert {"domain.block", "account.disable", "policy.set"} <= set(no["verbs"])
    assert "the token may only read" in no["says"]
    assert READER not in world.irtool("doctor", code=2).text
    assert not [c for c in _checks(world, 2, able="can") if c["what"] == "sandbox"]


def test_a_credential_that_was_narrowed_since_the_plan(world: World) -> None:
    """The plan was made with one that could; the run asks again, and `undo` does too."""
    _with_token(world, TOKEN)
    world.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
    _with_token(world, READER)
    said = world.irtool("run", INCIDENT, "--as", "alice", "--yes", code=5)
    assert "sandbox cannot account.disable, address.block, domain.block, ip.block, queue.hold" in said.err
    assert "Nothing was changed." in said.err
    assert "irtool doctor" in said.err


def test_an_undo_with_a_credential_that_only_reads(small: World) -> None:
    _with_token(small, TOKEN)
    small.run(code=3)
    before = small.provider.dump()
    _with_token(small, READER)
    said = small.irtool("undo", "--as", "alice", "--yes", code=5)
    assert "the token may only read" in said.err
    assert small.provider.dump() == before
    _with_token(small, TOKEN)
    small.irtool("undo", "--as", "alice", "--yes", code=0)


def test_a_shadow_run_needs_a_reader_only(world: World) -> None:
    _with_token(world, READER)
    said = world.run("--shadow")
    assert "cannot" not in said.err
    assert said.code != 5


def test_the_check_costs_one_request(small: World) -> None:
    """Once for all verbs of the connector, not once for each change."""
    small.run(code=3)
    with small.provider.session() as state:
        assert state.requests.count(path="/v1/ping")["requests"] == 1


def test_doctor_says_what_is_in_shadow_mode(world: World) -> None:
    assert _checks(world, what="shadow") == []
    world.configure(shadow=["queue.purge", "mail"])
    (shadow,) = _checks(world, what="shadow")
    assert shadow["level"] == "warn"
    assert "queue.purge, mail" in shadow["says"]


def test_doctor_says_what_is_over_and_still_in_force(small: World) -> None:
    run_short(small, domains="1s")
    deadline = time.monotonic() + 30
    while not (found := _checks(small, what="leases")) and time.monotonic() < deadline:
        time.sleep(0.2)
    (over,) = found
    assert over["level"] == "warn"
    assert over["says"] == f"1 still in force although the time is up ({INCIDENT})"
    assert "irtool expire" in over["hint"]
    small.irtool("expire", code=0)
    assert _checks(small, what="leases") == []


def test_doctor_finds_a_template_with_a_fault(world: World) -> None:
    broken = world.folder / "own" / "notices" / "en" / "customer-notice-correction.txt.j2"
    broken.parent.mkdir(parents=True)
    broken.write_text("Subject: sorry\n{% if %}\n")
    world.configure(templates="./own")
    (fault,) = _checks(world, 2, what="templates")
    assert "customer-notice-correction.txt.j2:2" in fault["says"]
    (no,) = _checks(world, 2, able="cannot")
    assert (no["what"], no["verbs"]) == ("mail", ["notice.send"])


def test_doctor_finds_an_outbox_that_cannot_be(world: World) -> None:
    (world.folder / "outbox").write_text("a file")
    (no,) = _checks(world, 2, able="cannot")
    assert (no["what"], no["verbs"]) == ("mail", ["abuse.report", "notice.send"])
    (fault,) = _checks(world, 2, what="mail", able="")
    assert "messages cannot be written to" in fault["says"]


def test_doctor_without_a_way_for_notices(world: World) -> None:
    world.configure(notices=None)
    (found,) = _checks(world, what="notices")
    assert found["level"] == "warn"
