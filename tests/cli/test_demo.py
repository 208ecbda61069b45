"""`irtool demo` at full size, once; then everything that its last lines propose, in its folder or a copy of it."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from irtool.sandbox.provider import Provider
from irtool.wiring.demo import make

from .terminal import Said, Terminal

pytestmark = pytest.mark.xdist_group("demo")

INCIDENT = f"INC-{datetime.now(UTC):%Y}-0001"
CHANGES = {"block-domains": 1, "hold-queue": 1, "block-addresses": 36, "block-ips": 180, "disable-trials": 24,
           "purge-queue": 1, "notify": 12}  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """The folder irtool-demo, and what `irtool demo --json` printed."""
    folder = tmp_path_factory.mktemp("demo")
    said = Terminal(folder)("demo", "--json", code=0)
    return folder / "irtool-demo", said


@pytest.fixture(scope="module")
def told(played: tuple[Path, Said]) -> dict[str, Any]:
    return dict(played[1].json)


@pytest.fixture(scope="module")
def demo(played: tuple[Path, Said]) -> Terminal:
    """A shell in the demo's folder, for what changes nothing but the journal."""
    return Terminal(played[0])


@pytest.fixture
def copy(played: tuple[Path, Said], tmp_path: Path) -> Terminal:
    """A shell in a copy of the folder (the log is linked, not copied), for what changes the provider."""
    target = tmp_path / "irtool-demo"
    shutil.copytree(played[0], target, ignore=shutil.ignore_patterns("logs"))
    (target / "logs").symlink_to(played[0] / "logs")
    return Terminal(target)


def dump(folder: Path) -> dict[str, Any]:
    provider = Provider(folder / "provider.db")
    try:
        return dict(provider.dump())
    finally:
        provider.close()


# --- the play -------------------------------------------------------------------------------------------------------


def test_the_campaign_is_found_whole(told: dict[str, Any]) -> None:
    """The figures of the incident of 2025."""
    figures = {key: told[key] for key in ("messages", "accounts", "affected_customers", "impersonating_messages")}
    assert figures == {
        "messages": 1_900_000, "accounts": 24, "affected_customers": 12, "impersonating_messages": 30,
    }  # fmt: skip
    assert [d["value"] for d in told["destination_domains"]] == ["quickpost.example"]
    assert told["findings"]["log_rows"] > 3_000_000
    assert {a["plan"] for a in told["findings"]["accounts"]} == {"trial"}


def test_every_step_is_done(told: dict[str, Any]) -> None:
    """Exit 0, outcome done, and no change in any other state than done (one IP was blocked before)."""
    assert (told["incident"], told["outcome"], told["exit_code"]) == (INCIDENT, "done", 0)
    assert told["steps"]["block-ips"] == {"done": 179, "already": 1}
    done = {step: sum(states.values()) for step, states in told["steps"].items() if states}
    assert done == CHANGES
    assert all(set(states) == {"done"} for step, states in told["steps"].items() if states and step != "block-ips")


def test_the_relay_accepted_the_message_and_refuses_it(told: dict[str, Any]) -> None:
    """250 before, 5xx after."""
    assert told["relay"]["before"]["code"] == 250
    assert 500 <= told["relay"]["after"]["code"] < 600


def test_the_events_are_the_journal(demo: Terminal, told: dict[str, Any]) -> None:
    """What --json printed is what the journal holds, and its chain is whole."""
    assert told["journal"]["whole"] is True
    kept = demo("timeline", INCIDENT, "--json", code=0)
    assert len(told["events"]) == told["journal"]["events"] >= 2 * sum(CHANGES.values())
    chain = [event["hash"] for event in sorted(json.loads(kept.out), key=lambda event: event["seq"])]
    assert chain[: len(told["events"])] == [event["hash"] for event in told["events"]]


def test_progress_is_shown_off_a_terminal_too(played: tuple[Path, Said]) -> None:
    """On stderr, while stdout stays one JSON object."""
    assert len(played[1].out.splitlines()) == 1
    assert "provider" in played[1].err
    assert "gateway-" in played[1].err
    assert "\x1b" not in played[1].text


