from __future__ import annotations

from pathlib import Path

import pytest

from irtool.errors import UsageError
from irtool.playbook import locate


def test_a_shipped_playbook_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, text = locate("email-abuse")
    assert Path(path).name == "email-abuse.yaml"
    assert text == Path(path).read_text()
    assert "playbook: email-abuse\n" in text


def test_a_file_is_found_by_its_path_and_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "email-abuse").write_text("playbook: mine\n")
    assert locate("email-abuse") == ("email-abuse", "playbook: mine\n")


def test_a_folder_of_that_name_does_not_hide_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "email-abuse").mkdir()
    assert locate("email-abuse")[0].endswith("email-abuse.yaml")


@pytest.mark.parametrize(
    ("ref", "what"),
    [
        ("email-abus", r'no playbook "email-abus".*shipped are email-abuse, spoofed-campaign.*mean "email-abuse"'),
        ("nope", r'no playbook "nope": no such file, and shipped are email-abuse, spoofed-campaign'),
        ("dir/email-abuse.yaml", r"there is no playbook file dir/email-abuse.yaml"),
        ("a\0b", "no playbook"),
        ("x" * 5000, "no playbook"),
    ],
)
def test_what_is_not_there(ref: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        locate(ref)


def test_what_is_not_readable_text(tmp_path: Path) -> None:
    binary = tmp_path / "p.yaml"
    binary.write_bytes(b"playbook: \xff\xfe")
    with pytest.raises(UsageError, match=r"p\.yaml is not UTF-8 text \(byte 10\)"):
        locate(str(binary))
    binary.write_bytes(b"#" * 5_000_000)
    with pytest.raises(UsageError, match="larger than 1 MB"):
        locate(str(binary))
