"""What is typed wrong: a sentence that says what is wrong with it, the right exit code, and nothing changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .conftest import Refuses
from .world import INCIDENT, World
from .world import world as make_world


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One incident with a plan, for what must not change it."""
    with make_world(tmp_path_factory.mktemp("planned")) as made:
        made.irtool("plan", "email-abuse", "complaint.eml", "--as", "alice", code=0)
        yield made


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (2, ["status", "INC-2020-0099"], "there is no incident INC-2020-0099"),
        (2, ["run", "INC-2020-0099", "--as", "alice"], "there is no incident INC-2020-0099"),
        (2, ["resume", "INC-2020-0099", "--as", "alice"], "there is no incident INC-2020-0099"),
        (2, ["undo", "INC-2020-0099", "--yes", "--as", "alice"], "there is no incident INC-2020-0099"),
        (2, ["report", "INC-2020-0099"], "there is no incident INC-2020-0099"),
        (2, ["timeline"], "there are no incidents yet"),
        (2, ["resume", "--as", "alice"], "there are no incidents yet"),
        (2, ["run", "email-abuse", "complaint.eml", "--as", "alice", "--input", "since=yesterday"], "since"),
        (2, ["run", "email-abuse", "complaint.eml", "--as", "alice", "--input", "sinse=24h"], "sinse"),
        (2, ["run", "email-abuse", "complaint.eml", "--as", "alice", "--input", "since"], "NAME=VALUE"),
        (2, ["run", "email-abuse", "--as", "alice"], "complaint"),
        (2, ["triage", "complaint.eml", "--since", "soon"], "soon"),
        (5, ["run", "email-abuse", "complaint.eml", "--as", "carol"], "nobody speaks for another"),
        (5, ["run", "email-abuse", "complaint.eml", "--as", "zoe"], "zoe is not one of the people"),
        (2, ["schema", "everything"], "everything"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_what_cannot_be_meant(refuses: Refuses, world: World, code: int, words: list[str], says: str) -> None:
    """A sentence that says what is wrong with it, and what to type next."""
    said = refuses(code, *words)
    assert says in said.err
    assert "Next:" in said.err
    assert world.incidents() == []


@pytest.mark.parametrize(
    ("code", "words", "says"),
    [
        (2, ["approve", INCIDENT, "notifi", "--as", "bianca"], "no step 'notifi'"),
        (2, ["approve", INCIDENT, "notify", "--item", "C9", "--as", "bianca"], "no change 'C9'"),
        (2, ["approve", INCIDENT, "notify"], "alice, bianca: say who you are"),
        (5, ["approve", INCIDENT, "notify", "--as", "carol"], "nobody speaks for another"),
        (5, ["approve", INCIDENT, "block-ips", "--as", "bianca"], "needs no approval"),
        (2, ["undo", INCIDENT, "block-ipz", "--yes", "--as", "alice"], "block-ipz"),
        (2, ["undo", INCIDENT, "block-ips", "192.0.2.77", "--yes", "--as", "alice"], "192.0.2.77"),
        (2, ["note", "Called them", "--at", "2025-04-14T16:52", "--as", "alice"], "without a zone"),
        (2, ["note", "Called them", "--at", "yesterday", "--as", "alice"], "this is not a time"),
        (2, ["note", "  ", "--as", "alice"], "the note is empty"),
        (2, ["report", "--lang", "tlh"], "tlh"),
        (2, ["report", "--format", "docx"], "docx"),
        (2, ["report", "--output", "nowhere/r.html", "--format", "html"], "nowhere"),
        (2, ["timeline", "--format", "pdf"], "pdf"),
        (2, ["notices", "--customer", "C9"], "no notice to C9"),
        (2, ["resume", "--settle", "notify/C1", "--as", "alice"], "STEP/TARGET=done"),
        (2, ["resume", "--settle", "notify/C9=done", "--as", "alice"], "notify/C9"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else None,
)
def test_what_cannot_be_done_to_an_incident(planned: World, code: int, words: list[str], says: str) -> None:
    """The same where there is an incident, which stays as it was."""
    before = planned.head()
    said = planned.irtool(*words, code=code)
    assert (said.out, says in said.err, "Next:" in said.err) == ("", True, True), said.err
    assert planned.head() == before
    assert planned.counts()["applied"] == 0
