"""A look at a log before the night it is needed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from irtool.adapters.logs import FORMATS, LogFile
from irtool.adapters.logs.columns import LOG
from irtool.adapters.logs.cures import CURES, advice, cure
from irtool.adapters.logs.survey import survey

ROW = {"time": "2025-04-14T12:00:00Z", "account": "T1", "header_from": "a@b.example"}


def test_what_a_sample_has(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [dict(ROW) for _ in range(400)]
    rows[7]["header_sender"] = "m@t.example"
    rows[8]["subject"] = "the only one"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "torn {")
    seen = survey(LogFile("jsonl", str(path)))
    assert (seen.rows, seen.rejected, seen.filled["account"]) == (400, 1, 400)
    assert [name for name in LOG if seen.has(name)] == ["time", "account", "header_from", "header_sender"]


def test_a_large_log_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text((json.dumps(ROW) + "\n") * 60_000)
    assert survey(LogFile("jsonl", str(path))).rows == 50_000


@pytest.mark.parametrize("format_", sorted(CURES))
def test_cures_are_for_formats_and_columns_that_exist(format_: str) -> None:
    assert format_ in FORMATS
    assert set(CURES[format_]) <= {*LOG, "*"}


def test_cures_name_the_setting() -> None:
    assert "/^(From|Sender|Subject):/ INFO" in cure("postfix", "header_sender")
    assert "headers = {" in cure("kumomta", "header_from")
    assert "nrows" in advice("rspamd")
    assert cure("jsonl", "subject").startswith("map it")
