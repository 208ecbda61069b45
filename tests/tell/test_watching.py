"""What a watch saw, leases, break-glass and the like: told in every language, harmless and with figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from irtool.records import Change, PlanStep
from irtool.tell.chronicle import chronicle
from irtool.tell.gather import gather
from irtool.tell.story import story
from irtool.tell.timeline import timeline

T0 = datetime(2025, 4, 14, 17, 0, tzinfo=UTC)
AT = {"step": "block", "item": "a.example"}
ESC = "\x1b[31m"


@pytest.fixture
def blocked(script: Any) -> Any:
    """One domain, blocked."""
    change = Change("block", "a.example", "domain.block", "a.example", "rspamd", "do", "absent", "blocked")
    script.add("incident.opened", T0, {"title": "x"})
    script.plan(T0, PlanStep("block", "Block", "domain.block", "none", "stop", "h", (change,)))
    script.tried("change.done", T0, {"effective": True}, **AT)
    return script


def last(script: Any, lang: str = "en", lines: int = 1) -> str:
    """The end of the timeline as text."""
    return " ".join(" ".join(timeline(script.events, "text", lang).splitlines()[-lines:]).split())


SAID = [
    ("change.verified", {"effective": True, "drifted": False}, "In effect: block domain", "In effetto: bloccare"),
    ("change.verified", {"effective": False, "drifted": False}, "NO EFFECT: block domain", "SENZA EFFETTO: bloccare"),
    ("change.verified", {"effective": False, "drifted": True}, "TAKEN BACK BY SOMEBODY: ", "TOLTO DA QUALCUNO: "),
    ("change.verified", {"effective": None, "drifted": False}, "Looked at again: ", "Ricontrollato: "),
    ("change.shadowed", {"reason": "r"}, "SHADOW MODE, nothing was sent: ", "MODALITÀ OMBRA, nulla è stato inviato: "),
    ("lease.set", {"expires_at": "2025-04-20T10:00:00Z"}, "Stays until 20 April 2025, 10:00 UTC: ",
     "Resta fino a 20 aprile 2025, h 10:00 UTC: "),
    ("lease.set", {"expires_at": None}, "Stays without an end: ", "Resta senza scadenza: "),
    ("watch.started", {"every": "60s", "until": None}, "Watch started: every 60s until somebody ends it",
     "Sorveglianza avviata: ogni 60s finché qualcuno non la ferma"),
    ("watch.ended", {"reason": "interrupted"}, "Watch ended: interrupted", "Sorveglianza terminata: interrotta"),
    ("watch.ended", {"reason": "else"}, "Watch ended: else", "Sorveglianza terminata: else"),
    ("watch.alarm", {"what": "leaks", "reason": "x: 500 no", "change": "block/a.example"},
     "ALARM: the setting is there, and the server does not act on it: 500 no",
     "ALLARME: l'impostazione c'è, ma il server non la applica: 500 no"),
    ("breakglass.used", {"why": "nobody awake", "steps": ["block"]}, "BREAK-GLASS, without the approval of others: nob",
     "BREAK-GLASS, senza l'approvazione di altri: nob"),
    ("breakglass.ratified", {"note": "fine"}, "Break-glass ratified", "Break-glass ratificato"),
    ("breakglass.disowned", {"reason": "no"}, "BREAK-GLASS NOT RATIFIED", "BREAK-GLASS NON RATIFICATO"),
    ("approval.revoked", {"hash": "h", "reason": "no"}, "Approval taken back: Block", "Approvazione ritirata: Block"),
    ("journal.anchored", {"kind": "file", "seq": 7}, "Head of the journal kept elsewhere (file, event 7)",
     "Testa del registro conservata altrove (file, evento 7)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "english", "italian"), SAID, ids=[f"{k}-{e[:9]}" for k, _, e, _ in SAID])
def test_every_kind_is_told(blocked: Any, kind: str, data: dict[str, object], english: str, italian: str) -> None:
    """In words of the language, without a hole."""
    place = {} if kind.startswith(("watch.", "break", "journal.")) else dict(AT)
    blocked.add(kind, T0 + timedelta(minutes=5), data, actor="alice", **place)
    for lang, said in (("en", english), ("it", italian)):
        told = last(blocked, lang, 3)
        assert said in told
        assert "?" not in told
        assert "{" not in told


@pytest.mark.parametrize("lang", ["en", "it"])
def test_the_mail_of_an_alarm_is_told_with_its_figures(blocked: Any, lang: str) -> None:
    """How many, since when, by whom; and the published report says it too."""
    data = {
        "what": "mail",
        "reason": "r",
        "messages": 1234,
        "since": "2025-04-14T18:02:00Z",
        "values": ["ip 192.0.2.9"],
    }
    blocked.add("watch.alarm", T0 + timedelta(hours=2), data, source="log")
    told = last(blocked, lang, 3)
    messages, when, report = {
        "en": ("1,234 messages", "14 April 2025, 18:02 UTC", "still accepted (1,234 messages since"),
        "it": ("1.234 messaggi", "14 aprile 2025, h 18:02 UTC", "ancora accettati (1.234 messaggi dal"),
    }[lang]
    assert messages in told
    assert when in told
    assert "192.0.2[.]9" in told
    rows = chronicle(gather(blocked.events), None, lang)
    assert any(report in str(row["text"]) for row in rows)


def test_what_somebody_took_back_is_no_success(blocked: Any) -> None:
    """Nor is it in any figure or milestone."""
    assert story(blocked.events)["figures"]["domains_blocked"] == 1
    blocked.add("change.verified", T0 + timedelta(hours=1), {"effective": False, "drifted": True}, **AT)
    facts: Any = story(blocked.events)
    assert (facts["figures"]["domains_blocked"], facts["figures"]["failed"]) == (0, 1)
    assert "first_block" not in facts["marks"]
    blocked.add("change.verified", T0 + timedelta(hours=2), {"effective": True, "drifted": False}, **AT)
    assert story(blocked.events)["figures"]["domains_blocked"] == 1


def test_a_look_settles_no_intent(blocked: Any) -> None:
    """An intent without an outcome is told, whatever was looked at since."""
    blocked.add("undo.intended", T0 + timedelta(minutes=1), {"cause": "expiry"}, **AT)
    blocked.add("change.verified", T0 + timedelta(minutes=2), {"effective": True, "drifted": False}, **AT)
    told = " ".join(timeline(blocked.events).split())
    assert "Trying to undo: block domain a[.]example (rspamd) ! its time is over" in told


@pytest.mark.parametrize("kind", ["watch.alarm", "watch.ended", "breakglass.used", "journal.anchored", "watch.started"])
def test_hostile_words_are_harmless(blocked: Any, kind: str) -> None:
    """Whatever a server, a person or a file put into it."""
    nasty = f"{ESC}x\r\nfake line"
    data = dict.fromkeys(["reason", "why", "kind", "seq", "every", "until", "change", "since"], nasty)
    blocked.add(kind, T0 + timedelta(minutes=5), {**data, "values": [nasty], "messages": 3})
    text = timeline(blocked.events)
    assert ESC not in text
    assert "\nfake line" not in text
