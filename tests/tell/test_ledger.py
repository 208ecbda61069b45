"""The ledger: what each event makes of a notice, who is told what once, whom nobody reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.records import Event
from irtool.tell.ledger import ARRIVED, LONGEST_WAIT, Ledger, Told, correction_id, unreached
from irtool.tell.notices import CORRECTION, Wanted, identity_of

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
INCIDENT = "INC-2026-0001"


class Book:
    """Writes events about notices, a minute apart."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, kind: str, item: str = "", *, step: str = "notify", actor: str | None = None, **data: Any) -> Event:
        n = len(self.events) + 1
        when = START + timedelta(minutes=n)
        event = Event(
            INCIDENT, n, kind, data, step if item else None, item or None, actor, "irtool", when, "", when, "", ""
        )
        self.events.append(event)
        return event

    def plan(self, *customers: str, step: str = "notify", extends: str = "", action: str = "do", **more: Any) -> None:
        changes = [
            {"step": step, "item": c, "verb": "notice.send", "target": c, "connector": "mail", "action": action,
             "label": f"Customer {c}", "params": more.get("params", {}), "reason": more.get("reason", ""),
             "look": {"recipient": f"ops@{c}.example", "message_id": f"<irtool.{c}.{more.get('params')}@gw.example>"}}
            for c in customers
        ]  # fmt: skip
        self.add(
            "plan.made", plan={"steps": [{"id": step, "changes": changes}]}, **({"extends": extends} if extends else {})
        )

    def sent(self, item: str, step: str = "notify") -> None:
        self.add("change.intended", item, step=step, before={"data": {}})
        self.add("change.done", item, step=step, reply={"recipient": f"ops@{item}.example"})

    def failed(self, item: str, error: str) -> None:
        self.add("change.intended", item, before={"data": {}})
        self.add("change.failed", item, error=error)

    @property
    def ledger(self) -> Ledger:
        return Ledger.of(self.events)

    def row(self, item: str, step: str = "notify") -> Told:
        return self.ledger.rows[f"{step}/{item}"]


@pytest.fixture
def book() -> Book:
    made = Book()
    made.plan("c1", "c2")
    return made


def test_from_planned_to_acknowledged(book: Book) -> None:
    assert book.row("c1").state == "planned"
    book.add("change.intended", "c1", before={"data": {"message_id": "<m@gw.example>", "recipient": "a@c1.example"}})
    assert (book.row("c1").state, book.row("c1").message_id) == ("sending", "<m@gw.example>")
    done = book.add("change.done", "c1", reply={"recipient": "a@c1.example"})
    assert (book.row("c1").state, book.row("c1").sent_at) == ("sent", done.occurred_at)
    book.add("notice.delayed", "c1", status="4.2.2", said="full")
    assert (book.row("c1").state, book.row("c1").code) == ("delayed", "4.2.2")
    book.add("notice.bounced", "c1", status="5.1.1", said="nobody")
    assert book.row("c1").state == "bounced"
    book.add("notice.acknowledged", "c1", actor="alice", note="by telephone")
    row = book.row("c1")
    assert (row.state, row.acknowledged_by, row.note) == ("acknowledged", "alice", "by telephone")
    assert book.row("c2").state == "planned"


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        ("refused for now, 452: mail server x refused recipient y: 452 4.2.2 full", "deferred", "452"),
        ("refused for good, 550: mail server x refused recipient y: 550 5.1.1 nobody", "refused", "550"),
        ("mail server x:25: Connection refused", "failed", ""),
        ("customer Acme (c1) has no contact on file", "no address", ""),
        ('contact of customer Acme: "nobody" is not one address that mail can be sent to', "no address", ""),
    ],
)
def test_a_refusal_says_whether_asking_again_makes_sense(book: Book, error: str, state: str, code: str) -> None:
    book.failed("c1", error)
    row = book.row("c1")
    assert (row.state, row.code) == (state, code)
    assert (row.retry_at is not None) is (state == "deferred")


def test_each_wait_is_twice_as_long_up_to_a_limit(book: Book) -> None:
    waits = []
    for _ in range(8):
        book.failed("c1", "refused for now, 452: later")
        row = book.row("c1")
        assert row.retry_at
        assert row.at
        waits.append((row.retry_at - row.at) / timedelta(minutes=1))
    assert waits == [15, 30, 60, 120, 240, 240, 240, 240]
    assert timedelta(minutes=240) == LONGEST_WAIT
    book.sent("c1")
    assert (book.row("c1").state, book.row("c1").retry_at) == ("sent", None)


