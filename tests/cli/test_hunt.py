"""irtool hunt in a small world: what the log holds, without any complaint."""

from __future__ import annotations

from .conftest import Refuses
from .terminal import Terminal
from .world import World


def test_the_campaign_is_found_without_a_complaint(world: World) -> None:
    said = world.irtool("hunt", code=0)
    assert "critical  cross-tenant-impersonation" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert "irtool triage COMPLAINT" in said.err
    hits = {one["name"]: one for one in world.irtool("hunt", "--json", code=0).json["hits"]}
    assert hits["cross-tenant-impersonation"]["accounts"] == world.trials


def test_one_signature_that_the_log_cannot_answer(world: World) -> None:
    said = world.irtool("hunt", "yarix-2014", code=0)
    assert "nothing bears any of them" in said.out
    assert "yarix-2014 was not asked: it asks about" in said.talk


def test_what_is_wrong_is_said(refuses: Refuses) -> None:
    assert "there is no signature yarix" in refuses(2, "hunt", "yarix").err
    assert "is not a duration" in refuses(2, "hunt", "--since", "soon").err


def test_without_a_log_there_is_nothing_to_ask(bare: Terminal) -> None:
    assert "there is no log to ask" in bare("hunt", code=2).err
