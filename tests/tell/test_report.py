"""The post-incident report: sections, figures, languages, hostile text, and a page that needs nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from irtool.errors import UsageError
from irtool.records import Change, Complaint, Event, Findings, Json, PlanStep
from irtool.tell.chronicle import chronicle
from irtool.tell.gather import gather
from irtool.tell.parts import REPORT_STYLES, boxes
from irtool.tell.report import report
from irtool.tell.story import story
from irtool.tell.wording import LANGUAGES

T0 = datetime(2025, 4, 14, 17, 0, tzinfo=UTC)
HOSTILE = [
    "<script>alert(1)</script><img src=http://evil.example/x.png onerror=alert(1)>",
    "**bold** [click](http://evil.example) ![x](http://evil.example/x) `code` | a | b |",
    "\x1b[2J\x1b]0;owned\x07",
    "x\r\n\r\n# Own heading\r\n<b>y</b>",
    "{{ 7*7 }} ${{ config }} {% for x in y %}",
    "a\u202egpj.exe",
    "=cmd|' /C calc'!A0",
    "<!-- picture: volume -->\n> **TODO:** a box\n| a | b |\n| --- | --- |",
]
SECTIONS = {
    "en": ["Overview", "Impact", "Timeline", "Analysis", "Resolution", "Additional actions"],
    "it": ["Panoramica", "Impatto", "Cronologia", "Analisi", "Risoluzione", "Azioni aggiuntive"],
}


class Page(HTMLParser):
    """Collects the tags with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture
def write(templates: Sequence[Path], org: Mapping[str, Json]) -> Callable[..., str]:
    """The report with the shipped templates."""
    return lambda events, **more: report(events, templates=templates, org=org, **more)


@pytest.mark.parametrize("lang", ["en", "it"])
def test_structure(sophos: list[Event], write: Callable[..., str], lang: str) -> None:
    """The sections of the advisory in their order; the parts that need a person are marked."""
    text = write(sophos, lang=lang)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS[lang]
    immediate = {"en": "### Immediate actions", "it": "### Azioni immediate"}[lang]
    lasting = {"en": "### Long-term actions", "it": "### Azioni a lungo termine"}[lang]
    assert text.index(immediate) < text.index(lasting)
    assert re.findall(r"^> \*\*TODO \((\w+)\):\*\* \w", text, re.MULTILINE) == ["impact", "root_cause", "actions"]
    assert "alice" not in text
    assert "bob" not in text


def test_english_figures(sophos: list[Event], write: Callable[..., str]) -> None:
    """All figures of the incident, in sentences."""
    text = write(sophos, lang="en")
    for part in (
        "On 14 April 2025 at 15:54 UTC a complaint was made about spam",
        "Our team became aware of it 58 minutes later",
        "24 trial accounts had been used to send 1.9 million messages",
        "included 30 messages that impersonated the domains of 12 customers",
        "All affected customers have been informed.",
        r"“info\[@\]gateway\[.\]example” and “news\[@\]gateway\[.\]example”",
        "| IPs and addresses blocked | 15 April 2025, 16:33 UTC | 24 h 39 min |",
        "| Last account disabled | 17 April 2025, 11:51 UTC | 2 d 19 h 57 min |",
        "- 112 sending IPs blocked (15 April 2025, 16:10–16:31 UTC).",
        "the envelope sender is empty",
        "| 17 April 2025, 11:51 UTC | 24 accounts disabled (from 11:45). |",
        "| 2 April 2025, 09:00 UTC | First trial account created by the attackers",
    ):
        assert part in text, part
    assert text.count("First trial account created") == 1


def test_italian_figures(sophos: list[Event], write: Callable[..., str]) -> None:
    """Numbers, dates and defanging as Italian writes them."""
    text = write(sophos, lang="it_IT")
    for part in (
        "Il 14 aprile 2025 alle ore 15:54 UTC è emersa una segnalazione",
        "24 account di prova sono stati utilizzati per inviare 1,9 milioni di messaggi",
        "30 messaggi che imitavano i domini di 12 clienti",
        "Tutti i clienti coinvolti sono stati informati.",
        r"“info \[CHIOCCIOLA\] gateway \[PUNTO\] example”",
        "| 14 aprile 2025, h 15:54 UTC | L'abuso ci viene segnalato. |",
        "1.900.000 messaggi, 24 account, 12 clienti imitati",
        "| Ultimo account disattivato | 17 aprile 2025, h 11:51 UTC | 2 g 19 h 57 min |",
        "il mittente della busta è vuoto",
    ):
        assert part in text, part