def test_a_folder_of_somebody_else_is_never_touched(bare: Terminal) -> None:
    """Not even with --fresh."""
    mine = bare.folder / "irtool-demo"
    mine.mkdir()
    mine.joinpath("thesis.txt").write_text("years of work")
    for words in (("demo",), ("demo", "--fresh")):
        assert "nothing was touched" in bare(*words, code=2).err
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]


def test_a_second_demo_says_how_to_begin_anew(demo: Terminal) -> None:
    """An earlier demo is kept unless told otherwise."""
    said = Terminal(demo.folder.parent)("demo", code=2)
    assert "irtool demo --fresh" in said.err
    assert (demo.folder / "irtool.db").exists()


# --- looking --------------------------------------------------------------------------------------------------------


def test_status(demo: Terminal) -> None:
    """One line for people, numbers for machines."""
    assert re.search(rf"^{INCIDENT}  email-abuse +contained ", demo("status", code=0).out)
    (status,) = demo("status", "--json", code=0).json
    assert status["status"] == "contained"
    assert status["counts"] == {"done": 254, "already": 1}


def test_timeline(demo: Terminal, told: dict[str, Any]) -> None:
    """The same story as text, Markdown and JSON; times in UTC, in order of what happened."""
    text = demo("timeline", code=0).out
    assert "1,900,000 messages" in text
    times = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)  ", text, re.MULTILINE)
    assert times == sorted(times)
    assert len(times) > sum(CHANGES.values())
    assert max(map(len, text.splitlines())) <= 80
    markdown = demo("timeline", "--format", "md", code=0).out
    assert markdown.count("\n|") > sum(CHANGES.values())
    assert "1.900.000" in demo("timeline", "--lang", "it", code=0).out


def test_triage_again(demo: Terminal) -> None:
    """The command that the demo proposes finds the same campaign; indicators are defanged."""
    shown = demo("triage", "complaint.eml", code=0).out
    for words in ("1,900,000", "24 accounts", "12 affected customers", "envelope   <> (null)", "quickpost[.]example"):
        assert words in shown
    assert "quickpost.example" not in shown


def test_doctor(demo: Terminal) -> None:
    """Everything that a run needs works in the demo's folder."""
    checks = demo("doctor", "--json").json["checks"]
    assert [(c["what"], c["says"]) for c in checks if c["level"] == "fault"] == []
    assert demo("doctor").code == 0


