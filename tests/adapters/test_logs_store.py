"""The store: read once, complete, and the same whatever happens in between."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from irtool.adapters.logs import LogFile, open_log, write_parquet
from irtool.adapters.logs import store as store_module
from irtool.adapters.logs.manifest import Manifest
from irtool.adapters.logs.store import Ingested, ingest
from irtool.errors import InputError, UsageError

START = datetime(2025, 4, 13, 23, 0, tzinfo=UTC)


def lines(first: int, last: int) -> str:
    """An hour apart, from START on."""
    return "".join(
        json.dumps(
            {"time": (START + timedelta(hours=n)).isoformat(), "account": f"T{n}", "header_from": "A <A@b.example>"}
        )
        + "\n"
        for n in range(first, last)
    )


def bring(folder: Path, source: LogFile, name: str = "gateway") -> Ingested:
    (found,) = ingest({name: source}, folder / "store")
    return found


def accounts(folder: Path, path: str = "store") -> list[object]:
    with open_log([LogFile("parquet", str(folder / path))]) as log:
        assert log.rejected_rows() == 0
        return [row["account"] for row in log.query("SELECT account FROM log ORDER BY time")]


def named(first: int, last: int) -> list[str]:
    return [f"T{n}" for n in range(first, last)]


def test_a_store_is_read_in_place_by_day(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(0, 3) + '{"time": "2025-')
    found = bring(tmp_path, LogFile("jsonl", str(tmp_path / "a.jsonl")))
    assert (found.rows, found.rejected, found.read, found.known) == (3, 1, 1, 0)
    assert (found.first, found.last) == ("2025-04-13T23:00:00Z", "2025-04-14T01:00:00Z")
    assert [(Path(r.file).name, r.rows) for r in found.rejects] == [("a.jsonl", 1)]
    files = sorted(p.relative_to(tmp_path / "store").parts[0] for p in (tmp_path / "store").glob("*/*.parquet"))
    assert files == ["day=2025-04-13", "day=2025-04-14"]
    assert accounts(tmp_path) == accounts(tmp_path, "store/**/*.parquet") == named(0, 3)
    with open_log([LogFile("parquet", str(tmp_path / "store"))]) as log:
        (row,) = log.query("SELECT * FROM log WHERE account = 'T0'")
        assert (row["header_from"], row["from_domain"]) == ("a@b.example", "b.example")


def test_the_same_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_text(lines(0, 2))
    (tmp_path / "b.jsonl").write_text(lines(2, 4))
    source = LogFile("jsonl", str(tmp_path / "*.jsonl"))
    assert bring(tmp_path, source).read == 2
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "store").glob("*/*")}
    os.utime(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").rename(tmp_path / "c.jsonl")
    monkeypatch.setattr(store_module, "Loader", None)
    again = bring(tmp_path, source)
    assert (again.rows, again.read, again.known) == (4, 0, 2)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "store").glob("*/*")} == before


def test_a_file_that_has_grown_replaces_what_was_read_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    source = LogFile("jsonl", str(tmp_path / "*.jsonl*"))
    path.write_text(lines(0, 2))
    bring(tmp_path, source)
    path.write_text(lines(0, 3))
    assert bring(tmp_path, source).rows == 3
    path.write_text(lines(0, 4))
    path.rename(tmp_path / "a.jsonl.1")  # grown and rotated
    path.write_text(lines(4, 5))
    assert bring(tmp_path, source).rows == 5
    (tmp_path / "a.jsonl.1.gz").write_bytes(gzip.compress((tmp_path / "a.jsonl.1").read_bytes()))
    (tmp_path / "a.jsonl.1").unlink()
    assert bring(tmp_path, source).rows == 5
    assert accounts(tmp_path) == accounts(tmp_path, "store/**/*.parquet") == named(0, 5)


def test_what_is_gone_from_the_disk_stays_in_the_store(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(0, 2))
    source = LogFile("jsonl", str(tmp_path / "*.jsonl"))
    bring(tmp_path, source)
    (tmp_path / "a.jsonl").unlink()
    (tmp_path / "b.jsonl").write_text(lines(2, 3))
    assert bring(tmp_path, source).rows == 3
    assert accounts(tmp_path) == named(0, 3)


def syslog(first: int, last: int) -> str:
    made = []
    for n in range(first, last):
        at = START + timedelta(hours=n)
        made += [f"{at.isoformat()} mx1 postfix/{text}\n" for text in (
            f"smtpd[1]: 4ZbQk21xWzz{n}: client=x[192.0.2.1], sasl_method=PLAIN, sasl_username=T{n}",
            f"qmgr[1]: 4ZbQk21xWzz{n}: from=<>, size=1, nrcpt=1 (queue active)",
            f"qmgr[1]: 4ZbQk21xWzz{n}: removed",
        )]  # fmt: skip
    return "".join(made)


def test_postfix_files_go_together_and_rotation_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A message that goes on in the next file is whole; days that were rotated away stay, the day they end in too."""
    text = syslog(0, 8)
    cut = len(syslog(0, 4)) + 40
    (tmp_path / "mail.log").write_text(text[:cut])
    source = LogFile("postfix", str(tmp_path / "mail.log*"))
    bring(tmp_path, source)
    (tmp_path / "mail.log").rename(tmp_path / "mail.log.1")
    (tmp_path / "mail.log").write_text(text[cut:])
    assert bring(tmp_path, source).rows == 8
    (tmp_path / "mail.log.1").write_text(syslog(4, 5))  # the older one is gone now
    (tmp_path / "mail.log").write_text(syslog(5, 9))
    assert bring(tmp_path, source).rows == 9
    assert accounts(tmp_path) == accounts(tmp_path, "store/**/*.parquet") == named(0, 9)


