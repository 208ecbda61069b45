"""Whatever happens in an incident, irtool's own texts say only what the facts say, and its linter does not stumble."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irtool.records import Change, Event, Plan, PlanStep, to_json
from irtool.shipped import folder
from irtool.tell.linter import lint
from irtool.tell.parts import REPORT_STYLES
from irtool.tell.report import Order, write
from irtool.tell.story import story
from irtool.tell.wording import LANGUAGES

from .conftest import Script

T0 = datetime(2025, 4, 14, 15, 54, tzinfo=UTC)
VERBS = ("domain.block", "ip.block", "address.block", "account.disable", "policy.set", "queue.purge", "abuse.report")
OUTCOMES = ("change.done", "change.failed", "change.unknown", "change.already", "change.skipped", "undo.done")
TEXTS = (
    "Looked at 17 servers at 12:31",
    "99 % of it",
    "=1+1",
    "10.0.0.1 x7",
    "#aware",
    "\u202e 3\r\n4",
    "",
    "1.234,5",
    "½ ²",
)


def incident(seed: int, texts: list[str]) -> list[Event]:
    """Some complaints, a campaign or none, any outcomes of any changes at any time, notes of any text."""
    choose, script = random.Random(seed), Script()
    texts = [*texts, *TEXTS]

    def later() -> datetime:
        return T0 + timedelta(seconds=choose.randrange(-500_000, 5_000_000), microseconds=7)

    script.add("incident.opened", later(), {"title": choose.choice(texts)}, actor="alice")
    for n in range(choose.randrange(5)):
        when = later().isoformat()
        hop = {"by": f"r{n}.example", "ip": f"192.0.2.{n}", "time": when, "time_raw": choose.choice(texts)}
        mail = {"subject": choose.choice(texts), "from": [f"u{n}@own.example"], "hops": [hop]}
        script.add("complaint.received", later(), {**mail, "x_mailer": choose.choice(texts)})
    found = _findings(choose, sorted((later(), later())))
    script.add("triage.done", later(), {"findings": found})
    changes = _changes(choose, len(found["accounts"]))
    steps = tuple(
        PlanStep(v, v, v, "none", "continue", v, tuple(c for c in changes if c.verb == v))
        for v in dict.fromkeys(c.verb for c in changes)
    )
    script.add("plan.made", T0, {"plan": to_json(Plan("p", "0" * 64, "1" * 64, T0, steps))})
    for change in changes:
        for kind in choose.choices(OUTCOMES, k=choose.randrange(4)):
            script.add(kind, later(), {"error": choose.choice(texts)}, step=change.step, item=change.item)
    for _ in range(choose.randrange(4)):
        script.add("note.added", later(), {"text": choose.choice(texts)}, actor="alice")
    return script.events


def _findings(choose: random.Random, span: list[datetime]) -> dict[str, Any]:
    counted = [{"value": f"v{n}.example", "messages": n} for n in range(choose.randrange(60))]
    found: dict[str, Any] = {
        "messages": choose.choice((0, 1, 2, 999, 1_899_999, 10**7)), "from_log": choose.random() < 0.5,
        "rejected_rows": choose.randrange(3), "accounts": [{"id": f"a{n}"} for n in range(choose.randrange(40))],
        "source_ips": counted, "spoofed_addresses": counted[:3], "destination_domains": counted[:5],
        "affected_customers": [], "unanswered": [f"The log has {choose.randrange(10**6)} rows nobody reads."],
    }  # fmt: skip
    return found | (
        {"first_seen": span[0].isoformat(), "last_seen": span[1].isoformat()} if choose.random() < 0.7 else {}
    )


def _changes(choose: random.Random, accounts: int) -> list[Change]:
    most = {"account.disable": accounts}
    return [
        Change(verb, f"{verb}{n}", verb, f"a{n}" if verb == "account.disable" else f"t{n}", "c", "do")
        for verb in choose.sample(VERBS, choose.randrange(len(VERBS)))
        for n in range(min(choose.randrange(1, 30), most.get(verb, 99)))
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**9),
    texts=st.lists(st.text(max_size=40), max_size=3),
    style=st.sampled_from(REPORT_STYLES),
    lang=st.sampled_from(sorted(LANGUAGES)),
    public=st.booleans(),
)
def test_our_own_texts_are_backed(seed: int, texts: list[str], style: str, lang: str, *, public: bool) -> None:
    """No figure of ours is ever refused by our own check."""
    events = incident(seed, texts)
    order = Order(style, lang, "clear" if public else "", people=("alice",))
    written = write(events, order, [folder("templates")], {"name": "Example Mail 24", "domains": ["own.example"]})
    assert written.markdown.startswith("# ")
    lint(story(events))
