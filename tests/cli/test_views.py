"""What plans, incidents and undos look like: no empty words, no untrue ones, 80 columns."""

from __future__ import annotations

from datetime import UTC, datetime

from irtool.cli.triage_view import lines
from irtool.cli.views import Lines, status_line, undo_line
from irtool.history import History
from irtool.records import Change, Complaint, Event, Findings, Indicator

NOW = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)


def change(verb: str, before: str, after: str) -> Change:
    return Change("s", "t1", verb, "t1", "panel", "do", before, after)


def test_what_was_told_is_corrected_and_not_unsaid() -> None:
    assert "sent, a correction follows" in undo_line(change("notice.send", "unsent", "sent"))
    assert "disabled -> active, as it was before" in undo_line(change("account.disable", "active", "disabled"))
    assert len(undo_line(change("account.disable", "active", "disabled"))) <= 80


def test_a_call_without_states_ends_with_a_word(capsys) -> None:
    one = change("http.call", "undone", "")
    event = Event("INC-2026-0001", 1, "change.done", {"after": ""}, "s", "t1", None, "irtool", NOW, "", NOW, "0", "1")
    Lines({one.id: one}).told(event)
    assert " done" in capsys.readouterr().err


def test_an_incident_fits_into_80_columns() -> None:
    history = History("INC-2026-0001", playbook="spoofed-campaign", opened_at=NOW, started_by="bianca",
                      outcome="interrupted")  # fmt: skip
    assert len(status_line(history)) <= 80


def test_a_text_shows_what_was_found_in_it() -> None:
    found = (Indicator("address", "info@sophos.example", "text line 2", 0.8),)
    text = "\n".join(lines([Complaint("a.txt", "0" * 64, 9, "text", indicators=found)], Findings()))
    assert "address    info[@]sophos[.]example  (text line 2)" in text
    assert "envelope" not in text


def test_faults_are_told_whole_and_can_not_be_clicked() -> None:
    fault = "written by mario@customer.example to an abuse desk: what it names is looked for; if it is itself the abuse"
    shown = list(lines([Complaint("a.txt", "0" * 64, 9, "text", faults=(fault, "x" * 1_000))], Findings()))
    text = " ".join(" ".join(shown).split())
    assert fault.replace("@", "[@]").replace("customer.", "customer[.]") in text
    assert max(map(len, shown)) <= 80
    assert len(shown) < 14
