"""A real Postfix writes its own log, hostile messages in it; what irtool reads from it is what was sent."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from irtool.adapters.logs import LogFile, open_log

from .mail import Mail
from .postfix import Postfix
from .sink import Sink

HOSTILE = '"a; from=<evil@forged.example> to=<y@z.example> proto=ESMTP helo=<x>" <me@trial.example>'
LONG = "x" * 250


@pytest.fixture
def logging_postfix(postfix: Postfix) -> Iterator[Postfix]:
    """The private Postfix with the header_checks that `irtool doctor logs` proposes."""
    rules = postfix.config_dir / "header_checks"
    rules.write_text("/^(From|Sender|Subject):/ INFO\n")
    configure(postfix, f"header_checks = regexp:{rules}", "nested_header_checks =", "mime_header_checks =")
    yield postfix
    configure(postfix, "header_checks =")


def configure(postfix: Postfix, *settings: str) -> None:
    """Change main.cf; new cleanup processes see it, the old ones are told to go."""
    for setting in settings:
        subprocess.run(["postconf", "-c", postfix.config_dir, "-e", setting], check=True, capture_output=True)
    subprocess.run(["postfix", "-c", postfix.config_dir, "reload"], check=True, capture_output=True)
    time.sleep(1)  # a cleanup process that is idle ends when it notices


def found(log: Path, recipient: str) -> dict[str, object]:
    """The message to this recipient, once the log says that it was sent."""
    for _ in range(100):
        with open_log([LogFile("postfix", str(log))]) as opened:
            rows = opened.query("SELECT * FROM log WHERE recipient = $recipient", {"recipient": recipient})
            assert opened.rejected_rows() <= 1  # the line that is being written
        if rows and rows[0]["status"] == "sent":
            break
        time.sleep(0.1)
    assert len(rows) == 1
    return rows[0]


def test_a_hostile_sender_changes_nothing_but_itself(logging_postfix: Postfix, mail: Mail, sink: Sink) -> None:
    code, text = mail.submit(
        "trial1", "", ["its-log@target.example.org"], header_from="The Boss <CEO@customer.example>",
        sender=HOSTILE, subject="Subject; from=<z@z.example>", xclient_addr="198.51.100.7",
    )  # fmt: skip
    assert code == 250, text
    sink.wait_for("its-log@target.example.org")
    row = found(logging_postfix.log, "its-log@target.example.org")
    assert (row["envelope_from"], row["account"], row["source_ip"]) == ("", "trial1", "198.51.100.7")
    assert (row["header_from"], row["header_sender"]) == ("ceo@customer.example", "me@trial.example")
    assert row["subject"] == "Subject; from=<z@z.example>"
    assert str(row["id"]).endswith("@gateway.example.com>")


def test_a_quoted_recipient_that_looks_like_a_log_line(logging_postfix: Postfix, mail: Mail, sink: Sink) -> None:
    recipient = '"a; from=<evil@forged.example>"@target.example.org'
    code, text = mail.submit("alice", "alice@gateway.example.com", [f"<{recipient}>"], sender=HOSTILE)
    assert code == 250, text
    row = found(logging_postfix.log, recipient)
    assert (row["envelope_from"], row["account"]) == ("alice@gateway.example.com", "alice")
    assert (row["header_sender"], row["recipient_domain"]) == ("me@trial.example", "target.example.org")


def test_a_sender_longer_than_the_log_shows_is_not_known(logging_postfix: Postfix, mail: Mail, sink: Sink) -> None:
    assert mail.submit("bob", "", ["long@target.example.org"], sender=f'"{LONG}" <me@trial.example>')[0] == 250
    sink.wait_for("long@target.example.org")
    row = found(logging_postfix.log, "long@target.example.org")
    assert (row["account"], row["header_sender"]) == ("bob", None)
    with open_log([LogFile("postfix", str(logging_postfix.log))]) as log:
        assert sum(note.rows for note in log.notes()) >= 1
