"""Files in one folder and never out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from irtool.adapters.files import FilePool, FileSender
from irtool.errors import NotSent, Rejected
from irtool.records import Call


def write(name: str, body: str = "hello\n", method: str = "WRITE") -> Call:
    return Call("desk", method, name, transport="file", body=body, changes=True)


def test_a_file_is_written_whole_and_replaced(tmp_path: Path) -> None:
    sender = FilePool(tmp_path / "out").sender()
    reply = sender.send(write("it/bollettino.md", "è qui\n"))
    assert (reply.status, reply.body) == (0, str(tmp_path.resolve() / "out/it/bollettino.md"))
    sender.send(write("it/bollettino.md", "nuovo\n"))
    assert (tmp_path / "out/it/bollettino.md").read_text(encoding="utf-8") == "nuovo\n"
    assert [p.name for p in (tmp_path / "out/it").iterdir()] == ["bollettino.md"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/../../x", "/etc/x", "a\nb", ".hidden", "a/.git/x", "x/", "a" * 201, "a\0b"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Rejected):
        FileSender(tmp_path / "out").send(write(name))
    assert not any(tmp_path.rglob("*.md"))


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("keep")
    (tmp_path / "out/link").symlink_to(tmp_path)
    (tmp_path / "out/file.md").symlink_to(tmp_path / "secret")
    sender = FileSender(tmp_path / "out")
    with pytest.raises(Rejected, match="leads out"):
        sender.send(write("link/x.md"))
    sender.send(write("file.md", "new"))
    assert (tmp_path / "secret").read_text() == "keep"
    assert (tmp_path / "out/file.md").read_text() == "new"


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    sender = FileSender(tmp_path)
    sender.send(write("a.md", "old"))
    with pytest.raises(NotSent, match="not valid Unicode"):
        sender.send(write("a.md", "\ud800"))
    assert (tmp_path / "a.md").read_text() == "old"
    with pytest.raises(NotSent, match="cannot be written"):
        sender.send(write("a.md/b.md"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]


def test_only_writing(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="cannot be asked to DELETE"):
        FileSender(tmp_path).send(write("a.md", method="DELETE"))


@pytest.mark.parametrize("name", ["irtool.yaml", "irtool.db", "irtool.db.seal", "playbooks/x.yml", "bulletin"])
def test_only_documents_are_written(tmp_path: Path, name: str) -> None:
    """A playbook's file name never replaces the journal, the configuration or another playbook."""
    (tmp_path / "irtool.db").write_text("keep")
    with pytest.raises(Rejected, match="is not a document"):
        FileSender(tmp_path).send(write(name))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("irtool.db", "keep")]
