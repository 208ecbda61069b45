"""Indicators leave the house at the terminal: what was blocked, nothing of customers, on the timeline."""

from __future__ import annotations

import csv
import io
import json

import pytest

from .conftest import Make
from .world import CUSTOMERS, DESTINATION, INCIDENT, World, ips, own


@pytest.fixture
def done(make: Make) -> World:
    """Alice ran the playbook; the notices wait for somebody else."""
    world = make()
    world.run(code=3)
    return world


def values(text: str, mark: str = "#") -> list[str]:
    """The lines that are no comment."""
    return [line for line in text.splitlines() if not line.startswith(mark)]


def test_as_csv_on_stdout(done: World) -> None:
    """The default: everything that may leave; who was impersonated does not, and that is said."""
    said = done.irtool("indicators", code=0)
    rows = list(csv.DictReader(io.StringIO(said.out)))
    blocked = {row["value"] for row in rows if row["block"] == "yes"}
    assert blocked == {DESTINATION, *ips(0, 2), *ips(1, 2), own(0), own(1)}
    assert {row["value"] for row in rows if row["role"] == "forged"} == {"info@gateway.example"}
    assert "left out: customers', protected, taken back" in said.talk
    for customer in CUSTOMERS:
        assert customer["contact"].partition("@")[2] not in said.text
        assert customer["name"] not in said.text


def test_block_lists_to_files(done: World) -> None:
    """What filters load, written whole, and on the timeline; the next command is named."""
    for kind, expected in (("domain", [DESTINATION]), ("ip", [*ips(0, 2), *ips(1, 2)]), ("address", [own(0), own(1)])):
        said = done.irtool("indicators", "--format", "blocklist", "--type", kind, "-o", f"{kind}.txt", code=0)
        assert said.out == ""
        assert f"Next: irtool timeline {INCIDENT}" in said.talk
        text = (done.folder / f"{kind}.txt").read_text()
        assert values(text) == sorted(expected)
        assert text.startswith(f"# Example Mail, incident {INCIDENT}, TLP:AMBER\n")
    timeline = done.irtool("timeline", code=0).out
    assert "Indicators exported (blocklist, TLP:AMBER): 4" in timeline
    assert "Indicatori esportati (blocklist, TLP:AMBER): 4" in done.irtool("timeline", "--lang", "it", code=0).out


def test_what_people_took_back_is_not_exported(done: World) -> None:
    """An undone block was a mistake, and must not spread."""
    address = ips(0, 2)[0]
    done.irtool("undo", INCIDENT, "block-ips", address, "--as", "alice", "--yes", code=0)
    assert address not in done.irtool("indicators", code=0).out
    assert address not in done.irtool("indicators", "--format", "stix", code=0).out


def test_guards_of_today_hold(done: World) -> None:
    """What was put under protection since does not leave, though it was blocked."""
    done.configure(protected={"domains": [DESTINATION], "networks": ["198.51.100.0/31"]})
    found = done.irtool("indicators", "--json", code=0).json
    exported = {one["value"] for one in found["indicators"]}
    assert DESTINATION not in exported
    assert ips(0, 2)[0] not in exported
    assert ips(1, 2)[1] in exported
    assert found["left_out"] >= 2


@pytest.mark.parametrize("format_", ["stix", "misp"])
def test_for_other_machines(done: World, format_: str) -> None:
    """JSON, with the marking."""
    text = done.irtool("indicators", "--format", format_, "--tlp", "TLP:GREEN", code=0).out
    json.loads(text)
    assert DESTINATION in text
    assert '"TLP:GREEN"' in text or '"tlp:green"' in text
    assert "acme" not in text.lower()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "xlsx"), "there is csv, stix, misp, blocklist"),
        (("--format", "blocklist"), "holds one kind"),
        (("--tlp", "pink"), "there is clear, green"),
        (("--format", "misp", "--defang"), "read by machines"),
        (("--output", "no/such/folder/x"), "nothing was written"),
    ],
)
def test_what_cannot_be_is_refused(done: World, words: tuple[str, ...], said: str) -> None:
    """Usage: 2, nothing on stdout, nothing on the timeline."""
    head = done.head()
    refused = done.irtool("indicators", *words, code=2)
    assert said in refused.talk
    assert refused.out == ""
    assert done.head() == head


def test_hostile_text_of_complaints_and_logs(make: Make) -> None:
    """Names of a log that would end a line or begin a formula are in no export."""
    world = make()
    log = world.folder / "gateway.jsonl"
    nasty = json.dumps("=cmd|' /C calc'!A0\n0.0.0.0/0 REJECT\r\n#@trial-0.example")[1:-1]
    log.write_text(log.read_text().replace(own(0), nasty))
    world.run()
    for words in (("csv", ""), ("blocklist", "address"), ("stix", ""), ("misp", "")):
        kind = ("--type", words[1]) if words[1] else ()
        text = world.irtool("indicators", "--format", words[0], *kind, code=0).out
        assert "REJECT" not in text
        assert "calc" not in text
        assert "0.0.0.0" not in text
