"""The log and the directory as tables: files of every shape, torn and wrong ones, and nothing but those files."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from irtool.adapters.logs import DirectoryFiles, LogFile, open_log, write_parquet
from irtool.adapters.logs.columns import literal
from irtool.errors import InputError, UsageError

COLUMNS = {
    "time": "ts", "account": "account_id", "source_ip": "src_ip", "envelope_from": "env_from",
    "header_from": "hdr_from", "header_sender": "hdr_sender", "recipient": "rcpt",
}  # fmt: skip
ROW = {
    "ts": "2025-04-14T15:54:00Z", "account_id": "T1", "src_ip": "198.51.100.7", "env_from": "<>",
    "hdr_from": '"Help <x@trick.example>" <Info@Gateway.Example>', "hdr_sender": "Me@Trial.example",
    "rcpt": ["A@Quickpost.example", "b@other.example"],
}  # fmt: skip


def jsonl(path: Path, rows: Sequence[object], tail: str = "") -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
    return path


def parquet(folder: Path, sql: str, name: str = "log") -> Path:
    return write_parquet(folder, [(name, sql)])[0]


def rows(source: LogFile | Path, mapping: Mapping[str, str] = COLUMNS, sql: str = "SELECT * FROM log ORDER BY time"):
    if isinstance(source, Path):
        source = LogFile(source.suffix.strip(".") if source.suffix == ".parquet" else "jsonl", str(source), mapping)
    with open_log([source]) as log:
        return log.query(sql)


def test_jsonl_is_normalised(tmp_path: Path) -> None:
    (row,) = rows(jsonl(tmp_path / "a.jsonl", [ROW]))
    assert row["time"] == datetime(2025, 4, 14, 15, 54, tzinfo=UTC)
    assert row["envelope_from"] == ""
    assert (row["header_from"], row["from_domain"]) == ("info@gateway.example", "gateway.example")
    assert (row["header_sender"], row["sender_domain"]) == ("me@trial.example", "trial.example")
    assert (row["recipient"], row["recipient_domain"]) == ("a@quickpost.example", "quickpost.example")
    assert (row["account"], row["source_ip"], row["subject"]) == ("T1", "198.51.100.7", None)


@pytest.mark.parametrize(
    ("written", "utc_hour"),
    [("2025-04-14T15:54:00+02:00", 13), ("2025-04-14 15:54:00", 15), (1744646040, 15), (1744646040123, 15),
     (1744646040.5, 15), ("1744646040", 15)],
)  # fmt: skip
def test_times_in_many_spellings_become_utc(tmp_path: Path, written: object, utc_hour: int) -> None:
    (row,) = rows(jsonl(tmp_path / "a.jsonl", [{**ROW, "ts": written}]))
    found = row["time"]
    assert isinstance(found, datetime)
    assert (found.day, found.hour, found.minute) == (14, utc_hour, 54)


def packed_gz(path: Path) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def packed_zst(path: Path) -> Path:
    """The same lines, packed by DuckDB: no program has to be there for it."""
    target = path.with_name(path.name + ".zst")
    one = "columns = {'line': 'VARCHAR'}, delim = '\\x01', quote = '', escape = '', header = false, auto_detect = false"
    into = "FORMAT csv, HEADER false, DELIM '\\x01', QUOTE '', ESCAPE '', COMPRESSION zstd"
    with duckdb.connect() as database:
        database.execute(f"COPY (SELECT * FROM read_csv('{path}', {one})) TO '{target}' ({into})")
    return target


@pytest.mark.parametrize("pack", [packed_gz, packed_zst])
def test_packed_jsonl_is_read(tmp_path: Path, pack: Callable[[Path], Path]) -> None:
    plain = jsonl(tmp_path / "a.jsonl", [{**ROW, "account_id": str(n)} for n in range(500)])
    packed = pack(plain)
    assert rows(packed, sql="SELECT count(DISTINCT account) AS n FROM log") == [{"n": 500}]


@pytest.mark.parametrize("pack", [packed_gz, packed_zst])
def test_a_torn_packed_file_gives_what_is_whole(tmp_path: Path, pack: Callable[[Path], Path]) -> None:
    plain = jsonl(tmp_path / "a.jsonl", [{**ROW, "subject": f"{n * 7919 % 1009} {n}"} for n in range(60_000)])
    packed = pack(plain)
    packed.write_bytes(packed.read_bytes()[:-2000])
    with open_log([LogFile("jsonl", str(packed), COLUMNS)]) as log:
        (found,) = log.query("SELECT count(*) AS n, count(account) AS accounts FROM log")
        assert 10_000 < int(str(found["n"])) < 60_000
        assert found["n"] == found["accounts"]
        assert log.rejected_rows() <= 1


def test_bad_lines_are_counted_and_never_rows(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [ROW, [1, 2], "text", {"nothing": "of ours"}, {**ROW, "ts": "yesterday"}, ROW],
                 '{"ts": "2025-04-14T15:54:00Z", "acc')  # fmt: skip
    with open_log([LogFile("jsonl", str(path), COLUMNS)]) as log:
        assert log.query("SELECT count(*) AS n, count(account) AS accounts FROM log") == [{"n": 2, "accounts": 2}]
        assert log.rejected_rows() == 5


def test_nested_and_rare_keys_of_jsonl(tmp_path: Path) -> None:
    nested = {"ts": 1744646040, "headers": {"From": ["A <a@b.example>"], 'X"Y': "1"}, "meta": {"account": 7}}
    path = jsonl(tmp_path / "a.jsonl", [{"ts": 1744646040}] * 21_000 + [nested])
    mapping = {"time": "ts", "header_from": "headers.From", "account": "meta.account"}
    (row,) = rows(path, mapping, "SELECT * FROM log WHERE account IS NOT NULL")
    assert (row["header_from"], row["account"]) == ("a@b.example", "7")


def test_a_subject_that_looks_like_json_stays_text(tmp_path: Path) -> None:
    (row,) = rows(jsonl(tmp_path / "a.jsonl", [{**ROW, "subject": '["not", a list', "rcpt": '["broken'}]))
    assert row["subject"] == '["not", a list'


PARQUET = (
    "SELECT TIMESTAMP '2025-04-14 15:54:00' AS ts, 7 AS account_id, '198.51.100.7' AS src_ip, '' AS env_from, "
    "'{from_}' AS hdr_from, '' AS hdr_sender, 'a@quickpost.example' AS rcpt"
)


def test_plain_parquet_is_read_where_it_lies(tmp_path: Path) -> None:
    path = parquet(tmp_path, PARQUET.format(from_="info@gateway.example"))
    (row,) = rows(path)
    assert (row["account"], row["envelope_from"], row["header_sender"]) == ("7", "", None)
    assert (row["from_domain"], row["recipient_domain"]) == ("gateway.example", "quickpost.example")
    log = open_log([LogFile("parquet", str(path), COLUMNS)])
    path.unlink()
    with log, pytest.raises(InputError, match="log cannot be read"):
        log.query("SELECT * FROM log")


def test_odd_parquet_is_normalised(tmp_path: Path) -> None:
    (row,) = rows(parquet(tmp_path, PARQUET.format(from_="Us <Info@Gateway.Example.>")))
    assert (row["header_from"], row["from_domain"]) == ("info@gateway.example", "gateway.example")


@pytest.mark.parametrize(
    ("name", "written", "normal"),
    [
        ("source_ip", "[198.51.100.7]:2525", "198.51.100.7"), ("source_ip", "198.51.100.7:2525", "198.51.100.7"),
        ("source_ip", "[2001:db8::1]", "2001:db8::1"), ("source_ip", "2001:DB8::1", "2001:db8::1"),
        ("envelope_from", "<>", ""), ("envelope_from", "a@b.example>", "a@b.example"),
        ("header_sender", "a@b.example.", "a@b.example"), ("header_sender", ">a@b.example", "a@b.example"),
        ("recipient_domain", "[192.0.2.1]", "192.0.2.1"), ("recipient", "A <a@B.example>", "a@b.example"),
    ],
)  # fmt: skip
def test_one_odd_value_is_found_among_many(tmp_path: Path, name: str, written: str, normal: str) -> None:
    plain = {"recipient_domain": "b.example", "source_ip": "192.0.2.1"}.get(name, "x@b.example")
    value = f"CASE WHEN i = 4000 THEN {literal(written)} ELSE {literal(plain)} END"
    path = parquet(tmp_path, f"SELECT TIMESTAMP '2025-04-14 15:54:00' AS time, {value} AS {name} FROM range(5000) r(i)")
    found = rows(path, {}, f"SELECT {name} AS value, count(*) AS n FROM log GROUP BY 1 ORDER BY n")
    assert found == [{"value": normal, "n": 1}, {"value": plain, "n": 4999}]


def test_rows_without_a_time_are_counted_in_parquet_too(tmp_path: Path) -> None:
    """By the rows themselves: what one file's statistics prove, they do not prove of a file without the column."""
    parquet(tmp_path, PARQUET.format(from_="a@b.example"), "one")
    parquet(tmp_path, PARQUET.format(from_="c@d.example").replace("TIMESTAMP '2025-04-14 15:54:00' AS ts, ", ""), "two")
    for name, without in (("*.parquet", 1), ("one.parquet", 0)):
        with open_log([LogFile("parquet", str(tmp_path / name), COLUMNS)]) as log:
            assert log.rejected_rows() == without
            assert log.query("SELECT header_from FROM log") == [{"header_from": "a@b.example"}]
    null = PARQUET.format(from_="e@f.example").replace("TIMESTAMP '2025-04-14 15:54:00'", "CAST(NULL AS TIMESTAMP)")
    parquet(tmp_path, f"{PARQUET.format(from_='a@b.example')} UNION ALL {null}", "one")
    with open_log([LogFile("parquet", str(tmp_path / "one.parquet"), COLUMNS)]) as log:
        assert (log.rejected_rows(), len(log.query("SELECT * FROM log"))) == (1, 1)


