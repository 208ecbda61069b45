"""Every language is whole: the same words, pictures, boxes and templates as English, and texts that pass the check."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes

from irtool.records import Event, Json
from irtool.shipped import folder
from irtool.tell import variables
from irtool.tell.extract import Number, tokens
from irtool.tell.filters import QUOTES
from irtool.tell.letters import fill
from irtool.tell.lexicon import TOPICS
from irtool.tell.mailpage import page
from irtool.tell.notices import notice
from irtool.tell.parts import REPORT_STYLES
from irtool.tell.report import FORMATS, report
from irtool.tell.story import story
from irtool.tell.wording import LANGUAGES
from irtool.tell.wording.boxes import BOXES
from irtool.tell.wording.pictures import PICTURES

from . import seeds

TEMPLATES = folder("templates")
OTHERS = sorted(set(LANGUAGES) - {"en"})

NAMES = frozenset({"{text}", "IP", "URL", "Message-ID", "SHA-256"})
"""The same in all languages."""

SAME: Mapping[str, frozenset[str]] = {
    "de": frozenset({"ALARM: {reason}", "Domain", "Status"}),
    "fr": frozenset({"Action", "Impact", "Messages", "{n} message", "{n} messages", "{n} note", "{n} notes"}),
    "it": frozenset({"{n} account", "Account {n}"}),
}
"""Words of a language that are English ones too."""


def said(lang: str) -> dict[str, str]:
    """Everything that the tables of a language say, by where it stands."""
    words = LANGUAGES[lang]
    found = {f"event {k}": v for k, v in words.events.items()} | {f"word {k}": v for k, v in words.words.items()}
    for verb, phrase in words.phrases.items():
        texts = (phrase.title, phrase.do, *phrase.done, *phrase.undone)
        found |= {f"verb {verb} {n}": text for n, text in enumerate(texts)}
    found |= {f"box {k}": v for k, v in BOXES[lang].items()}
    return found | {f"picture {k}": v for k, v in PICTURES[lang].items()}


def holes(text: str) -> set[str]:
    """The `{names}` in a pattern."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def names(lang: str) -> list[str]:
    """The templates of a language, without the language."""
    return sorted(str(p.relative_to(TEMPLATES)).replace(f"/{lang}/", "/*/") for p in TEMPLATES.glob(f"*/{lang}/*"))


def source(name: str, lang: str) -> str:
    """The text of a template."""
    return (TEMPLATES / name.replace("*", lang)).read_text("utf-8")


def tree(name: str, lang: str) -> nodes.Template:
    """A template as Jinja reads it."""
    return Environment(autoescape=False).parse(source(name, lang))


def dotted(node: nodes.Node) -> str:
    """`customer.name`; "" for anything but a chain of names."""
    if isinstance(node, nodes.Name):
        return node.name
    above = dotted(node.node) if isinstance(node, nodes.Getattr) else ""
    return f"{above}.{node.attr}" if above and isinstance(node, nodes.Getattr) else ""


def used(name: str, lang: str) -> set[str]:
    """The variables of the incident that a template uses, those of rows too; names of its own are not among them."""
    found = tree(name, lang)
    own = {n.name for n in found.find_all(nodes.Name) if n.ctx in {"store", "param"}}
    own |= {m.name for m in found.find_all(nodes.Macro)}
    chains = {dotted(n) for n in (*found.find_all(nodes.Getattr), *found.find_all(nodes.Name))}
    return {chain for chain in chains if chain and chain not in own}


def test_all_tables_know_the_same_languages() -> None:
    """A picture or a box in a language that is not registered yet waits; one that is missing would be English."""
    assert set(LANGUAGES) <= set(BOXES)
    assert set(LANGUAGES) <= set(PICTURES)


@pytest.mark.parametrize("lang", OTHERS)
def test_the_same_keys_and_holes(lang: str) -> None:
    """Of events, words, verbs, boxes and pictures."""
    english, theirs = said("en"), said(lang)
    assert {k: holes(v) for k, v in theirs.items()} == {k: holes(v) for k, v in english.items()}
    assert all(text.strip() for text in theirs.values())


@pytest.mark.parametrize("lang", OTHERS)
def test_nothing_is_left_in_english(lang: str) -> None:
    """No text of the tables is the English one, but for names."""
    english = said("en")
    same = NAMES | SAME.get(lang, frozenset())
    worded = {k: v for k, v in said(lang).items() if any(c.isalpha() for c in re.sub(r"\{\w+\}", "", v))}
    assert not {k: v for k, v in worded.items() if v == english[k] and v not in same}


@pytest.mark.parametrize("lang", OTHERS)
def test_the_same_templates(lang: str) -> None:
    """Whatever can be written in English can be written in every language."""
    assert names(lang) == names("en")