def test_comparison_is_optional(sophos: list[Event], write: Callable[..., str]) -> None:
    """The Sophos figures stand beside ours only if asked for."""
    assert "Sophos" not in write(sophos)
    assert "| IPs and addresses blocked | 15 April 2025, 16:33 UTC | 24 h 39 min | 24 h 39 min |" in write(
        sophos, compare=True
    )


def test_json_is_the_facts(sophos: list[Event], write: Callable[..., str]) -> None:
    """For machines: the same facts that the prose was made from."""
    assert json.loads(write(sophos, format="json")) == story(sophos)


def test_no_such_format(sophos: list[Event], write: Callable[..., str]) -> None:
    """Refused with the list."""
    with pytest.raises(UsageError) as caught:
        write(sophos, format="pdf")
    assert caught.value.hint == "one of: md, html, json"


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_page_needs_nothing_outside_itself(sophos: list[Event], write: Callable[..., str], lang: str) -> None:
    """No link, image, script, font or frame; language, headings and table heads are there."""
    html = write(sophos, lang=lang, format="html")
    page = Page(html)
    names = [tag for tag, _ in page.tags]
    assert not {"a", "img", "script", "link", "iframe", "object", "embed", "base", "form"} & set(names)
    assert not [a for _, attrs in page.tags for a in attrs if a in {"src", "href", "srcset", "action", "data", "style"}]
    own = re.sub(r'xmlns(:\w+)?="http://www\.w3\.org/[^"]*"', "", html)  # names of languages, which nobody fetches
    assert not re.search(r"(?i)https?:|//[a-z]|url\(|@import", own)
    assert ("html", {"lang": lang}) in page.tags
    assert names.count("h1") == 1
    heads = [attrs for tag, attrs in page.tags if tag == "th"]
    assert [a.get("scope") for a in heads].count("col") == 5
    assert {a.get("scope") for a in heads} == {"col", "row"}
    assert [a.get("class") for t, a in page.tags if t == "blockquote"] == ["todo"] * 3
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("style", REPORT_STYLES)
@pytest.mark.parametrize("subject", HOSTILE)
def test_hostile_text(script: Any, write: Callable[..., str], subject: str, style: str, lang: str) -> None:
    """Text of a complaint, a log or a server stays text in every format and language."""
    script.add("incident.opened", T0, {"title": subject})
    mail = Complaint("c.eml", "0" * 64, 1, "eml", subject=subject, from_=(f"a@{subject}",), x_mailer=subject)
    script.add("complaint.received", T0, mail)
    domain = {"value": subject, "messages": 3}
    found = {"messages": 3, "destination_domains": [domain], "spoofed_addresses": [domain], "unanswered": [subject]}
    script.add("triage.done", T0, {"findings": found})
    plain = write(script.events, lang=lang, style=style)
    script.add("note.added", T0, {"text": subject})
    for part in ("root_cause", "overview", "actions", "hypotheses", "summary"):
        text = f"{subject} | {subject} | {subject}" if part == "actions" else f"Seen:\n- {subject}"
        script.add("report.part", T0, {"part": part, "lang": lang, "style": "", "text": text, "sources": []})
    markdown = write(script.events, lang=lang, style=style)
    html = write(script.events, lang=lang, format="html", style=style)
    headings = r"^(#+) .*$"
    assert re.findall(headings, markdown, re.MULTILINE) == re.findall(headings, plain, re.MULTILINE)
    assert set(boxes(markdown)) < set(boxes(plain))
    if style == "report":
        heads = ("overview", "impact", "timeline", "analysis", "resolution", "advice")
        wanted = [LANGUAGES[lang].words[f"head.{head}"] for head in heads]
        assert re.findall(r"^## (.*)$", markdown, re.MULTILINE) == wanted
    for text in (markdown, html):
        assert not set(text) & set("\x1b\x07\u202e\r")
        assert "49" not in text.replace("0.9375", "")
    page = Page(html)
    assert not {"a", "img", "script", "b"} & {tag for tag, _ in page.tags}
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert "Own heading</h1>" not in html
    assert not re.search(r"https?://", html)
    assert json.loads(write(script.events, format="json"))["complaints"][0]["subject"] == subject
    assert write(script.events, format="json").isascii()