def test_a_run_that_was_cut_off_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = LogFile("jsonl", str(tmp_path / "*.jsonl"))
    (tmp_path / "a.jsonl").write_text(lines(0, 2))
    bring(tmp_path, source)
    (tmp_path / "b.jsonl").write_text(lines(2, 4))
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            bring(tmp_path, source)
    (tmp_path / "store" / ".irtool-left").mkdir()
    assert accounts(tmp_path) == named(0, 2)
    assert bring(tmp_path, source).rows == 4
    assert accounts(tmp_path) == accounts(tmp_path, "store/**/*.parquet") == named(0, 4)
    assert [p.name for p in (tmp_path / "store").iterdir() if p.name.startswith(".irtool")] == []


def test_a_log_without_times_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"account": "T1"}\n')
    assert bring(tmp_path, LogFile("jsonl", str(tmp_path / "a.jsonl"))).rows == 1
    with open_log([LogFile("parquet", str(tmp_path / "store"))]) as log:
        assert log.query("SELECT account, time FROM log") == [{"account": "T1", "time": None}]
        assert {"time", "header_from", "recipient_domain"} <= log.missing()


def test_folders_that_are_no_store_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(0, 1))
    source = LogFile("jsonl", str(tmp_path / "a.jsonl"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.parquet").touch()
    with pytest.raises(InputError, match="neither empty nor a store"):
        ingest({"x": source}, tmp_path / "mine")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "manifest.json").write_text('{"version": 1, "units": [{"outputs": ["../../x"]}]}')
    with pytest.raises(InputError, match="no manifest of a store"):
        ingest({"x": source}, tmp_path / "odd")


def test_two_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(0, 1))
    source = LogFile("jsonl", str(tmp_path / "a.jsonl"))
    bring(tmp_path, source)
    with (tmp_path / "store" / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UsageError, match="another irtool ingest"):
            bring(tmp_path, source)


def outputs(folder: Path) -> Sequence[str]:
    return Manifest.read(folder / "store").outputs()


def test_a_manifest_may_not_point_outside(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(0, 1))
    bring(tmp_path, LogFile("jsonl", str(tmp_path / "a.jsonl")))
    assert len(outputs(tmp_path)) == 1
    manifest = tmp_path / "store" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("day=2025-04-13", "../../etc"))
    with pytest.raises(InputError, match="outside of the store"):
        outputs(tmp_path)


def record(kind: str, number: int) -> str:
    text = {"type": kind, "id": str(number), "sender": "", "recipient": "a@b.test", "created": 1744646041 + number}
    return json.dumps(text) + "\n"


