"""The parts of a report that only people can write: kept as events, shown as boxes to fill until somebody does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from irtool.language.templates import Safe
from irtool.records import Json
from irtool.tell import clean
from irtool.tell.filters import STYLES, markdown_table
from irtool.tell.story import Facts, rows
from irtool.tell.wording import base, wording
from irtool.tell.wording.boxes import BOXES

REPORT_STYLES = ("report", "postmortem", "brief", "bulletin")
"""What `irtool report --style` writes."""

MOST_TEXT = 40_000
"""Characters of one part."""

_SOURCE = re.compile(r"source:\s*(\S.*)", re.IGNORECASE)
_BULLET = re.compile(r"([-*]|\d{1,3}[.)])\s+(?=\S)")
_BLANKS = re.compile(r"\n\s*\n\s*\n")
_BOX = re.compile(r"^> \*\*TODO", re.MULTILINE)
_NAMED_BOX = re.compile(r"^> \*\*TODO(?: \((\w+)\))?:\*\*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: the styles that are not complete without it, and whether it is a table of action items."""

    name: str
    needed_by: frozenset[str] = frozenset()
    actions: bool = False


def _part(name: str, *needed_by: str, actions: bool = False) -> tuple[str, Part]:
    return name, Part(name, frozenset(needed_by), actions)


PARTS: Mapping[str, Part] = dict(
    [
        _part("overview"),
        _part("summary", "brief"),
        _part("impact", "report", "postmortem"),
        _part("root_cause", "report", "postmortem"),
        _part("trigger", "postmortem"),
        _part("detection"),
        _part("resolution"),
        _part("actions", "report", "postmortem", "brief", actions=True),
        _part("went_well", "postmortem"),
        _part("went_wrong", "postmortem"),
        _part("lucky", "postmortem"),
        _part("advice"),
        _part("contact", "report", "postmortem", "bulletin"),
        _part("supporting"),
        _part("recognise"),
        _part("hypotheses", "bulletin"),
        _part("credits"),
    ]
)
"""All parts by name. One without styles is left out until somebody writes it."""


def split(text: str) -> tuple[str, list[str]]:
    """The text of a part as typed, apart from its lines `Source: …`, which say where its figures come from."""
    lines, sources = [], []
    for line in text.replace("\r\n", "\n").split("\n"):
        source = _SOURCE.fullmatch(line.strip())
        if source:
            sources.append(source[1].strip())
        else:
            lines.append(line.rstrip())
    return "\n".join(lines).strip(), sources


def chosen(facts: Facts, name: str, style: str, lang: str) -> Facts | None:
    """What somebody wrote for this part in this language: for this style if there is one of its own."""
    found = [p for p in rows(facts.get("parts")) if p["part"] == name and p["lang"] == lang and p["text"]]
    return next((p for s in (style, "") for p in found if p["style"] == s), None)


def needed(part: Part, style: str, org: Mapping[str, Json]) -> bool:
    """Whether the style is not complete without this part; where to ask need not be said if irtool.yaml says it."""
    return style in part.needed_by and not (part.name == "contact" and org.get("contact"))


def shown(facts: Facts, style: str, lang: str, org: Mapping[str, Json]) -> dict[str, Safe]:
    """Every part as Markdown: what was written, or a box if the style needs it, or nothing."""
    told: dict[str, Safe] = {}
    for part in PARTS.values():
        written = chosen(facts, part.name, style, lang)
        if written is not None:
            told[part.name] = _written(part, str(written["text"]), lang)
        elif needed(part, style, org):
            told[part.name] = _box(part.name, lang)
        else:
            told[part.name] = Safe("")
    return told


def boxes(markdown: str) -> list[str]:
    """The names of the parts whose boxes stand in a text; `?` for a box that a template of the user's wrote."""
    if not _BOX.search(markdown):
        return []
    return [m[1] or "?" for m in _NAMED_BOX.finditer(markdown)] or ["?"]


def asked(name: str, lang: str) -> str:
    """What the part should say; "" for one that no report waits for."""
    return BOXES[base(lang)].get(name, "")


def items(text: str) -> list[tuple[str, str, str]]:
    """The action items of a text, one per line: `what | owner | due`."""
    found = []
    for line in text.split("\n"):
        plain = _BULLET.sub("", line.strip(), count=1)
        if plain:
            what, owner, due = [*(cell.strip() for cell in plain.split("|", 2)), "", ""][:3]
            found.append((what, owner, due))
    return found


def _box(name: str, lang: str) -> Safe:
    return Safe(f"> **TODO ({name}):** {clean.markdown(asked(name, lang))}")


def _written(part: Part, text: str, lang: str) -> Safe:
    style = STYLES.get(lang, "")
    if not part.actions:
        return Safe(prose(_BLANKS.sub("\n\n", text), lambda line: clean.markdown(clean.defang(line, style))))
    words = wording(lang).words
    table: Sequence[Sequence[str]] = [
        (words["action.what"], words["action.owner"], words["action.due"]),
        *(tuple(clean.defang(cell, style) or "–" for cell in item) for item in items(text)),
    ]
    return markdown_table(table)


def prose(text: str, escape: Callable[[str], str]) -> str:
    """Paragraphs and lists as typed; everything else in the lines is literal."""
    out = []
    for line in text.split("\n"):
        plain = line.strip()
        bullet = _BULLET.match(plain)
        if bullet:
            mark = "-" if bullet[1] in "-*" else bullet[1]
            out.append(f"{mark} {escape(plain[bullet.end() :])}")
        else:
            out.append(escape(plain))
    return "\n".join(out)