def test_nothing_found_and_nothing_done(script: Any, write: Callable[..., str]) -> None:
    """Without log, accounts, customers or measures, the report says so and claims nothing."""
    script.add("incident.opened", T0, {"title": "x"})
    script.add("triage.done", T0, {"findings": Findings(unanswered=("How many messages? There is no mail log.",))})
    for lang, parts in {
        "en": ["could not be established from our mail logs", "No measure has been taken", "There is no mail log",
               "The number of messages is not known", "Nothing has been changed so far"],
        "it": ["non è stato possibile stabilire", "non è stata adottata alcuna misura", "There is no mail log",
               "Il numero dei messaggi non è noto", "non è stata apportata alcuna modifica"],
    }.items():  # fmt: skip
        text = write(script.events, lang=lang)
        claims = "\n".join(line for line in text.splitlines() if "TODO" not in line)
        for part in parts:
            assert part in text, part
        for word in ("customer", "client", " 0 ", "None", "null"):
            assert word not in claims, word


def test_open_failed_and_undone(script: Any, write: Callable[..., str]) -> None:
    """What waits, failed, is unknown or was taken back is told as such, never as done."""
    names = ["a", "b", "c", "d", "e"]
    changes = [Change("off", n, "account.disable", n, "scim", "do", "active", "disabled") for n in names]
    changes.append(Change("off", "0", "account.disable", "0", "scim", "refused", reason="protected"))
    script.add("incident.opened", T0, {"title": "x"})
    script.plan(T0, PlanStep("off", "Disable", "account.disable", "self", "continue", "h", tuple(changes)))
    script.tried("change.done", T0 + timedelta(minutes=1), {}, step="off", item="a")
    script.tried("change.done", T0 + timedelta(minutes=1), {}, step="off", item="b")
    script.tried("undo.done", T0 + timedelta(minutes=2), {}, step="off", item="b")
    script.add("change.failed", T0 + timedelta(minutes=3), {"error": "no"}, step="off", item="c")
    script.tried("change.unknown", T0 + timedelta(minutes=3), {"error": "?"}, step="off", item="d")
    text = write(script.events)
    assert "- 1 account disabled (14 April 2025, 17:01 UTC)." in text
    line = "Disabling accounts: 1 failed, 1 of unknown outcome, 1 still waiting for approval, 1 refused and not tried"
    assert f"The response is not complete: {line}." in text
    assert f"- {line}." in text
    assert "- Taken back later: 1 account enabled again." in text
    assert "| 14 April 2025, 17:02 UTC | 1 account enabled again. |" in text
    assert "Last account disabled" not in text
    italian = write(script.events, lang="it")
    assert (
        "Disattivazione degli account: 1 non riuscito, 1 di esito ignoto, 1 ancora in attesa di approvazione" in italian
    )
    assert "- Revocato in seguito: 1 account riattivato." in italian


def test_one_of_each_is_singular(script: Any, write: Callable[..., str]) -> None:
    """One message, one account, one customer."""
    found = {
        "messages": 1, "first_seen": "2025-04-08T10:00:00Z", "last_seen": "2025-04-11T10:00:00Z",
        "accounts": [{"id": "a", "plan": "trial"}], "source_ips": [{"value": "192.0.2.1"}],
        "spoofed_addresses": [{"value": "info@x.example"}], "destination_domains": [{"value": "d.example"}],
        "affected_customers": [{"id": "c", "messages": 1}],
    }  # fmt: skip
    script.add("incident.opened", T0, {"title": "x"})
    script.add("triage.done", T0, {"findings": found})
    english = write(script.events)
    assert "1 trial account had been used to send 1 message through" in english
    assert "1 message was sent" in english
    assert "included 1 message that impersonated the domains of 1 customer." in english
    assert "The affected customer has not been informed yet." in english
    italian = write(script.events, lang="it")
    assert "1 account di prova è stato utilizzato per inviare 1 messaggio" in italian
    assert "dall'8 aprile 2025 alle ore 10:00 UTC all'11 aprile 2025 alle ore 10:00 UTC" in italian
    assert "ricevuti fra l'8 aprile 2025 e l'11 aprile 2025" in italian
    assert "1 messaggio che imitava i domini di 1 cliente." in italian


