"""Rows of a log are the same whether they are a table or files of our own."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from irtool.adapters.logs import LogFile, engine, jsonlines, kept, loading, open_log
from irtool.adapters.logs.store import ingest

EPOCH = 1744632000
DELIVERIES = ("Delivery", "Bounce", "Expiration")


def kumomta(path: Path) -> LogFile:
    """Twenty messages, each received and delivered; a torn line, and one without a time."""
    lines = []
    for n in range(20):
        row = {
            "sender": "",
            "recipient": f"u{n}@d{n % 3}.example",
            "created": EPOCH + n,
            "meta": {"authn_id": f"T{n % 4}"},
        }
        lines.append({**row, "type": "Reception", "headers": {"From": f"A <Info@G{n % 2}.example>"}})
        lines.append({**row, "type": DELIVERIES[n % 3], "headers": {}})
    lines.append({"type": "Reception", "sender": "", "recipient": "x@y.example"})
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines) + '{"type": "Recep')
    return LogFile("kumomta", str(path))


def table(path: Path) -> LogFile:
    """The same as CSV."""
    text = "".join(f"{EPOCH + n},T{n % 4},A <Info@G{n % 2}.example>,u{n}@d{n % 3}.example\n" for n in range(20))
    path.write_text(f"time,account,header_from,recipient\n{text}soon,T9,a@b.example,c@d.example\n")
    return LogFile("csv", str(path))


def postfix(path: Path) -> LogFile:
    """Some like that in a syslog."""
    text = ""
    for n in range(20):
        head, one = f"2025-04-14T12:00:{n:02}+00:00 mx1 postfix", f"4Zb0c{n:02}11zQxy"
        client = f"client=unknown[192.0.2.{n % 4}], sasl_method=PLAIN, sasl_username=T{n % 4}"
        header = (
            f"info: header From: A <Info@G{n % 2}.example> from unknown[192.0.2.1]; from=<> to=<u@d.example> proto=X"
        )
        text += f"{head}/smtpd[1]: {one}: {client}\n{head}/cleanup[2]: {one}: {header} helo=<h>\n"
        text += f"{head}/qmgr[3]: {one}: from=<>, size=9, nrcpt=1 (queue active)\n"
        text += f"{head}/smtp[4]: {one}: to=<u{n}@d{n % 3}.example>, relay=r, dsn=2.0.0, status=sent (ok)\n"
        text += f"{head}/qmgr[3]: {one}: removed\n"
    path.write_text(f"{text}what is this\n")
    return LogFile("postfix", str(path))


def parquet(path: Path) -> LogFile:
    """The same as Parquet that is not in normal form."""
    name, more = (
        path.with_suffix(".parquet"),
        "'T' || i % 4 AS account, 'A <Info@G' || i % 2 || '.example>' AS header_from",
    )
    rcpt = "['u' || i || '@d' || i % 3 || '.example', 'V@w.example'][:1 + i % 2] AS recipient"
    sql = f"SELECT CASE WHEN i < 20 THEN {EPOCH} + i END AS time, {more}, {rcpt} FROM range(21) r(i)"
    duckdb.execute(f"COPY ({sql}) TO '{name}' (FORMAT parquet)")
    return LogFile("parquet", str(name))


def answers(source: LogFile) -> tuple[object, ...]:
    """Everything that can be asked."""
    with open_log([source]) as log:
        found = log.query("SELECT * FROM log ORDER BY time")
        told = [(r.file, r.rows, r.why) for r in (*log.rejects(), *log.notes())]
        return found, log.rejected_rows(), told, log.missing()


@pytest.mark.parametrize("make", [kumomta, table, postfix, parquet])
def test_many_rows_are_kept_as_few_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object) -> None:
    assert callable(make)
    source = make(tmp_path / "log")
    few = answers(source)
    found, rejected = few[:2]
    assert isinstance(found, list)
    assert (len(found), rejected) == (20, {"kumomta": 2, "csv": 1, "postfix": 1, "parquet": 1}[source.format])
    assert {row["header_from"] for row in found} == {"info@g0.example", "info@g1.example"}
    monkeypatch.setattr(kept, "MANY", 0)
    monkeypatch.setattr(loading, "MANY", 0)
    monkeypatch.setattr(jsonlines, "_MUCH", 0)
    written: list[str] = []
    add = kept.Kept.add

    def watched(self: kept.Kept, select: str, *, many: bool = False) -> None:
        add(self, select, many=many)
        written.extend(self.files)

    monkeypatch.setattr(kept.Kept, "add", watched)
    assert answers(source) == few
    assert written
    assert not any(Path(name).exists() for name in written)
    ingest({"gateway": source}, tmp_path / "store")
    with open_log([LogFile("parquet", str(tmp_path / "store"))]) as log:
        same = ("time", "account", "envelope_from", "header_from", "recipient", "status")
        stored = log.query("SELECT * FROM log ORDER BY time")
        assert [[row[k] for k in same] for row in stored] == [[row[k] for k in same] for row in found]


@pytest.mark.parametrize("first", ["Reception", "Delivery"])
def test_only_the_best_records_of_a_message_are_kept(tmp_path: Path, first: str) -> None:
    """Whatever the first lines have."""
    kinds = (first, "Delivery", "Reception", "Delivery", "Rejection")
    row = {"sender": "a@b.example", "recipient": "c@d.example", "created": EPOCH}
    lines = [{**row, "type": kinds[0], "id": "first"}] * 300
    lines += [{**row, "type": kind, "id": f"{n}"} for n, kind in enumerate(kinds)]
    path = tmp_path / "log"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with open_log([LogFile("kumomta", str(path))]) as log:
        assert {row["status"] for row in log.query("SELECT status FROM log")} == {"Reception"}
        assert log.query("SELECT count(*) AS n FROM log") == [{"n": 302 if first == "Reception" else 1}]


def test_rows_that_become_many_go_on_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MANY", 7)
    connection = engine.connect(tmp_path)
    rows = kept.Kept(connection, tmp_path, 'a "log"')
    for n in range(5):
        rows.add(f"SELECT {n} AS batch, i AS number FROM range(3) r(i)")
    assert len(rows.files) == 2
    found = connection.execute(f"SELECT batch, number FROM {rows.sql} ORDER BY ALL").fetchall()
    assert found == [(batch, number) for batch in range(5) for number in range(3)]
    connection.close()