def test_notices_as_customers_read_them(demo: Terminal, told: dict[str, Any]) -> None:
    """One for each customer, readable, in their language, with their figures and nobody else's."""
    customers = told["findings"]["affected_customers"]
    files = {p.name.rpartition("-")[0]: p for p in (demo.folder / "outbox").glob("*.eml")}
    assert sorted(files) == sorted(c["contact"] for c in customers)
    for customer in customers:
        message = message_from_bytes(files[customer["contact"]].read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        assert customer["domain"] in message["Subject"]
        assert customer["name"] in text
        assert ("Gentile" in text) is (customer["locale"] == "it")
        assert re.search(rf"\b{customer['messages']} (messaggi|messages?)", text)
        assert not [c["domain"] for c in customers if c is not customer and c["domain"] in text]
        shown = demo("notices", "--customer", customer["id"], code=0).out if customer is customers[0] else text
        assert customer["domain"] in shown
    listed = demo("notices", "--json", code=0).json
    assert [row["state"] for row in listed] == ["sent"] * 12


# --- the report -----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The visible text of a page, its headings, and everything it refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.headings: list[str] = []
        self.tags: set[str] = set()
        self.references: list[str] = []
        self._hidden = False
        self._heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._hidden = tag in {"style", "script"}
        self._heading = tag == "h2"
        self.references += [f"{tag} {k}={v}" for k, v in attrs if k in {"src", "href", "action", "data", "srcset"}]

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._heading = False

    def handle_data(self, data: str) -> None:
        if self._heading:
            self.headings.append(data.strip())
        if not self._hidden:
            self.text += data


def page(html: str) -> Page:
    found = Page()
    found.feed(html)
    return found


def test_the_italian_report(demo: Terminal) -> None:
    """The five sections, all the figures, the intervals; nothing outside itself."""
    said = demo("report", "--lang", "it", "--format", "html", "--output", "r.html", code=0)
    assert "r.html" in said.err
    html = (demo.folder / "r.html").read_text()
    report = page(html)
    assert report.headings == ["Panoramica", "Impatto", "Cronologia", "Analisi", "Risoluzione", "Azioni aggiuntive"]
    for figure in (
        "1,9 milioni", "1.900.000", "24 account", "30 messaggi", "12 clienti", "36 indirizzi", "179 IP", "1 dominio",
        "quickpost [PUNTO] example", "info [CHIOCCIOLA] gateway [PUNTO] example", INCIDENT,
        "Azioni immediate", "Azioni a lungo termine", "58 minuti",
    ):  # fmt: skip
        assert figure in " ".join(report.text.split()), figure
    assert "quickpost.example" not in report.text
    assert (report.references, report.tags & {"script", "link", "iframe", "img", "base", "object", "form"}) == (
        [],
        set(),
    )
    own = re.sub(r'xmlns(:\w+)?="http://www\.w3\.org/[^"]*"', "", html)  # names of languages, which nobody fetches
    assert not re.search(r"https?:|//[a-z]|@import|url\(|\son[a-z]+=", own)
    written = json.loads(demo("timeline", "--json").out)[-1]
    assert (written["kind"], written["data"]["path"], written["data"]["lang"]) == ("report.written", "r.html", "it")


def test_the_italian_report_is_italian(demo: Terminal) -> None:
    """No sentence of the other language in it."""
    text = page(demo("report", "--lang", "it", "--format", "html", code=0).out).text
    assert not re.search(r"\b(the|of|and|messages|accounts|with|not)\b", text), text


def test_the_english_report_says_the_same_as_json(demo: Terminal) -> None:
    """Markdown for people; JSON with the figures as numbers."""
    text = demo("report", code=0).out
    for figure in ("1.9 million", "24 trial accounts", "30 messages", "12 customers", INCIDENT):
        assert figure in text
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [
        "Overview", "Impact", "Timeline", "Analysis", "Resolution", "Additional actions",
    ]  # fmt: skip
    assert demo("report", "--format", "json", code=0).json["incident"] == INCIDENT


def test_the_demos_own_reports_are_those_of_the_command(demo: Terminal) -> None:
    """What lies in the folder was written by the same pen."""
    for name, lang in (("report.en.html", "en"), ("report.it.html", "it")):
        assert page((demo.folder / name).read_text()).headings[0] == {"en": "Overview", "it": "Panoramica"}[lang]


# --- the journal ----------------------------------------------------------------------------------------------------


def test_verify_is_true(demo: Terminal) -> None:
    """Also after other commands have written to it."""
    assert demo("verify", "--json", code=0).json["whole"] is True
    assert "whole" in demo("verify", code=0).out


@pytest.fixture(scope="module")
def flips(played: tuple[Path, Said], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[int, Said]]]:
    """`irtool verify` after one byte of the journal was changed, for 20 places all over the file."""
    whole = (played[0] / "irtool.db").read_bytes()
    seal = (played[0] / "irtool.db.seal").read_bytes()
    choose = random.Random(20250414)
    places = [0, 18, 40, 4096, len(whole) - 1, *(choose.randrange(len(whole)) for _ in range(15))]

    def flipped(place: int) -> tuple[int, Said]:
        folder = tmp_path_factory.mktemp("flip")
        (folder / "irtool.yaml").write_text("journal: ./irtool.db\n")
        (folder / "irtool.db.seal").write_bytes(seal)
        changed = bytes([whole[place] ^ 0x20])
        (folder / "irtool.db").write_bytes(whole[:place] + changed + whole[place + 1 :])
        return place, Terminal(folder)("verify", "--json")

    with ThreadPoolExecutor(3) as threads:
        yield list(threads.map(flipped, places))


def test_verify_finds_any_changed_byte(flips: list[tuple[int, Said]]) -> None:
    """Exit 1, wherever the byte is."""
    assert {place: said.code for place, said in flips if said.code != 1} == {}


def test_verify_says_that_it_is_not_whole(flips: list[tuple[int, Said]]) -> None:
    """As data, with the fault."""
    answers = {place: said.json for place, said in flips}
    assert {place for place, answer in answers.items() if answer["whole"] is not False} == set()
    faults = {p: [answer.get("fault"), *(i["fault"] for i in answer["incidents"])] for p, answer in answers.items()}
    assert {place for place, found in faults.items() if not any(found)} == set()