@pytest.mark.parametrize("lang", OTHERS)
@pytest.mark.parametrize("name", names("en"))
def test_the_same_variables(name: str, lang: str) -> None:
    """A language that leaves one out would tell its readers less."""
    assert used(name, lang) == used(name, "en")
    macros = [[m.name for m in tree(name, each).find_all(nodes.Macro)] for each in (lang, "en")]
    assert macros[0] == macros[1]


@pytest.mark.parametrize("lang", OTHERS)
@pytest.mark.parametrize("name", names("en"))
def test_no_line_of_a_template_is_left_in_english(name: str, lang: str) -> None:
    """Lines of some length that are the same are only those without words of a language."""
    plain = [
        {re.sub(r"\{[{%#].*?[}%#]\}", "", line).strip() for line in source(name, each).splitlines()}
        for each in ("en", lang)
    ]
    assert not {line for line in plain[0] & plain[1] if len(re.findall(r"[a-z]{2,}", line)) > 2}


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("name", names("en"))
def test_no_space_that_the_escape_takes_away(name: str, lang: str) -> None:
    """The escape of Markdown strips what it is given: a word with its space in quotes would stick to the next one."""
    told = [c for out in tree(name, lang).find_all(nodes.Output) for c in out.find_all(nodes.Const)]
    assert not [c.value for c in told if isinstance(c.value, str) and c.value != c.value.strip()]


def english(text: str) -> Iterator[str]:
    """Phrases of English wording that stand in a text as a whole line or cell."""
    cells = {cell.strip(" #*>.\n") for cell in re.split(r"[|\n]", text)}
    for key, phrase in said("en").items():
        if phrase in cells and " " in phrase and key.startswith("word"):
            yield phrase