def test_runs_far_apart_are_two_lines(script: Any, write: Callable[..., str]) -> None:
    """One step resumed the next day is not told as one moment."""
    changes = tuple(Change("ip", f"192.0.2.{n}", "ip.block", f"192.0.2.{n}", "rspamd", "do") for n in range(4))
    script.add("incident.opened", T0, {"title": "x"})
    script.plan(T0, PlanStep("ip", "Block", "ip.block", "none", "stop", "h", changes))
    for n, minutes in enumerate((1, 2, 600, 600)):
        script.tried("change.done", T0 + timedelta(minutes=minutes), {}, step="ip", item=f"192.0.2.{n}")
    text = write(script.events)
    assert "| 14 April 2025, 17:02 UTC | 2 sending IPs blocked (from 17:01). |" in text
    assert "| 15 April 2025, 03:00 UTC | 2 sending IPs blocked. |" in text


def test_triage_twice_is_told_once(script: Any, write: Callable[..., str]) -> None:
    """The first of the first messages and the last of the last, and the scope as known in the end."""
    script.add("incident.opened", T0, {"title": "x"})
    for n in (1, 2):
        script.add("triage.done", T0 + timedelta(hours=n), {"findings": {"messages": n}})
        script.add("campaign.first_seen", T0 - timedelta(hours=n))
        script.add("campaign.last_seen", T0 + timedelta(minutes=n))
    rows = [line for line in write(script.events).splitlines() if line.startswith("| 14 April")][:4]
    assert rows == [
        "| 14 April 2025, 15:00 UTC | First message of the campaign leaves our mail service. |",
        "| 14 April 2025, 17:00 UTC | Our team becomes aware of the complaint and opens incident INC-2025-0001. |",
        "| 14 April 2025, 17:02 UTC | Last message of the campaign seen in the logs. |",
        "| 14 April 2025, 19:00 UTC | The extent of the campaign is known: 2 messages. |",
    ]


def test_own_template_goes_first(
    tmp_path: Path, templates: Sequence[Path], sophos: list[Event], org: Mapping[str, Json]
) -> None:
    """A folder of the user's comes before the shipped one; an error in it names file and line."""
    mine = tmp_path / "report" / "en" / "report.md.j2"
    mine.parent.mkdir(parents=True)
    mine.write_text("# Mine {{ figures.accounts }}\n")
    assert report(sophos, templates=[tmp_path, *templates], org=org) == "# Mine 24\n"
    mine.write_text("# Mine\n{{ figures.acounts }}\n")
    with pytest.raises(UsageError, match=r"report\.md\.j2:2"):
        report(sophos, templates=[tmp_path, *templates], org={"name": "Other"})


@pytest.mark.parametrize("lang", ["en", "it"])
def test_impersonated_customers_are_counted_and_never_named(script: Any, write: Callable[..., str], lang: str) -> None:
    """Whose domains were forged is theirs to tell: a published report says how many, not who."""
    script.add("incident.opened", T0, {"title": "x"})
    script.add("complaint.received", T0, {"subject": "x"})
    spoofed = [{"value": f"{name}.example"} for name in ("info@bank", "news@ours", "sales@shop", "hr@bank-2")]
    owners = [
        {"id": "1", "domain": "bank.example, bank-2.example", "messages": 4},
        {"id": "2", "domain": "Shop.example", "messages": 3},
    ]
    found = {"messages": 9, "spoofed_addresses": spoofed, "affected_customers": owners}
    script.add("triage.done", T0, {"findings": found})
    text = write(script.events, lang=lang)
    assert "bank" not in text.lower()
    assert "shop" not in text.lower()
    assert "news" in text
    only = {**found, "spoofed_addresses": spoofed[:1]}
    script.add("triage.done", T0, {"findings": only})
    assert "bank" not in write(script.events, lang=lang)


def test_a_team_that_knew_before_it_opened_the_incident_is_told_once(script: Any, write: Callable[..., str]) -> None:
    """The timeline and the intervals agree on when the team knew."""
    script.add("complaint.received", T0 - timedelta(hours=2), {"subject": "x"})
    script.add("incident.opened", T0, {"title": "x"})
    assert "Our team becomes aware of the complaint and opens incident" in write(script.events)
    text = "On call saw the post #aware"
    script.add("note.added", T0 - timedelta(hours=1), {"text": text}, written=T0, actor="alice")
    noted = write(script.events)
    assert "| 14 April 2025, 16:00 UTC | On call saw the post |" in noted
    assert "| 14 April 2025, 17:00 UTC | Our team opens incident INC-2025-0001. |" in noted
    assert "| Team aware | 14 April 2025, 16:00 UTC | 1 h |" in noted
    assert "becomes aware" not in noted