def test_a_journal_that_was_cut_off_is_found(copy: Terminal) -> None:
    """An emptied or shortened file is not a whole journal."""
    journal = copy.folder / "irtool.db"
    journal.write_bytes(journal.read_bytes()[: 4096 * 20])
    said = copy("verify", code=1)
    assert "NOT WHOLE" in said.text


def test_note_with_its_own_time(copy: Terminal) -> None:
    """Where it belongs on the timeline, in UTC, with the offset as it was said."""
    when = "2025-04-14T17:54+02:00"
    note = copy("note", "Post su Reddit di un destinatario", "--at", when, "--as", "alice", "--json", code=0).json
    assert (note["occurred_at"], note["offset"]) == ("2025-04-14T15:54:00Z", "+02:00")
    first = copy("timeline", code=0).out.split("\n\n", 1)[1].splitlines()[0]
    assert first.startswith("2025-04-14 15:54:00")
    assert "Post su Reddit" in first
    assert copy("verify", "--json", code=0).json["whole"] is True


# --- undo -----------------------------------------------------------------------------------------------------------


def test_undo_of_one_target(copy: Terminal) -> None:
    """One account may send again, all else stays; done again there is nothing left to do."""
    before = dump(copy.folder)
    said = copy("undo", INCIDENT, "disable-trials", "T7001", "--as", "alice", "--yes", "--reason", "a mistake", code=0)
    assert "T7001" in said.err
    after = dump(copy.folder)
    assert before["blocks"] == after["blocks"]
    enabled = [a for a, b in zip(after["accounts"], before["accounts"], strict=True) if a != b]
    assert [row[0] for row in enabled] == ["T7001"]
    assert "nothing to undo" in copy("undo", INCIDENT, "disable-trials", "T7001", "--as", "alice", "--yes", code=0).err
    assert dump(copy.folder) == after
    assert copy("status", "--json").json[0]["counts"] == {"done": 253, "already": 1, "undone": 1}


def test_undo_restores_exactly_what_was_there(copy: Terminal, tmp_path: Path) -> None:
    """The provider as it was made, with the block that somebody else had put there; deleted mail stays deleted."""

    class Quiet:
        def step(self, what: str, done: int = 0, total: int = 0) -> None:
            del what, done, total

    fresh = make(tmp_path / "fresh", Quiet(), scale=0.001)
    fresh.provider.close()
    wanted, contained = dump(tmp_path / "fresh"), dump(copy.folder)
    assert contained["blocks"] != wanted["blocks"]
    said = copy("undo", INCIDENT, "--as", "alice", "--yes")
    restored = dump(copy.folder)
    for part in ("accounts", "domains", "blocks", "policies"):
        assert restored[part] == wanted[part]
    assert said.code == 0, said.err[-1500:]
    states = copy("status", "--json").json[0]["counts"]
    assert (states["undone"], states["already"], states["done"]) == (
        241,
        1,
        13,
    )  # the purge cannot be undone, and the 12 notices stay sent
    assert copy("verify", "--json", code=0).json["whole"] is True
    provider = Provider(copy.folder / "provider.db")
    with provider.session() as state:
        counted = state.requests.count()
    provider.close()
    assert counted["applied_twice"] == 0


def test_undo_of_notices_corrects_them(copy: Terminal) -> None:
    """Each customer gets one correction that refers to the notice."""
    copy("undo", INCIDENT, "notify", "--as", "alice", "--yes", code=0)
    messages = [message_from_bytes(p.read_bytes(), policy=policy.default) for p in (copy.folder / "outbox").iterdir()]
    corrections = [m for m in messages if m["In-Reply-To"]]
    assert len(messages) == 24
    assert {m["To"] for m in corrections} == {m["To"] for m in messages}
    assert {m["In-Reply-To"] for m in corrections} == {m["Message-ID"] for m in messages if not m["In-Reply-To"]}


def test_undo_without_a_yes_changes_nothing(copy: Terminal) -> None:
    """It shows what it would do, and needs a word."""
    before = dump(copy.folder)
    said = copy("undo", INCIDENT, "--as", "alice", code=2)
    assert "nothing was undone" in said.err
    assert "--yes" in said.err
    assert dump(copy.folder) == before