SIGNS = st.text(st.sampled_from('aBé@.<>" '), max_size=12)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(SIGNS, min_size=1, max_size=40))
def test_recipients_are_the_same_in_place_and_written_anew(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    values = ", ".join(f"({n}, {literal(text)})" for n, text in enumerate(texts))
    sql = f"SELECT TIMESTAMP '2025-04-14 15:54:00' AS ts, CAST(n AS VARCHAR) AS id, {{}} AS src_ip, t AS rcpt FROM (VALUES {values}) v(n, t)"  # noqa: E501
    found = []
    for name, ip in (("plain", "'192.0.2.1'"), ("odd", "'[192.0.2.1]:25'")):  # one is read where it lies, one is not
        path = parquet(folder, sql.format(ip), name)
        shown = "SELECT source_ip, recipient, recipient_domain FROM log ORDER BY CAST(id AS INTEGER)"
        found.append(rows(path, {"time": "ts", "source_ip": "src_ip", "recipient": "rcpt"}, shown))
    assert found[0] == found[1]


FROMS = st.lists(st.sampled_from([*'aB@.<>" \t\n\f\r\\é', "<a@b>", "x@y.z>", " <"]), max_size=10).map("".join)


def last_address(header: str) -> str | None:
    """The rule as a regular expression: the last <x@y> outside quotes, else what is there."""
    bare = re.sub(r'"(\\.|[^"\\])*"', "", header, flags=re.DOTALL)
    found = re.search(r".*<([^<>\t\n\f\r ]+@[^<>\t\n\f\r ]+)>", bare, re.DOTALL)
    return (found[1] if found else header).strip(" <>").lower().rstrip(".") or None


@settings(max_examples=100, deadline=None)
@given(headers=st.lists(FROMS, min_size=1, max_size=40))
@example(headers=['"\\\n<a@b>"'])
def test_the_short_ways_to_an_address_give_what_the_rule_gives(
    tmp_path_factory: pytest.TempPathFactory, headers: list[str]
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    lines = ({"time": 1744646040, "id": str(n), "header_from": text} for n, text in enumerate(headers))
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with open_log([LogFile("jsonl", str(path))]) as log:
        found = {str(r["id"]): r["header_from"] for r in log.query("SELECT id, header_from FROM log")}
    assert found == {str(n): last_address(text) for n, text in enumerate(headers)}


def test_parquet_lists_and_other_types(tmp_path: Path) -> None:
    sql = "SELECT TIMESTAMPTZ '2025-04-14 15:54:00+02' AS ts, 12::SMALLINT AS size, "
    sql += "['A@b.example', 'c@d.example'] AS rcpt"
    (row,) = rows(parquet(tmp_path, sql), {"time": "ts", "recipient": "rcpt"})
    assert row["time"] == datetime(2025, 4, 14, 13, 54, tzinfo=UTC)
    assert (row["recipient"], row["recipient_domain"], row["size"]) == ("a@b.example", "b.example", 12)


def test_several_files_and_sources_are_one_log(tmp_path: Path) -> None:
    parquet(tmp_path, PARQUET.format(from_="a@b.example"), "one")
    parquet(tmp_path, PARQUET.format(from_="c@d.example").replace(", 7 AS account_id", ", 8 AS account_id"), "two")
    text = jsonl(tmp_path / "three.jsonl", [ROW])
    sources = [LogFile("parquet", str(tmp_path / "*.parquet"), COLUMNS), LogFile("jsonl", str(text), COLUMNS)]
    with open_log(sources) as log:
        assert log.query("SELECT account FROM log ORDER BY account") == [{"account": a} for a in ("7", "8", "T1")]


def test_missing_columns_are_null_and_named(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [{"ts": ROW["ts"], "account": "T1"}])
    with open_log([LogFile("jsonl", str(path), {"time": "ts"})]) as log:
        assert log.missing() == {
            "id", "source_ip", "envelope_from", "header_from", "header_sender", "recipient", "recipient_domain",
            "subject", "size", "status",
        }  # fmt: skip
        assert log.query("SELECT account, header_from, from_domain FROM log") == [
            {"account": "T1", "header_from": None, "from_domain": None}
        ]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_mapping_to_a_column_that_is_not_there(tmp_path: Path, kind: str) -> None:
    path = jsonl(tmp_path / "a.jsonl", [ROW]) if kind == "jsonl" else parquet(tmp_path, PARQUET.format(from_="a@b.c"))
    with pytest.raises(InputError, match="no column 'acount_id', which the mapping wants as account") as caught:
        open_log([LogFile(kind, str(path), {**COLUMNS, "account": "acount_id"})])
    assert str(path) in caught.value.message
    assert "Did you mean 'account_id'?" in caught.value.message
    assert "hdr_from" in caught.value.hint
    assert "src_ip" in caught.value.hint


def test_a_mapping_of_something_nobody_asks_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'sender', which is no column of this table"):
        open_log([LogFile("jsonl", str(jsonl(tmp_path / "a.jsonl", [ROW])), {"sender": "hdr_sender"})])


def test_no_file_an_unknown_format_and_no_parquet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_log([LogFile("parquet", str(tmp_path / "*.parquet"))])
    with pytest.raises(InputError, match="no such file"):
        open_log([LogFile("parquet", "https://logs.example/a.parquet")])
    junk = tmp_path / "junk.parquet"
    junk.write_text("not parquet")
    with pytest.raises(InputError, match="cannot be read"):
        open_log([LogFile("parquet", str(junk))])
    with pytest.raises(InputError, match="unknown log format 'xlsx'"):
        open_log([LogFile("xlsx", str(junk))])


def test_empty_logs(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert rows(tmp_path / "empty.jsonl") == []
    assert rows(parquet(tmp_path, PARQUET.format(from_="a@b.c") + " WHERE false")) == []
    with open_log([]) as log:
        assert log.query("SELECT * FROM log") == []
        assert "time" in log.missing()


HOSTILE = "x\"; DROP TABLE domains; --'); COPY (SELECT 1) TO 'stolen.csv'; --"


def test_hostile_column_names_and_file_names_are_only_names(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "it's [1] *.jsonl", [{HOSTILE: "T1", "ts": ROW["ts"]}])
    with open_log([LogFile("jsonl", str(path), {"account": HOSTILE, "time": "ts"})], directory(tmp_path)) as log:
        assert [row["account"] for row in log.query("SELECT account FROM log")] == ["T1"]
        assert log.owner("customer.example") == "10"
    with pytest.raises(InputError, match="no column"):
        open_log([LogFile("jsonl", str(path), {"account": HOSTILE + "?"})])
    assert not (tmp_path / "stolen.csv").exists()


def test_hostile_nested_keys_are_only_keys(tmp_path: Path) -> None:
    key = "a\"') FROM x; --\\"
    path = jsonl(tmp_path / "a.jsonl", [{"ts": ROW["ts"], "meta": {key: "T1"}}])
    (row,) = rows(path, {"time": "ts", "account": f"meta.{key}"})
    assert row["account"] == "T1"


def test_queries_reach_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    path = parquet(tmp_path, PARQUET.format(from_="a@b.example"))
    with open_log([LogFile("parquet", str(path), COLUMNS)]) as log:
        for sql in (
            f"SELECT * FROM read_csv('{secret}')",
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            f"ATTACH '{tmp_path / 'other.db'}'",
        ):
            with pytest.raises(UsageError):
                log.query(sql)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.parquet", "secret.csv"]


def test_parameters_are_values(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [{**ROW, "account_id": HOSTILE}, ROW])
    with open_log([LogFile("jsonl", str(path), COLUMNS)]) as log:
        sql = "SELECT count(*) AS n FROM log WHERE account IN $names"
        assert log.query(sql, {"names": [HOSTILE, "' OR 1=1 --"]}) == [{"n": 1}]
        assert log.query(sql, {"names": []}) == [{"n": 0}]


def directory(folder: Path) -> DirectoryFiles:
    (folder / "accounts.csv").write_text(
        "account_id,name,plan,made,contact,locale\n"
        "10,Customer,business,2019-03-01,it@customer.example,it\n"
        "T1,Trial,trial,2025-04-02T08:00:00Z,,\n"
        "10,Twice,business,2019-03-01,,\n"
    )
    (folder / "domains.json").write_text(json.dumps([
        {"domain": "Customer.Example.", "account": 10}, {"domain": "shop.customer.example", "account": "11"},
        {"domain": "trial.example", "account": "T1"}, {"domain": "trial.example", "account": "T1"},
        {"domain": None, "account": "12"},
    ]))  # fmt: skip
    accounts = (str(folder / "accounts.csv"), {"account": "account_id", "created": "made"})
    return DirectoryFiles(accounts, (str(folder / "domains.json"), {}))


def test_directory_owner_and_account(tmp_path: Path) -> None:
    with open_log([], directory(tmp_path)) as log:
        assert log.owner("customer.example") == "10"
        assert log.owner("MAIL.customer.example.") == "10"
        assert log.owner("a.shop.customer.example") == "11"
        assert log.owner("example") is None
        assert log.owner("notcustomer.example") is None
        assert log.owner("") is None
        assert log.owner("x." * 5000) is None
        assert log.query("SELECT count(*) AS n FROM domains") == [{"n": 3}]
        assert log.account("T1") == {
            "account": "T1", "name": "Trial", "plan": "trial", "status": None, "created": "2025-04-02T08:00:00Z",
            "contact": None, "locale": None, "partner": None,
        }  # fmt: skip
        assert log.account("nobody") is None
        assert log.query("SELECT count(*) AS n FROM accounts WHERE account = '10'") == [{"n": 1}]


def test_a_domain_on_file_in_its_own_letters_is_found_by_its_a_labels(tmp_path: Path) -> None:
    """Targets are A-labels; a directory may say `bücher.example`, and its owner is protected all the same."""
    (tmp_path / "domains.json").write_text(json.dumps([{"domain": "Bücher.example", "account": "7"}]))
    with open_log([], DirectoryFiles(None, (str(tmp_path / "domains.json"), {}))) as log:
        assert log.owner("mail.xn--bcher-kva.example") == "7"
        assert log.owner("xn--99999999999.example") is None


def test_directory_faults(tmp_path: Path) -> None:
    good = directory(tmp_path)
    assert good.accounts is not None
    with pytest.raises(InputError, match=r"accounts\.csv: no column for account"):
        open_log([], DirectoryFiles((good.accounts[0], {})))
    (tmp_path / "a.xlsx").touch()
    with pytest.raises(InputError, match="unknown kind of directory file"):
        open_log([], DirectoryFiles((str(tmp_path / "a.xlsx"), {})))
    with pytest.raises(InputError, match="no such file"):
        open_log([], DirectoryFiles(domains=(str(tmp_path / "none.csv"), {})))


def test_write_parquet_tells_its_progress_and_leaves_no_scraps(tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []

    class Told:
        def step(self, what: str, done: int = 0, total: int = 0) -> None:
            said.append((what, done, total))

    written = write_parquet(tmp_path / "logs", [("a", "SELECT 1 AS n"), ("b", "SELECT 2 AS n")], Told())
    assert [p.name for p in written] == ["a.parquet", "b.parquet"]
    assert said == [("writing a", 0, 2), ("writing b", 1, 2), ("log written", 2, 2)]
    with pytest.raises(InputError, match=r"c\.parquet"):
        write_parquet(tmp_path / "logs", [("c", "SELECT nothing")])
    assert sorted(p.name for p in (tmp_path / "logs").iterdir()) == ["a.parquet", "b.parquet"]


LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.builds(lambda v: json.dumps({**ROW, "hdr_from": v, "subject": v}).encode(), st.text(max_size=40)),
        st.builds(lambda v: json.dumps({**ROW, "ts": v}).encode(), st.one_of(st.floats(), st.integers(), st.text())),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(lines=LINES)
def test_any_bytes_are_rows_or_rejected(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("any") / "log.jsonl"
    path.write_bytes(b"\n".join([json.dumps(ROW).encode(), *lines]))
    with open_log([LogFile("jsonl", str(path), COLUMNS)]) as log:
        found = log.query("SELECT * FROM log")
        assert len(found) >= 1
        assert all(row["time"] is not None for row in found)
        assert len(found) + log.rejected_rows() <= 1 + path.read_bytes().count(b"\n") + path.read_bytes().count(b"\r")