def test_a_new_plan_does_not_forget_what_was_sent(book: Book) -> None:
    book.sent("c1")
    book.plan("c1", "c2", action="already")
    assert book.row("c1").state == "sent"
    book.plan("c1", step="tell-them", action="do")
    assert [row.change for row in book.ledger.same("c1", "customer-notice", 1)] == ["notify/c1", "tell-them/c1"]
    assert [row.state in ARRIVED for row in book.ledger.same("c1", "customer-notice", 1)] == [True, False]


def test_versions_and_threads(book: Book) -> None:
    book.sent("c1")
    params = {"template": "customer-notice-update", "version": "2"}
    book.add("notice.drafted", version=2, texts={"en": "news", "it": "novità"}, by="alice")
    book.plan("c1", step="update-2", extends="update-2", params=params)
    assert book.ledger.last() == 2
    assert book.ledger.texts[2] == {"en": "news", "it": "novità"}
    assert len(book.ledger.thread("c1")) == 1
    book.sent("c1", step="update-2")
    assert book.ledger.thread("c1") == tuple(book.row("c1", s).message_id for s in ("notify", "update-2"))
    assert book.ledger.thread("c2") == ()


def test_a_plan_that_extends_leaves_the_other_steps(book: Book) -> None:
    changes = [
        {"step": s, "item": "c1", "verb": "notice.send", "target": "c1", "action": "skipped"}
        for s in ("notify", "update-2")
    ]
    book.add("plan.made", plan={"steps": [{"id": "x", "changes": changes}]}, extends="update-2")
    assert (book.row("c1").state, book.row("c1", "update-2").state) == ("planned", "vetoed")


def test_the_identity_of_a_correction_is_known_beforehand() -> None:
    customer = {"id": "c1"}
    first = identity_of("gw.example", INCIDENT, customer, Wanted())
    row = Told("c1", "notify/c1", "customer-notice", 1, message_id=first)
    expected = identity_of("gw.example", INCIDENT, customer, Wanted(CORRECTION, 1, corrects="customer-notice"))
    assert correction_id(row, INCIDENT, CORRECTION) == expected
    assert expected != first


def test_whom_nobody_reached() -> None:
    book = Book()
    book.plan("c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8")
    book.plan("c9", step="other", action="refused", reason="no contact address is on file: add it")
    for item in ("c1", "c2", "c3"):
        book.sent(item)
    book.add("notice.bounced", "c1", status="5.1.1")
    book.add("notice.acknowledged", "c2", actor="alice")
    book.failed("c4", "refused for good, 550: no")
    book.failed("c5", "refused for now, 452: later")
    book.add("change.intended", "c6", before={})
    book.add("change.skipped", "c7", reason="refused by bianca")
    now = START + timedelta(days=3, hours=1)
    found = {u.row.customer: u.reason for u in unreached(book.ledger, now, timedelta(days=3))}
    assert found == {
        "c9": "no address",
        "c4": "refused for good",
        "c5": "refused for now",
        "c6": "in doubt",
        "c1": "bounced",
        "c3": "not acknowledged",
    }
    assert next(iter(found)) == "c9"
    assert "c3" not in {u.row.customer for u in unreached(book.ledger, now, timedelta(days=4))}
    book.add("notice.escalated", "c4", reason="refused for good")
    assert [u.row.escalated_at is not None for u in unreached(book.ledger, now, timedelta(days=4))].count(True) == 1


KINDS = st.sampled_from(
    ["change.intended", "change.done", "change.failed", "change.unknown", "change.skipped", "undo.intended",
     "undo.done", "notice.bounced", "notice.delayed", "notice.acknowledged", "notice.escalated", "note.added"]
)  # fmt: skip


@given(st.lists(st.tuples(KINDS, st.sampled_from(["c1", "c2", "c3"])), max_size=30), st.integers(0, 30))
def test_growing_is_the_same_as_reading_all(happened: list[tuple[str, str]], cut: int) -> None:
    """The ledger that the mailer keeps while it sends is the one that anybody reads afterwards."""
    book = Book()
    book.plan("c1", "c2")
    for kind, item in happened:
        book.add(kind, item, error="refused for now, 452: x")
    grown = Ledger.of(book.events[:cut])
    for event in book.events[cut:]:
        grown.add(event)
    assert grown == book.ledger
    for row in grown.rows.values():
        assert row.customer in {"c1", "c2"}
        was_done = any(e.kind == "change.done" and e.item == row.customer for e in book.events)
        assert (row.sent_at is not None) is was_done


@given(st.dictionaries(st.sampled_from(["steps", "changes", "x"]), st.none() | st.integers() | st.lists(st.none())))
def test_a_plan_that_is_none_is_no_plan(plan: dict[str, Any]) -> None:
    book = Book()
    book.add("plan.made", plan=plan)
    book.add("plan.made", plan={"steps": [{"changes": [{"verb": "notice.send"}, None, 3]}]})
    assert len(book.ledger.rows) == 1
