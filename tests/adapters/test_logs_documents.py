"""JSON in the shapes in which services hand it out, packed or not, whole or torn."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.adapters.logs import LogFile, open_log
from irtool.adapters.logs.documents import are_lines, flatten

TEXT = st.text(max_size=20) | st.sampled_from(['"', "{", "}\n{", "]", "[,", "\\", "\u2028", "\x1e"])
RECORDS = st.lists(st.dictionaries(TEXT, TEXT | st.integers() | st.lists(TEXT), max_size=4), min_size=1, max_size=8)
SHAPES = {
    "behind one another": lambda records: "".join(map(json.dumps, records)),
    "on lines": lambda records: "".join(json.dumps(r) + "\r\n" for r in records),
    "spread over lines": lambda records: "\n".join(json.dumps(r, indent=2) for r in records),
    "an array": json.dumps,
    "an array over lines": lambda records: "\ufeff" + json.dumps(records, indent=1),
    "arrays on lines": lambda records: "".join(json.dumps([r]) + "\n" for r in records),
    "pages": lambda records: "".join(json.dumps({"items": [r], "next": None}) for r in records),
    "notifications": lambda records: "".join(json.dumps({"Message": json.dumps(r) + "\n"}) + "\n" for r in records),
}


def taken_apart(data: bytes) -> list[object]:
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "log", Path(folder) / "flat"
        path.write_bytes(data)
        flatten(str(path), target, ["items"], ["Message"])
        return [json.loads(line) if line != "!" else None for line in target.read_text("utf-8").split("\n")[:-1]]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=25, deadline=None)
@given(RECORDS)
def test_every_shape_has_the_same_records(shape: str, records: Sequence[dict[str, object]]) -> None:
    some = [r for r in records if not isinstance(r.get("items"), list) and not isinstance(r.get("Message"), str)]
    assert taken_apart(SHAPES[shape](some).encode()) == some


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.binary(max_size=60))
def test_what_is_torn_or_junk_costs_no_whole_record_before_it(
    records: Sequence[dict[str, object]], junk: bytes
) -> None:
    """And is a line itself, so that it is counted, if it holds anything."""
    some = [{"a": str(r)} for r in records]
    found = taken_apart("".join(map(json.dumps, some)).encode() + b'{"b": ' + junk)
    assert found[: len(some)] == some
    assert None in found[len(some) :] or json.loads(b'{"b": ' + junk)


def test_junk_between_records_costs_only_itself() -> None:
    found = taken_apart(b'{"a": 1}\nJan 1 host program: {oops\n{"a": 2}{"a": }{"a": 3}')
    assert [one for one in found if one] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert found.count(None) >= 2


def test_a_value_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("irtool.adapters.logs.documents.RECORD", 200_000)
    found = taken_apart(b'{"a": "' + b"x" * 900_000 + b'\n{"a": 2}\n' + b"[" * 100_000)
    assert {"a": 2} in found
    assert None in found


def test_a_number_of_ten_thousand_digits_costs_nothing(tmp_path: Path) -> None:
    one = '{"timestamp": 1744632000, "email": "a@b.example", "event": "processed", "x": -' + "9" * 10_000 + "}"
    path = tmp_path / "hook"
    path.write_text(f"[{one},{one}]")
    with open_log([LogFile("sendgrid", str(path))]) as log:
        assert (len(log.query("SELECT * FROM log")), log.rejected_rows()) == (2, 0)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"a": 1}\n{"a": 2}\n', True),
        ('torn": 1}\n{"a": 2}\n', True),
        ('["a"]\n{"a": 2}\n', True),
        ("", True),
        ("no JSON at all\n", True),
        ('{"a": 1}{"a": 2}', False),
        ('{\n"a": 1}', False),
        ('[{"a": 1}]\n[{"a": 2}]\n', False),
        ('{"items": []}', False),
        ('{"items": 3}', True),
        ('{"Message": "{}"}\n', False),
    ],
)
def test_which_files_are_lines(tmp_path: Path, text: str, lines: bool) -> None:
    (tmp_path / "log").write_text(text)
    assert are_lines(str(tmp_path / "log"), ["items"], ["Message"]) == lines


def event(kind: str, number: int) -> dict[str, object]:
    mail = {"timestamp": "2025-04-14T15:54:01.123Z", "source": "a@b.example", "messageId": str(number),
            "destination": ["x@victim.example"]}  # fmt: skip
    return {"eventType": kind, "mail": mail}


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_ses_by_way_of_firehose_or_sns(tmp_path: Path, wrapped: bool, packed: bool) -> None:
    """Firehose writes no line ends; SNS puts the record as text into its own."""
    events = [event("Send", 1), event("Delivery", 1), event("Send", 2)]
    sns = [
        {"Type": "Notification", "Message": json.dumps(e) + "\n", "Timestamp": "2025-04-14T15:54:02Z"} for e in events
    ]
    text = ("".join(map(json.dumps, sns if wrapped else events)) + '{"eventType": "Se').encode()
    path = tmp_path / "stream"
    path.write_bytes(gzip.compress(text) if packed else text)
    with open_log([LogFile("ses", str(path))]) as log:
        assert [row["id"] for row in log.query("SELECT id FROM log ORDER BY id")] == ["1", "2"]
        (reject,) = log.rejects()
    assert (reject.file, reject.rows) == (str(path), 1)


def test_sendgrid_batches_as_they_were_posted(tmp_path: Path) -> None:
    """One array a line, which is what a web server that keeps request bodies has."""
    batch = [
        {"email": "x@v.example", "timestamp": 1744646041, "event": e, "smtp-id": "<1@x>"} for e in ("processed", "open")
    ]
    (tmp_path / "bodies").write_text(json.dumps(batch) + "\n" + json.dumps(batch[:1]) + "\n")
    with open_log([LogFile("sendgrid", str(tmp_path / "bodies"))]) as log:
        assert log.query("SELECT count(*) AS n FROM log") == [{"n": 2}]


KUMO = b'{"type": "Reception", "id": "%d", "sender": "", "recipient": "a@b.example", "created": 1744646041}\n'


@pytest.mark.parametrize(
    "name", ["20250414-155401", "20250414-155401_recv", "segment.zst", "segment.gz", "segment.log"]
)
@pytest.mark.parametrize("pack", ["zstd", "zstd, still written", "gzip", "none"])
def test_how_a_file_is_packed_is_seen_in_it_and_not_in_its_name(tmp_path: Path, name: str, pack: str) -> None:
    """KumoMTA's segments are zstd and are named by the time alone."""
    data = b"".join(KUMO % n for n in range(50))
    compressor = zstd.ZstdCompressor()
    live = compressor.compress(data) + compressor.flush(zstd.ZstdCompressor.FLUSH_BLOCK)
    packed = {"zstd": zstd.compress(data), "zstd, still written": live, "gzip": gzip.compress(data), "none": data}[pack]
    (tmp_path / name).write_bytes(packed)
    with open_log([LogFile("kumomta", str(tmp_path / name))]) as log:
        assert log.query("SELECT count(*) AS n FROM log") == [{"n": 50}]
        assert log.rejected_rows() == 0


