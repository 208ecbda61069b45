"""A complaint that was written to hurt its reader: shown harmless at every exit, never evaluated, never followed."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path

import pytest

from .conftest import Make
from .terminal import Said
from .world import INCIDENT, World, complaint

SUBJECTS = {
    "a template": "{{ 1913*2741 }} {% for x in [1] %}{{ x }}{% endfor %}",
    "an expression": "${{ config }} ${{ 1913*2741 }} ${{ inputs.__class__.__mro__ }}",
    "control codes": "=?utf-8?q?=1B=5B31mred=1B=5B0m =1B=5D0;title=07 =9B2J?=",
    "HTML": "<script>alert(1913*2741)</script><img src=x onerror=alert(1)>",
    "Markdown": "[click](https://evil.example/x) ![i](https://evil.example/i.png) | a | **b** <https://evil.example>",
    "line breaks": "=?utf-8?q?x=0D=0ABcc:_all=40evil.example=0D=0A=0D=0Abody?=",
    "bidirectional": "=?utf-8?b?4oCuZ3BqLmV4ZeKAqyDigI0=?=",
    "a formula": "=cmd|' /C calc'!A0",
    "Slack": "<!channel> <@U123> <https://evil.example|click>",
}


@pytest.fixture
def hostile(make: Make) -> World:
    """The world with a complaint for each of these subjects, which are in the log and in a customer's name too."""
    world = make()
    log = world.folder / "gateway.jsonl"
    subjects = cycle(SUBJECTS.values())
    rows = [{**json.loads(line), "subject": next(subjects)} for line in log.read_text().splitlines()]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path(world.folder, "complaints").mkdir()
    for name, subject in SUBJECTS.items():
        Path(world.folder, "complaints", f"{name}.eml").write_text(complaint(2, 2, subject), newline="")
    accounts = world.folder / "accounts.csv"
    accounts.write_text(accounts.read_text().replace("Acme S.p.A.", '"Acme {{ 1913*2741 }} <b>S.p.A.</b>"'))
    return world


def harmless(said: Said) -> None:
    """Nothing was evaluated, and nothing reaches a terminal but printable text."""
    assert "5243533" not in said.text, said.text
    assert "mappingproxy" not in said.text
    assert "class '" not in said.text
    bad = [c for c in said.text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u202b\u200d"]
    assert bad == []


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_hostile_text_is_harmless_everywhere(hostile: World) -> None:
    """Triage, plan, run, status, timeline, notices and report, in every format."""
    irtool = hostile.irtool
    harmless(irtool("triage", "complaints", code=0))
    for path in sorted((hostile.folder / "complaints").iterdir()):
        shown = irtool("triage", f"complaints/{path.name}", code=0)
        harmless(shown)
        assert shown.out.count("  subject ") == 1
    harmless(irtool("plan", "email-abuse", "complaints", "--as", "alice", code=0))
    harmless(irtool("run", INCIDENT, "--as", "alice", "--yes", code=3))
    for step in ("purge-queue", "notify"):
        harmless(irtool("approve", INCIDENT, step, "--as", "bianca", code=0))
    harmless(irtool("resume", "--as", "alice", code=0))
    harmless(irtool("status", "--all", code=0))
    harmless(irtool("timeline", code=0))
    harmless(irtool("notices", code=0))
    notice = irtool("notices", "--customer", "C1", code=0)
    harmless(notice)
    assert "Acme {{ 1913*2741 }}" in notice.out

    markdown = irtool("timeline", "--format", "md", code=0).out + irtool("report", code=0).out
    assert "5243533" not in markdown
    assert not re.search(r"(?<!\\)\]\((?!#)", markdown)  # no link, no image
    assert not re.search(r"(?<!\\)<(?!!--)[a-z!/@]", markdown)  # no HTML, no autolink
    assert "\x1b" not in markdown

    html = irtool("report", "--format", "html", code=0).out
    assert "5243533" not in html
    page = Tags()
    page.feed(html)
    assert page.tags & {"script", "img", "a", "b", "iframe", "link"} == set()
    assert not {name for name in page.attributes if name.startswith("on") or name in {"src", "href"}}


def test_hostile_text_stays_as_data_in_json(hostile: World) -> None:
    """Machines get the very text, as one JSON value; nothing of it was evaluated."""
    found = hostile.irtool("triage", "complaints", "--json", code=0)
    assert len(found.out.splitlines()) == 1
    assert "5243533" not in found.out
    subjects = {complaint["subject"] for complaint in found.json["complaints"]}
    assert {SUBJECTS[name] for name in ("a template", "an expression", "HTML", "Slack")} <= subjects
    assert found.json["findings"]["messages"] == 12


def test_notices_have_no_header_of_the_attackers(make: Make) -> None:
    """Line breaks in names and contacts cannot add a recipient."""
    world = make()
    accounts = world.folder / "accounts.csv"
    text = accounts.read_text().replace("Acme S.p.A.", '"Acme\r\nBcc: all@evil.example"')
    accounts.write_text(text, newline="")
    world.run(code=3)
    for step in ("purge-queue", "notify"):
        world.irtool("approve", INCIDENT, step, "--as", "bianca", code=0)
    world.irtool("resume", "--as", "alice", code=0)
    for path in Path(world.folder, "outbox").glob("*.eml"):
        head = path.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        assert not re.search(rb"^(Bcc|Cc):", head, re.MULTILINE | re.IGNORECASE)


def test_a_playbook_cannot_reach_out_of_its_sandbox(make: Make) -> None:
    """An expression that digs for Python's insides is a fault or a failure, with nothing changed."""
    world = make()
    before = world.provider.dump()
    for digging in ("''.__class__.__mro__", "findings.__class__", "inputs|attr('__class__')", "range(10**9)|list"):
        Path(world.folder, "mine.yaml").write_text(
            "playbook: mine\ntitle: M\nowner: me\ninputs:\n  complaint: {type: file}\nsteps:\n"
            '  - {id: triage, title: R, uses: triage.complaint, with: {complaint: "${{ inputs.complaint }}"}}\n'
            f'  - {{id: b, title: B, uses: domain.block, each: "{digging}"}}\n'
        )
        said = world.irtool("run", "mine.yaml", "complaint.eml", "--as", "alice", "--yes", code=2)
        assert "mine.yaml:8:" in said.err
    assert (world.provider.dump(), world.counts()["applied"]) == (before, 0)