@pytest.fixture(scope="module")
def incidents(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Event]]:
    """The two real ones, replayed."""
    made = {"sophos": seeds.sophos, "libero": seeds.libero}
    return {name: make(tmp_path_factory.mktemp(name)).events() for name, make in made.items()}


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("style", REPORT_STYLES)
@pytest.mark.parametrize("incident", ["sophos", "libero"])
def test_every_style_in_every_language_passes_the_check(
    incidents: Mapping[str, list[Event]], org: Mapping[str, Json], incident: str, style: str, lang: str
) -> None:
    """Written, with every figure and date found again in the language's own form, in each format."""
    for tlp in ("", "clear", "red"):
        texts = {
            f: report(incidents[incident], lang=lang, style=style, format=f, tlp=tlp, templates=[TEMPLATES], org=org)
            for f in FORMATS
        }
        assert texts["md"].lstrip("*").startswith(("# ", "TLP:"))
        assert f'<html lang="{lang}">' in texts["html"]
        if lang != "en":
            assert not list(english(texts["md"]))


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("style", REPORT_STYLES)
def test_one_of_everything(script: Any, org: Mapping[str, Json], style: str, lang: str) -> None:
    """The singular of every count passes the check too, and figures that open something."""
    t0 = datetime(2025, 4, 8, 1, 30, tzinfo=UTC)
    script.add("incident.opened", t0, {"title": "x"}, actor="alice")
    script.add("complaint.received", t0, {"subject": "x", "from": ["info@gateway.example"]})
    one = [{"value": "one.example", "messages": 1}]
    found = {
        "messages": 1, "first_seen": t0.isoformat(), "last_seen": t0.isoformat(), "rejected_rows": 1,
        "from_log": True, "log_rows": 1, "accounts": [{"id": "trial", "plan": "trial", "messages": 1}],
        "source_ips": [{"value": "192.0.2.1", "messages": 1}], "destination_domains": one, "spoofed_addresses": one,
        "affected_customers": [{"id": "c", "name": "C", "domain": "c.example", "messages": 1}],
    }  # fmt: skip
    script.add("triage.done", t0, {"findings": found})
    assert report(script.events, lang=lang, style=style, templates=[TEMPLATES], org=org)


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
@pytest.mark.parametrize("name", [n for n in names("en") if n.startswith("notices/") and "/_" not in n])
@pytest.mark.parametrize("which", [0, 1])
def test_every_letter_in_every_language(name: str, lang: str, which: int) -> None:
    """With everything there and with next to nothing: a subject, a text, a page, no filter or hole left over."""
    short = Path(name).name.removesuffix(".txt.j2")
    values = variables.examples(short)[which]
    subject, text = fill(name.replace("*", lang), lang, [TEMPLATES], values)
    html = page(text, subject=subject, lang=lang, template=short, templates=[TEMPLATES], variables=values)
    assert "INC-2026-0001" in subject
    assert not re.search(r"\{\{|\{%|None", subject + text)
    assert which or not re.search(r" ,| \.(?!\w)|\(\)|  ", text), text
    assert f'<html lang="{lang}">' in html
    headings = [line for line in text.splitlines() if line.isupper() and not line.startswith("- ") and " " in line]
    english_headings = [line for line in source(name, "en").splitlines() if line.isupper() and "{" not in line]
    assert len(headings) >= len(english_headings)


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_a_notice_says_only_their_own_data_and_stays_one(
    sophos: list[Event], templates: Sequence[Path], org: Mapping[str, Json], lang: str
) -> None:
    """In any language: nobody else's name or figure; hostile names add no header, no code and no markup."""
    facts: Any = story(sophos)
    customer = facts["campaign"]["affected_customers"][0]
    given: Any = {"templates": templates, "org": org, "sender": "security@gateway.example", "lang": lang}
    given["date"] = datetime(2025, 4, 17, 12, tzinfo=UTC)
    text = notice(sophos, customer, **given)
    assert "customer1.example" in text
    for other in ("customer2", "customer11", "1.9", "1,9", "win-prizes", "alice", "bob"):
        assert other not in text, other
    evil = "Evil\r\nBcc: all@x.example\r\n\r\n\x1b[2J {{ 7*7 }} <b>"
    hostile = notice(sophos, {**customer, "name": evil, "domain": evil, "locale": evil}, **given)
    assert "\nBcc:" not in hostile
    assert "\x1b" not in hostile
    assert "<b>" not in hostile.partition("text/html")[2]


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_quotation_marks_of_the_language(sophos: list[Event], org: Mapping[str, Json], lang: str) -> None:
    """Around the addresses that a report names."""
    text = report(sophos, lang=lang, templates=[TEMPLATES], org=org).replace("\\", "")
    left, right = QUOTES.get(lang, ("“", "”"))
    assert re.search(rf"{left}info[^{right}]{{3,40}}{right}", text)
    assert text.count(left) == text.count(right)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Das erste Testkonto wurde am 2. April 2025 eingerichtet.", "account_created"),
        ("La primera cuenta de prueba fue creada el 2 de abril de 2025.", "account_created"),
        ("Die ersten Nachrichten wurden am 13. April 2025 versandt.", "campaign_start"),
        ("La campaña comenzó el 13 de abril de 2025.", "campaign_start"),
        ("Die Testkonten wurden am 17. April 2025 gesperrt.", "last_account_disabled"),
        ("Las cuentas se desactivaron el 17 de abril de 2025.", "last_account_disabled"),
        ("Die Absenderadressen wurden am 15. April 2025 gesperrt.", "last_address_block"),
        ("Las direcciones IP se bloquearon el 15 de abril de 2025.", "last_address_block"),
        ("Die Zieldomains wurden am 14. April 2025 gesperrt.", "last_domain_block"),
        ("El dominio de destino se bloqueó el 14 de abril de 2025.", "last_domain_block"),
        ("Die Relay-Regel wurde am 15. April 2025 angepasst.", "policy"),
        ("La política de reenvío se actualizó el 15 de abril de 2025.", "policy"),
        ("Die betroffenen Kunden wurden am 17. April 2025 unterrichtet.", "customers_told"),
        ("Se informó a los clientes afectados el 17 de abril de 2025.", "customers_told"),
        ("Unser Team erfuhr am 14. April 2025 davon.", "aware"),
        ("El equipo tuvo conocimiento el 14 de abril de 2025.", "aware"),
    ],
)
def test_what_people_write_in_german_and_spanish_is_held_against_the_events(text: str, topic: str) -> None:
    """The linter knows what the sentence is about."""
    assert TOPICS[topic].search(text)


@pytest.mark.parametrize(
    ("text", "n", "noun"),
    [
        ("1 Zieldomain gesperrt", 1, "domains"),
        ("12 betroffene Kunden informiert", 12, "customers"),
        ("89 sendende IPs gesperrt", 89, "ips"),
        ("24 dominios de destino bloqueados", 24, "domains"),
        ("112 IP de envío bloqueadas", 112, "ips"),
        ("36 direcciones de remitente bloqueadas", 36, "addresses"),
        ("alrededor de 1,9 millones de mensajes", 1_900_000, "messages"),
        ("rund 1,9 Millionen Nachrichten", 1_900_000, "messages"),
    ],
)
def test_what_is_counted_in_german_and_spanish(text: str, n: int, noun: str) -> None:
    """Our own phrases are read again with the noun that they count."""
    (found,) = tokens(text)
    assert isinstance(found, Number)
    assert n in found.values
    assert found.noun == noun