@pytest.mark.parametrize("rows_of_a_table", [1_000_000, 0])
def test_deliveries_in_a_later_segment_are_not_messages_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_of_a_table: int
) -> None:
    """A store counts as its files do, read together; whichever of them came first, and however large they are."""
    monkeypatch.setattr("irtool.adapters.logs.kept.MANY", rows_of_a_table)
    source = LogFile("kumomta", str(tmp_path / "k*.jsonl"))
    (tmp_path / "k2.jsonl").write_text(record("Delivery", 2) + record("Bounce", 3))
    (tmp_path / "k3.jsonl").write_text(record("TransientFailure", 3))
    assert bring(tmp_path, source).rows == 2  # better records are not known yet
    (tmp_path / "k1.jsonl").write_text(record("Reception", 1) + record("Reception", 2) + record("Delivery", 1))
    found = bring(tmp_path, source)
    assert (found.rows, found.read, found.known) == (2, 1, 2)
    assert (bring(tmp_path, source).rows, bring(tmp_path, source).read) == (2, 0)
    with open_log([source]) as files, open_log([LogFile("parquet", str(tmp_path / "store"))]) as log:
        sql = "SELECT id, status FROM log ORDER BY id"
        assert log.query(sql) == files.query(sql) == [{"id": str(n), "status": "Reception"} for n in (1, 2)]


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
def test_a_mapped_column_need_not_be_in_every_file(tmp_path: Path, format_: str) -> None:
    """An hour without a single Sender header; but a column that no file has is a mistake."""
    texts = ['{"t": "2025-04-13T10:00:00Z", "s": "x@y.example"}\n', '{"t": "2025-04-13T11:00:00Z"}\n']
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.jsonl").write_text(text)
    if format_ == "parquet":
        write_parquet(tmp_path, [(str(n), f"SELECT * FROM '{tmp_path}/{n}.jsonl'") for n in range(2)])
    source = LogFile(format_, str(tmp_path / f"*.{format_}"), {"time": "t", "header_sender": "s"})
    assert bring(tmp_path, source).rows == 2
    with open_log([LogFile("parquet", str(tmp_path / "store"))]) as log:
        found = log.query("SELECT header_sender FROM log ORDER BY time")
    assert [row["header_sender"] for row in found] == ["x@y.example", None]
    with pytest.raises(InputError, match="no column 'nowhere'"):
        bring(tmp_path, replace(source, columns={"time": "t", "header_sender": "nowhere"}))
    (tmp_path / f"2.{format_}").write_bytes((tmp_path / f"0.{format_}").read_bytes())
    with pytest.raises(InputError, match="no column 'when'"):
        bring(tmp_path, replace(source, columns={"time": "when"}))


@pytest.mark.parametrize("format_", ["jsonl", "postfix"])
def test_what_is_read_in_another_way_is_not_there_twice(tmp_path: Path, format_: str) -> None:
    """A zone or a mapping was wrong, the configuration was corrected, and the store is brought up to date."""
    (tmp_path / "a.log").write_text(lines(0, 2).replace("+00:00", "") if format_ == "jsonl" else syslog(0, 2))
    (tmp_path / "b.log").write_text(lines(2, 3).replace("+00:00", "") if format_ == "jsonl" else syslog(2, 3))
    wrong = LogFile(format_, str(tmp_path / "*.log"), zone="UTC")
    right = replace(wrong, zone="Europe/Rome")
    assert bring(tmp_path, wrong).rows == 3
    assert bring(tmp_path, right).rows == 3
    assert accounts(tmp_path) == accounts(tmp_path, "store/**/*.parquet") == named(0, 3)
    if format_ == "jsonl":
        assert bring(tmp_path, right).first == "2025-04-13T21:00:00Z"
    (tmp_path / "a.log").unlink()  # what is gone cannot be read anew and stays as it was read
    assert bring(tmp_path, replace(right, year=2025), "renamed").read == 1
    assert accounts(tmp_path) == accounts(tmp_path, "store/**/*.parquet") == named(0, 3)
