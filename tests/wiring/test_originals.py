"""The complaints of an incident: each is bound to the file it came in, and the file is proved, not believed."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from irtool import config as configuration
from irtool.config import Config
from irtool.intake import read_complaints
from irtool.records import to_json
from irtool.wiring import originals

MAIL = b"From: a@b.example\nTo: c@d.example\nSubject: x\nMessage-ID: <1@b.example>\n\nhttp://e.example/\n"
MBOX = b"From a@b.example Mon Apr 14 15:31:09 2025\n" + MAIL + b"\nFrom a@b.example Mon Apr 14 15:31:09 2025\n" + MAIL
FORWARD = (
    b"From: r@b.example\nTo: abuse@d.example\nSubject: spam\nContent-Type: multipart/mixed; boundary=b\n\n"
    + (b"--b\nContent-Type: message/rfc822\n\n" + MAIL) * 2
    + b"--b--\n"
)


def archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("odd: name message 3/a.eml", MAIL)
        file.writestr("box.mbox", MBOX)
        file.writestr("forward.eml", FORWARD)
    return packed.getvalue()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "irtool.yaml"
    path.write_text("journal: ./irtool.db\n")
    return configuration.load(path)


def recorded(config: Config, sources: list[tuple[str, bytes]]) -> list[dict[str, object]]:
    """What the journal has of these complaints after an incident was opened."""
    complaints = read_complaints(sources)
    kept = originals.keep(config, sources, complaints)
    assert len(kept) == len(complaints)
    return [{**to_json(one), "evidence": where} for one, where in zip(complaints, kept, strict=True)]  # type: ignore[dict-item]


def test_every_complaint_knows_its_file_however_it_was_packed(config: Config) -> None:
    sources = [
        ("a.eml", MAIL), ("box.mbox", MBOX), ("-", b"info [AT] x [DOT] example"), ("a message 7: b", FORWARD),
        ("many.zip", archive()),
    ]  # fmt: skip
    found = originals.proved(config, recorded(config, sources))
    assert [(one.source, len(one.complaints)) for one in found] == [
        ("a.eml", 1), ("box.mbox", 2), ("-", 1), ("a message 7: b", 2), ("many.zip", 5),
    ]  # fmt: skip
    assert {one.state for one in found} == {"whole"}
    assert [originals.content(config, one) for one in found] == [content for _, content in sources]
    assert [one.sha256 for one in found] == [hashlib.sha256(content).hexdigest() for _, content in sources]


def test_the_same_bytes_under_two_names_are_one_file_and_two_pieces_of_evidence(config: Config) -> None:
    found = originals.proved(config, recorded(config, [("a.eml", MAIL), ("copy.eml", MAIL)]))
    assert [one.source for one in found] == ["a.eml", "copy.eml"]
    assert len(list(originals.originals(config).folder.iterdir())) == 1


def test_what_is_missing_or_changed_is_told(config: Config) -> None:
    complaints = recorded(config, [("a.eml", MAIL), ("box.mbox", MBOX)])
    folder = originals.originals(config).folder
    (folder / hashlib.sha256(MAIL).hexdigest()).unlink()
    (folder / hashlib.sha256(MBOX).hexdigest()).write_bytes(MBOX.replace(b"Subject: x", b"Subject: y"))
    found = originals.proved(config, complaints)
    assert [one.state for one in found] == ["missing or changed", "missing or changed"]
    assert "not in" in found[0].why
    assert "was changed" in found[1].why


def test_what_is_beyond_the_cap_is_not_kept_and_said_to_be(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(originals, "MAX_KEPT", len(MBOX))
    found = originals.proved(config, recorded(config, [("a.eml", MAIL), ("box.mbox", MBOX), ("b.eml", MAIL)]))
    assert [one.state for one in found] == ["whole", "not kept", "whole"]
    assert found[1].sha256 == hashlib.sha256(MBOX).hexdigest()
    assert found[1].why


def test_an_incident_of_before_is_told_apart(config: Config) -> None:
    old = [to_json(one) for one in read_complaints([("a.eml", MAIL)])]
    found = originals.proved(config, old)  # type: ignore[arg-type]  # a record is an object
    assert [(one.state, one.sha256) for one in found] == [("not kept", hashlib.sha256(MAIL).hexdigest())]


def test_a_file_without_a_complaint_is_not_kept(config: Config) -> None:
    recorded(config, [("a.eml", MAIL), ("note.pdf", b"%PDF-1.7")])
    assert [path.name for path in originals.originals(config).folder.iterdir()] == [hashlib.sha256(MAIL).hexdigest()]
