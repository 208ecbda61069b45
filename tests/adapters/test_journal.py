"""The journal: durable, ordered, chained, leased; and every changed byte is noticed."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.adapters.journal import SqliteJournal
from irtool.errors import ConfigError, IrtoolError, Refused, UsageError
from irtool.records import Entry

NOTE = Entry("note.added", {"text": "x"})
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def opened(path: Path, **kwargs: object) -> tuple[SqliteJournal, str]:
    journal = SqliteJournal(path, **kwargs)
    return journal, journal.open_incident("INC-2026", Entry("incident.opened", {"title": "t"}, actor="alice")).incident


def test_incidents_are_numbered_per_prefix(tmp_path: Path) -> None:
    journal, first = opened(tmp_path / "j.db")
    second = journal.open_incident("INC-2026", Entry("incident.opened")).incident
    other = journal.open_incident("INC-2027", Entry("incident.opened")).incident
    assert [first, second, other] == ["INC-2026-0001", "INC-2026-0002", "INC-2027-0001"]
    assert list(journal.incidents()) == [first, second, other]
    journal.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.dictionaries(st.text(), json_values, max_size=4), text=st.text())
def test_what_is_written_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, data: dict, text: str) -> None:
    """Any JSON and any text comes back as it went in, also from another process's view of the file."""
    path = tmp_path_factory.mktemp("j") / "j.db"
    journal, incident = opened(path)
    when = datetime(2014, 5, 17, 12, 59, 37, 5, tzinfo=timezone(timedelta(hours=9)))
    written = journal.append(incident, Entry("note.added", data, item=text, occurred_at=when, offset="+09:00"))
    journal.close()
    again = SqliteJournal(path)
    event = next(again.events(incident, after=1))
    assert event == written[0]
    assert (event.data, event.item, event.occurred_at) == (data, text, when)
    assert again.verify(incident).whole
    again.close()


def test_lone_surrogates_do_not_break_the_journal(tmp_path: Path) -> None:
    journal, incident = opened(tmp_path / "j.db")
    event = journal.append(incident, Entry("note.added", {"text": "a\udcffb"}, item="c\udcffd"))[0]
    assert (event.data["text"], event.item) == ("a\udcffb", "c?d")
    assert list(journal.events(incident, 1)) == [event]
    assert journal.verify(incident).whole
    journal.close()


def test_unknown_incident_and_unknown_kind_are_refused(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path / "j.db")
    with pytest.raises(UsageError, match="no incident INC-1"):
        journal.append("INC-1", NOTE)
    with pytest.raises(ValueError, match="unknown kind"):
        journal.append("INC-2026-0001", Entry("note.adde"))
    journal.close()


def test_threads_leave_no_gap_and_lose_nothing(tmp_path: Path) -> None:
    journal, incident = opened(tmp_path / "j.db")

    def write(n: int) -> None:
        for i in range(25):
            journal.append(incident, Entry("note.added", {"text": f"{n}-{i}"}))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    events = list(journal.events(incident))
    assert [e.seq for e in events] == list(range(1, 202))
    assert {e.data["text"] for e in events[1:]} == {f"{n}-{i}" for n in range(8) for i in range(25)}
    assert journal.verify(incident).whole
    journal.close()


def _write_from_a_process(path: Path, incident: str, name: int) -> None:
    journal = SqliteJournal(path)
    for i in range(25):
        journal.append(incident, Entry("note.added", {"text": f"{name}-{i}"}))
    journal.close()


def test_processes_share_one_chain(tmp_path: Path) -> None:
    journal, incident = opened(tmp_path / "j.db")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write_from_a_process, args=(tmp_path / "j.db", incident, n)) for n in range(3)]
    [w.start() for w in workers]
    [w.join() for w in workers]
    assert journal.verify(incident) == journal.verify(incident)
    assert journal.verify(incident).events == 76
    assert journal.verify(incident).whole
    journal.close()


def test_nothing_can_be_edited_or_deleted_by_sql(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path / "j.db")
    journal.close()
    db = sqlite3.connect(tmp_path / "j.db")
    for sql in ("UPDATE events SET kind = 'x'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)
    db.close()


def _tampered(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    db.execute("DROP TRIGGER events_keep")
    db.execute("DROP TRIGGER events_stay")
    for sql in statements:
        db.execute(sql)
    db.commit()
    db.close()


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ('UPDATE events SET data = \'{"text":"y"}\' WHERE seq = 3', "event 3 (note.added) was changed"),
        ("UPDATE events SET actor = 'mallory' WHERE seq = 1", "event 1 (incident.opened) was changed"),
        ("UPDATE events SET recorded_at = '2020-01-01T00:00:00Z' WHERE seq = 2", "event 2 (note.added) was changed"),
        ("DELETE FROM events WHERE seq = 3", "event 3 is missing"),
        ("DELETE FROM events WHERE seq = 5", "cut off"),
        ("DELETE FROM heads", "cut off"),
    ],
)
def test_verify_names_what_was_changed(tmp_path: Path, sql: str, fault: str) -> None:
    path = tmp_path / "j.db"
    journal, incident = opened(path)
    journal.append(incident, NOTE, NOTE, NOTE, NOTE)
    journal.close()
    path.with_name("j.db.seal").unlink()  # the chain must find it alone
    _tampered(path, sql)
    journal = SqliteJournal(path)
    chain = journal.verify(incident)
    assert not chain.whole
    assert fault in chain.fault
    journal.close()


