"""Nothing stands in a published text that no fact backs: checked after every rendering, and in the templates too.

Figures, dates and durations are taken out of the text in each language's form (`extract`) and looked up in the facts
(`backing`). What a template says in its own words has no fact behind it, unless the template declares it:
`{# constant: 5322 #}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from irtool.errors import FaultsError
from irtool.language.templatetext import literals, written
from irtool.records import Json
from irtool.tell import clean
from irtool.tell.backing import Backing, backing, lines, normal
from irtool.tell.consistency import disagreements
from irtool.tell.extract import Moment, Number, Token, tokens
from irtool.tell.filters import escape_markdown, filters
from irtool.tell.story import Facts, rows
from irtool.tell.wording import wording

STANDARD = re.compile(
    r"\b(?:RFC[ -]?\d+|SHA-?\d+|UTF-?\d+|TLP[ :]?\d(?:\.\d)?|STIX \d\.\d|IPv[46]|ISO \d+|X\.\d+|TLS ?1\.\d|MD5|"
    r"XARF v?\d|CVE-\d+-\d+)\b",
    re.IGNORECASE,
)
"""Names of standards: their numbers are no figures."""

_MOST = 20
_JINJA = ("lang", "words", "org", "parts", "timeline")


def check(
    text: str, facts: Facts, variables: Mapping[str, object], lang: str, templates: Sequence[Path], name: str
) -> None:
    """Raises FaultsError with every place that says what no fact backs, and where two places disagree.

    `text` is the Markdown of the template `name`, `facts` are whole, not redacted.
    """
    told = literals(templates, name, filters=filters(lang), escape=escape_markdown, known={"lang": lang})
    data = {k: v for k, v in variables.items() if k not in _JINJA}
    allowed = backing(facts, data)
    allowed.quote(str(_org(variables).get("contact") or ""))
    allowed.quote(str(_org(variables).get("name") or ""))
    for word in wording(lang).words.values():
        allowed.quote(word)
    others = variables.get("comparison")
    allowed.durations.update(others if isinstance(others, tuple) else ())
    constants = told[1]
    faults = [f"{d.first}; {d.second} (irtool timeline --explain {d.name} REASON)" for d in disagreements(facts)]
    faults += _in_templates(told[0], constants)
    faults += _in_parts(facts, lang, allowed, constants)
    if not faults:
        faults += _in_text(text, allowed, constants, _Origin(templates, name, variables, lang))
    if faults:
        raise wrong(faults)


def wrong(faults: Sequence[str]) -> FaultsError:
    """The error that lists them."""
    shown = [clean.terminal(f) for f in faults[:_MOST]]
    shown += [f"... and {len(faults) - _MOST} more"] if len(faults) > _MOST else []
    return FaultsError(
        shown[0] if len(shown) == 1 else f"the text says what the facts do not, in {len(faults)} places",
        shown,
        hint='put it on record: irtool note "..." --at TIME, or a line "Source: FIGURE = where from"; or correct it',
    )


def check_part(facts: Facts, part: Facts) -> None:
    """Raises FaultsError if a part, as somebody is about to put it on record, says what no fact backs."""
    others = [p for p in rows(facts["parts"]) if p["seq"] != part.get("supersedes")]
    allowed = backing({**facts, "parts": [*others]})
    faults = _in_parts({"parts": [part]}, str(part["lang"]), allowed, frozenset())
    if faults:
        raise wrong(faults)


def unbacked(text: str, allowed: Backing, constants: frozenset[str] = frozenset()) -> Iterator[Token]:
    """The figures, dates and durations of one line that no fact backs."""
    plain = allowed.without_quotes(normal(text))
    plain = STANDARD.sub(lambda m: " " * len(m[0]), plain)
    for constant in constants:
        plain = re.sub(rf"(?<!\w){re.escape(constant)}(?!\w)", " " * len(constant), plain)
    for token in tokens(plain):
        if not allowed.has(token):
            yield token


def _in_templates(texts: Sequence[tuple[str, int, str]], constants: frozenset[str]) -> list[str]:
    nothing = Backing()
    return [
        f"{file}:{line}  the template itself says “{token.text}”: take it from a variable, or declare it with "
        f"{{# constant: {token.text} #}}"
        for file, line, text in texts
        for token in unbacked(text, nothing, constants)
    ]


def _in_parts(facts: Facts, lang: str, allowed: Backing, constants: frozenset[str]) -> list[str]:
    """What people wrote, line by line; their own sources stand behind their part, and what was to come was a plan."""
    faults = []
    for part in rows(facts.get("parts")):
        if part["lang"] != lang:
            continue
        sources = part.get("sources")
        said = " ; ".join(str(s) for s in sources) if isinstance(sources, list) else ""
        sourced = {t.text for t in tokens(normal(said))} | constants
        then = replace(allowed, later=datetime.fromisoformat(str(part["at"]))) if part.get("at") else allowed
        for n, line in enumerate(str(part["text"]).split("\n"), start=1):
            faults += [
                f"part {part['part']} ({part['lang']}), line {n}: “{t.text}”{_but(t, allowed)}"
                for t in unbacked(line, then, frozenset(sourced))
            ]
    return faults


def _in_text(text: str, allowed: Backing, constants: frozenset[str], origin: _Origin) -> list[str]:
    for part in origin.parts():  # checked by their own lines before
        text = text.replace(part, "\n" * part.count("\n"))
    return [
        f"{origin.of(line, t.text)}line {n} of the text: “{t.text}”{_but(t, allowed)}"
        for n, line in lines(text)
        for t in unbacked(line, allowed, constants)
    ]


def _but(token: Token, allowed: Backing) -> str:
    if isinstance(token, Number) and token.noun:
        known = allowed.known(token)
        return f" ({token.noun}); the facts have {', '.join(known) if known else 'no figure of them'}"
    if isinstance(token, Moment) and token.day:
        near = sorted(m for m in allowed.moments if abs((m.date() - token.day).days) <= 3)
        return f"; no event is of that time{f', the nearest are {_list(near)}' if near else ''}"
    return "; no fact backs it"


def _list(moments: Sequence[object]) -> str:
    return ", ".join(f"{m:%Y-%m-%d %H:%MZ}" for m in moments[:3])


class _Origin:
    """Which line of which template wrote a piece of text; looked up only if something is wrong."""

    def __init__(self, templates: Sequence[Path], name: str, variables: Mapping[str, object], lang: str) -> None:
        self._asked = (templates, name, variables, lang)
        self._known: list[tuple[str, str]] | None = None

    def parts(self) -> list[str]:
        """What people wrote, as it stands in the text."""
        found = self._asked[2].get("parts")
        return [str(p) for p in found.values() if p] if isinstance(found, Mapping) else []

    def of(self, line: str, piece: str) -> str:
        """`file:line  ` of what wrote this piece of that line, or "" if it cannot be told."""
        if self._known is None:
            templates, name, variables, lang = self._asked
            told = written(templates, name, variables, filters=filters(lang), escape=escape_markdown)
            self._known = [
                (f"{t.file}:{t.line}  ", cell) for t in told for _, line in lines(t.text) for cell in [normal(line)]
            ]
        whole = normal(line)
        fitting = [(len(said), place) for place, said in self._known if piece in said and said in whole]
        return max(fitting, default=(0, ""))[1]


def _org(variables: Mapping[str, object]) -> Mapping[str, Json]:
    found = variables.get("org")
    return found if isinstance(found, Mapping) else {}
