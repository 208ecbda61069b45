"""Paper and Word when what makes them is not there: said before anything is written, with what to type."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from irtool.adapters import pandoc, pdf
from irtool.errors import UsageError


def test_no_weasyprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(UsageError, match="nothing was written") as said:
        pdf.pdf("<p>x")
    assert said.value.hint == "pip install 'irtool[pdf]'"


def test_no_pango(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """WeasyPrint without its native library says so with an OSError when it is imported."""
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0\\n\\nmore')")
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=r"cannot load library libpango-1\.0-0; nothing was written") as said:
        pdf.pdf("<p>x")
    assert said.value.hint.startswith("apt-get install libpango")


def test_no_pandoc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="pandoc, which is not installed; nothing was written") as said:
        pandoc.docx("# x", "en")
    assert said.value.hint.startswith("apt-get install pandoc")


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ("echo 'Unknown option --sandbox.' >&2; exit 6", "Unknown option --sandbox"),
        ("exit 3", "it ended with 3"),
        ("echo '[1]'", "irtool does not know"),
        ("echo 'no JSON'", "irtool does not know"),
        ("kill -9 $$", "was killed by signal 9"),
    ],
)
def test_a_pandoc_that_cannot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, what: str) -> None:
    """Too old, broken or killed: no file, no traceback."""
    program = tmp_path / "pandoc"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(UsageError, match=what):
        pandoc.docx("# x", "en")


def test_a_report_of_any_length_is_not_given_to_pandoc() -> None:
    with pytest.raises(UsageError, match=r"too long for docx|not installed"):
        pandoc.docx("x" * 5_000_001, "en")