def test_swapped_events_are_found(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    journal, incident = opened(path)
    journal.append(incident, NOTE, Entry("note.added", {"text": "other"}))
    journal.close()
    path.with_name("j.db.seal").unlink()
    _tampered(
        path,
        "UPDATE events SET seq = 9 WHERE seq = 2",
        "UPDATE events SET seq = 2 WHERE seq = 3",
        "UPDATE events SET seq = 3 WHERE seq = 9",
    )
    journal = SqliteJournal(path)
    assert "removed or reordered" in journal.verify(incident).fault
    journal.close()


def _judgement(path: Path, incident: str) -> bool:
    """Whether verify is happy; a file that cannot even be opened is not."""
    try:
        journal = SqliteJournal(path)
    except IrtoolError:
        return False
    try:
        return journal.verify(incident).whole
    finally:
        journal.close()


def test_any_changed_byte_of_the_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    journal, incident = opened(path)
    journal.append(incident, *[Entry("note.added", {"text": f"event {n} " + "x" * 40}) for n in range(30)])
    journal.close()
    assert _judgement(path, incident)
    whole = path.read_bytes()
    seal = path.with_name("j.db.seal").read_bytes()
    chance = random.Random(7)
    for position in [0, 20, 100, *(chance.randrange(len(whole)) for _ in range(150))]:
        copy = tmp_path / f"{position}" / "j.db"
        copy.parent.mkdir(exist_ok=True)
        broken = bytearray(whole)
        broken[position] ^= 1 << chance.randrange(8)
        copy.write_bytes(broken)
        copy.with_name("j.db.seal").write_bytes(seal)
        assert not _judgement(copy, incident), f"byte {position}"
        shutil.rmtree(copy.parent)


def test_a_byte_of_an_event_is_found_without_the_seal(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    journal, incident = opened(path)
    journal.append(incident, Entry("note.added", {"text": "KEEPTHIS" * 4}))
    journal.close()
    path.with_name("j.db.seal").unlink()
    whole = path.read_bytes()
    start = whole.index(b"KEEPTHIS")
    for position in range(start, start + 32):
        broken = bytearray(whole)
        broken[position] ^= 1
        path.write_bytes(broken)
        assert not _judgement(path, incident)
        path.with_name("j.db.seal").unlink(missing_ok=True)


def test_a_lease_keeps_the_second_out_until_it_is_given_back(tmp_path: Path) -> None:
    journal, incident = opened(tmp_path / "j.db")
    epoch = journal.lease(incident, "alice")
    with pytest.raises(Refused, match="being worked on by alice"):
        journal.lease(incident, "bob")
    assert journal.holder(incident) == "alice"
    journal.append(incident, NOTE, epoch=epoch)
    journal.release(incident, epoch)
    assert journal.holder(incident) == ""
    assert journal.lease(incident, "bob") > epoch
    with pytest.raises(Refused, match="taken over by bob"):
        journal.append(incident, NOTE, epoch=epoch)
    with pytest.raises(Refused, match="taken over"):
        journal.renew(incident, epoch)
    journal.close()


def test_a_lease_ends_by_itself(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    journal, incident = opened(tmp_path / "j.db", now=lambda: now[0])
    epoch = journal.lease(incident, "alice")
    now[0] += timedelta(seconds=19)
    journal.renew(incident, epoch)
    now[0] += timedelta(seconds=19)
    with pytest.raises(Refused):
        journal.lease(incident, "bob")
    now[0] += timedelta(seconds=2)
    assert journal.lease(incident, "bob") == epoch + 1
    journal.close()


def test_a_dead_process_loses_its_lease_at_once(tmp_path: Path) -> None:
    journal, incident = opened(tmp_path / "j.db")
    code = (
        "import os,sys,pathlib; from irtool.adapters.journal import SqliteJournal;"
        "j=SqliteJournal(pathlib.Path(sys.argv[1])); print(j.lease(sys.argv[2],'ghost'),flush=True);"
        "os.kill(os.getpid(),9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "j.db"), incident], capture_output=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == (b"1", -9)
    assert journal.lease(incident, "alice") == 2
    assert journal.verify(incident).whole
    journal.close()


def test_what_append_returned_survives_kill_9(tmp_path: Path) -> None:
    """The child is killed while it writes; every event it reported is there, and the chain is whole."""
    path = tmp_path / "j.db"
    journal, incident = opened(path)
    code = (
        "import sys,pathlib; from irtool.adapters.journal import SqliteJournal; from irtool.records import Entry;"
        "j=SqliteJournal(pathlib.Path(sys.argv[1]));\n"
        "while True: print(j.append(sys.argv[2], Entry('note.added'))[0].seq, flush=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(path), incident], stdout=subprocess.PIPE)
    assert child.stdout
    seen = [int(child.stdout.readline()) for _ in range(50)]
    child.kill()
    seen += [int(line) for line in child.stdout.read().split(b"\n") if line]
    child.stdout.close()
    child.wait()
    assert [e.seq for e in journal.events(incident)][: len(seen) + 1] == [1, *seen]
    assert journal.verify(incident).whole
    journal.close()


def test_a_journal_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the folder does not exist"):
        SqliteJournal(tmp_path / "no" / "j.db")
    (tmp_path / "text").write_text("this is not a database, and it is long enough to be read as one" * 20)
    with pytest.raises(ConfigError, match="not a database"):
        SqliteJournal(tmp_path / "text")