def test_records_that_are_no_messages_are_none_even_alone(tmp_path: Path) -> None:
    """Attempts, rejections and complaints: not a message among them."""
    kinds = ("TransientFailure", "Rejection", "Feedback", "AdminRebind")
    record = {"id": "1", "sender": "", "recipient": "a@b.example", "created": 1744646041}
    (tmp_path / "log").write_text("".join(json.dumps({"type": k, **record}) + "\n" for k in kinds))
    with open_log([LogFile("kumomta", str(tmp_path / "log"))]) as log:
        assert log.query("SELECT count(*) AS n FROM log") == [{"n": 0}]


@pytest.mark.parametrize(
    ("written", "ip"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9"), ("[::FFFF:203.0.113.9]:4411", "203.0.113.9"),
        ("203.0.113.9:25", "203.0.113.9"), ("[203.0.113.9]", "203.0.113.9"), ("2001:DB8::A", "2001:db8::a"),
        ("::ffff:cb00:7109", "::ffff:cb00:7109"),
    ],
)  # fmt: skip
def test_one_source_ip_however_the_socket_was_opened(tmp_path: Path, written: str, ip: str) -> None:
    (tmp_path / "log").write_text(json.dumps({"time": 1744646041123456789, "source_ip": written}) + "\n")
    with open_log([LogFile("jsonl", str(tmp_path / "log"))]) as log:
        (row,) = log.query("SELECT source_ip, time FROM log")
    assert row["source_ip"] == ip
    assert str(row["time"]).startswith("2025-04-14 15:54:01.123")
