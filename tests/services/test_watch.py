"""irtool watch on real servers: a map that somebody edits behind irtool's back, a scanner that does not enforce, mail
that goes on."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from .test_containment import BEFORE, ELSEWHERE, FORGED, INCIDENT, IP, OWN, TARGET, Desk, desk

__all__ = ["desk"]
DOMAINS = "rcpt_domains.map"


class Lax(http.server.BaseHTTPRequestHandler):
    """A scan worker that has never read the maps again: everything passes."""

    def do_POST(self) -> None:
        """No action, whatever it is."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b'{"action": "no action", "score": 0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def lax() -> Iterator[str]:
    """Its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lax)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def kinds(desk: Desk) -> list[str]:
    """What is on the timeline, and when it was written."""
    return [e["kind"] for e in desk.irtool("timeline", INCIDENT, "--format", "json", code=0).json]


def log_more(desk: Desk, **values: str) -> None:
    """Three more messages of the campaign, accepted a minute from now."""
    when = datetime.now(UTC) + timedelta(minutes=1)
    row = {"user": "trial1", "client": "198.51.100.77", "from": "", "hfrom": FORGED["C1"], "hsender": OWN, **values}
    with (desk.irtool.folder / "gateway.jsonl").open("a") as stream:
        for n in range(3):
            line = {"ts": when.isoformat(), "mid": f"<late{n}{values}@trial1.example>", "to": f"v{n}@{TARGET}", **row}
            stream.write(json.dumps(line) + "\n")


def test_an_edited_map_is_recorded_and_made_good(desk: Desk) -> None:
    """Somebody saves the map of before: mail flows again until the next look, which puts irtool's own lines back."""
    desk.run()
    desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    assert "change.verified" not in kinds(desk)
    text = BEFORE[DOMAINS] + "kept.example.net\n"
    assert desk.rspamd.save(DOMAINS, text).is_success
    desk.rspamd.wait_for("no action", rcpt=f"x@{TARGET}")
    assert desk.innocent(to=f"friend@{TARGET}") == 250
    said = desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    assert f"made again: block-domains/{TARGET}" in said.out
    lines = desk.maps()[DOMAINS].removeprefix(text).splitlines()
    assert sorted(lines) == ["stuck.example.net", TARGET]
    assert desk.innocent(to=f"friend@{TARGET}") == 554
    told = " ".join(desk.irtool("timeline", INCIDENT, code=0).out.split())
    assert "TAKEN BACK BY SOMEBODY: block domain target[.]example[.]org (rspamd)" in told
    desk.undo()
    assert desk.maps()[DOMAINS] == text
    assert desk.innocent(to=f"friend@{TARGET}") == 250


def test_what_was_undone_stays_undone(desk: Desk) -> None:
    """By a person, between two looks."""
    desk.run()
    desk.irtool("undo", INCIDENT, "block-domains", "--as", "alice", "--yes", code=0)
    desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    assert desk.maps()[DOMAINS] == BEFORE[DOMAINS]


def test_a_scanner_that_does_not_enforce_is_an_alarm(desk: Desk, lax: str) -> None:
    """The controller shows the lines, the scanner lets the mail pass: exit 1, told once, nothing sent again."""
    desk.run()
    path = desk.irtool.folder / "irtool.yaml"
    settings = json.loads(path.read_text())
    settings["connectors"]["rspamd"]["scan_url"] = lax
    path.write_text(json.dumps(settings))
    before = desk.maps()
    for _ in range(2):
        said = desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=1)
        assert f"without effect: block-domains/{TARGET}" in said.out
        assert "ALARM" in said.out
    assert desk.maps() == before
    written = kinds(desk)
    assert written.count("watch.alarm") == written.count("change.verified") >= 3


def test_mail_that_goes_on_is_counted_and_planned_for(desk: Desk) -> None:
    """The log shows three more messages from a new IP: an alarm, and a plan that blocks it after a yes."""
    desk.run()
    desk.irtool("refuse", INCIDENT, "notify", "--as", "bianca", code=0)
    desk.irtool("resume", "--as", "alice", "--yes")
    desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0)
    log_more(desk)
    maps = desk.maps()
    said = desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=1)
    assert "3 messages of the campaign accepted since it was contained" in said.out
    assert "new in it: ip 198.51.100.77" in said.out
    assert "block-ips" in said.err
    assert desk.maps() == maps
    told = " ".join(desk.irtool("timeline", INCIDENT, code=0).out.split())
    assert "ALARM: mail of the campaign is still accepted" in told
    assert desk.irtool("status", INCIDENT, "--json", code=0).json["status"] == "planned"
    assert kinds(desk).count("plan.made") == 2
    desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=1)
    assert (kinds(desk).count("plan.made"), kinds(desk).count("watch.alarm")) == (2, 1)
    desk.irtool("run", INCIDENT, "--as", "alice", "--yes")
    assert desk.innocent(xclient_addr="198.51.100.77") == 554
    assert desk.innocent(xclient_addr=IP) == 554
    assert desk.innocent(to=f"friend@{ELSEWHERE}") == 250


def test_refused_mail_in_the_log_is_no_leak(desk: Desk) -> None:
    """Attempts that the gateway refused are what containment looks like."""
    desk.run()
    log_more(desk, verdict="rejected")
    path = desk.irtool.folder / "irtool.yaml"
    settings = json.loads(path.read_text())
    settings["logs"]["gateway"]["columns"]["status"] = "verdict"
    path.write_text(json.dumps(settings))
    assert "0 messages of the campaign" in desk.irtool("watch", INCIDENT, "--once", "--as", "alice", code=0).out