def test_what_was_refused_is_not_hidden_in_the_overview(script: Any, write: Callable[..., str]) -> None:
    """A containment step that did not run never reads as success."""
    change = Change("off", "t1", "account.disable", "t1", "scim", "refused", reason="no such account")
    script.add("incident.opened", T0, {"title": "x"})
    script.plan(T0, PlanStep("off", "Disable", "account.disable", "self", "continue", "h", (change,)))
    assert "The response is not complete: Disabling accounts: 1 refused and not tried." in write(script.events)
    assert "La risposta non è completa" in write(script.events, lang="it")


def test_the_first_account_made_for_the_campaign_is_on_the_timeline(script: Any, write: Callable[..., str]) -> None:
    """The advisory begins with it. An old account that was broken into was not made for the campaign."""
    script.add("incident.opened", T0, {"title": "x"})
    made = ["2025-04-04T10:00:00Z", "2025-04-02T09:30:00Z", "2012-01-01T00:00:00Z", None]
    accounts = [{"id": str(n), "created": at, "first_seen": "2025-04-13T18:00:00Z"} for n, at in enumerate(made)]
    script.add("triage.done", T0, {"findings": {"messages": 4, "accounts": accounts}})
    row = "| 2 April 2025, 09:30 UTC | The first of the accounts that were made for the campaign is created. |"
    text = write(script.events)
    assert text.count("is created.") == 1
    assert row in text
    assert "Viene creato il primo degli account" in write(script.events, lang="it")


@pytest.mark.parametrize(
    ("hop", "log_rows", "said", "not_said"),
    [
        ({"by": "mx.gateway.example", "helo": "relay.far.example"}, 5, "They did not pass through", "According to"),
        (
            {"by": "relay.far.example", "helo": "x"},
            0,
            "According to their Received headers they did not pass",
            "None of",
        ),
        ({"by": "out.gateway.example", "helo": "x", "auth": "ESMTPSA"}, 0, "could not be established", "did not pass"),
        ({"by": "mx.far.example", "helo": "out.gateway.example"}, 0, "could not be established", "did not pass"),
    ],
)
def test_our_servers_are_cleared_only_by_what_was_looked_up(
    script: Any, write: Callable[..., str], hop: dict[str, Any], log_rows: int, said: str, not_said: str
) -> None:
    """Without a log only the headers speak, and they do not if one of our own hosts sent the mail on."""
    script.add("incident.opened", T0, {"title": "x"})
    script.add("complaint.received", T0, {"subject": "x", "hops": [hop]})
    script.add("triage.done", T0, {"findings": {"messages": 1, "log_rows": log_rows, "from_log": False}})
    text = write(script.events)
    assert said in text
    assert not_said not in text


def test_told_stands_before_known_in_the_same_second(script: Any, write: Callable[..., str]) -> None:
    """Nobody opens an incident before they are told."""
    script.add("incident.opened", T0, {"title": "x"})
    script.add("complaint.received", T0, {"subject": "x"})
    text = write(script.events)
    assert text.index("We are told of the abuse.") < text.index("Our team becomes aware")


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        ("en", "One person alone goes past the approval of others (break-glass): alone on call, evil[.]example"),
        ("it", "Una sola persona procede senza l'approvazione di altri (break-glass): alone on call, evil[.]example"),
    ],
)
def test_a_break_glass_is_in_the_report(script: Any, lang: str, says: str) -> None:
    """And what the second person said about it, without naming either."""
    when = datetime(2025, 4, 14, 18, 0, tzinfo=UTC)
    script.add("incident.opened", when, {"title": "Spam", "started_by": "alice"}, actor="alice")
    script.add(
        "breakglass.used", when, {"why": "alone on call, evil.example", "steps": ["s"], "by": "zoe"}, actor="zoe"
    )
    script.add("breakglass.disowned", when, {"reason": "no hurry"}, actor="yves")
    rows = [row["text"] for row in chronicle(gather(script.events), None, lang)]
    assert says in rows
    assert any("no hurry" in str(row) for row in rows)
    assert not any(name in str(rows) for name in ("zoe", "yves"))
