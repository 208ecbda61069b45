"""What is published about one incident: written, checked, completed by people, and put on record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from irtool.adapters.journal import SqliteJournal
from irtool.config import Config
from irtool.errors import UsageError
from irtool.records import Entry, Event, Json
from irtool.shipped import folder
from irtool.wiring.printing import BINARY, docx, pdf

if TYPE_CHECKING:
    from irtool.tell.gather import Gathered
    from irtool.tell.report import Order, Written
    from irtool.tell.slips import Finding

FORMATS = ("md", "html", "json", *BINARY)


class Reports:
    """The texts about one incident, from its events alone; the journal is read once."""

    def __init__(self, config: Config, journal: SqliteJournal, incident: str) -> None:
        self._config = config
        self._journal = journal
        self._incident = incident
        self._told: Gathered | None = None

    @property
    def told(self) -> Gathered:
        """What the events tell. Raises UsageError if there is no such incident."""
        from irtool.tell.gather import gather

        if self._told is None:
            try:
                self._told = gather(self._journal.events(self._incident))
            except UsageError as error:
                raise UsageError(
                    f"there is no incident {self._incident} in {self._config.journal}", hint="irtool status"
                ) from error
        return self._told

    def order(self, *, style: str, lang: str, tlp: str = "", compare: bool = False) -> Order:
        """What to write, as typed. Raises UsageError for what there is not."""
        from irtool.tell.parts import REPORT_STYLES
        from irtool.tell.redaction import LEVELS
        from irtool.tell.report import Order

        level = tlp.strip().lower().removeprefix("tlp:")
        if style not in REPORT_STYLES:
            raise UsageError(
                f"--style {style}: there is {', '.join(REPORT_STYLES)}", hint="irtool report --style brief"
            )
        if level and level not in LEVELS:
            raise UsageError(f"--tlp {tlp}: there is {', '.join(LEVELS)}", hint="irtool report --tlp clear")
        return Order(style, self.language(lang), level, compare, self._people())

    def language(self, lang: str) -> str:
        """The language, if reports are written in it; "" is the organisation's first. Raises UsageError."""
        lang = lang or self._config.settings.org.languages[0]
        known = sorted({p.name for t in self.templates() for p in (t / "report").glob("*") if p.is_dir()})
        if lang not in known:
            raise UsageError(
                f"--lang {lang}: reports are written in {', '.join(known)}", hint="irtool report --lang en"
            )
        return lang

    def write(self, order: Order) -> Written:
        """The text, checked against the facts. Raises FaultsError if it says what they do not."""
        from irtool.tell.report import write

        return write(self.told, order, self.templates(), self._org())

    def render(self, written: Written, format_: str) -> bytes:
        """The text in one of FORMATS. Raises UsageError."""
        from irtool.tell.page import spoken

        if format_ not in FORMATS:
            raise UsageError(f"--format {format_}: there is {', '.join(FORMATS)}", hint="irtool report --format html")
        if format_ == "pdf":
            return pdf(written.html(self.templates()))
        if format_ == "docx":
            return docx(spoken(written.md(), written.pictures), written.order.lang)
        text = {"md": written.md, "json": written.json}.get(format_, lambda: written.html(self.templates()))()
        return text.encode()

    def findings(self) -> list[Finding]:
        """What is wrong with the timeline and with what people wrote, without what they explained."""
        from irtool.tell.linter import lint
        from irtool.tell.story import story

        return lint(story(self.told))

    def open_points(self, written: Written, findings: Sequence[Finding]) -> list[str]:
        """What stands against publishing the text, a line each: parts that nobody wrote, findings nobody explained."""
        faults = [f"part {name} is not written yet ({written.order.lang})" for name in written.boxes]
        return faults + [f"{f.name}  {f.text}" for f in findings]

    def edit(self, name: str, text: str, *, lang: str, style: str, by: str, consent: bool = False) -> Event:
        """Put a part on record; an earlier text of it is superseded, not lost. Raises UsageError.

        The text must be right: figures and dates that no fact backs are refused, with their lines.
        """
        from irtool.tell.factcheck import check_part
        from irtool.tell.parts import MOST_TEXT, PARTS, items, split
        from irtool.tell.story import story

        if name not in PARTS:
            raise UsageError(f"there is no part {name}: there is {', '.join(PARTS)}", hint="irtool report parts")
        if len(text) > MOST_TEXT:
            raise UsageError(f"part {name}: more than {MOST_TEXT:,} characters; nothing was written", hint="shorten it")
        words, sources = split(text)
        if not words:
            raise UsageError(f"part {name}: the text is empty; nothing was written", hint=f"irtool report edit {name}")
        for n, (what, owner, _due) in enumerate(items(words) if PARTS[name].actions else (), start=1):
            if not owner:
                raise UsageError(
                    f"part {name}, action {n}: nobody owns it: {what[:60]}", hint="write: action | owner | due"
                )
        before = self.told.parts.get((name, lang, style))
        data: dict[str, Json] = {
            "part": name,
            "lang": lang,
            "style": style,
            "text": words,
            "sources": [*sources],
            "supersedes": before.seq if before else None,
            "consent": consent,
        }
        check_part(story(self.told), data)
        self._told = None
        return self._journal.append(self._incident, Entry("report.part", data, actor=by, source="person"))[0]

    def explain(self, finding: str, reason: str, by: str) -> Event:
        """Put on record why a finding is no mistake. Raises UsageError if there is none of that name."""
        names = [f.name for f in self.findings()]
        if finding not in names:
            known = ", ".join(names) or "nothing"
            raise UsageError(f"there is no finding {finding}; there is {known}", hint="irtool timeline --check")
        self._told = None
        data: dict[str, Json] = {"finding": finding, "reason": reason}
        return self._journal.append(self._incident, Entry("check.explained", data, actor=by, source="person"))[0]

    def record(self, path: Path, format_: str, content: bytes, order: Order, *, by: str, published: bool) -> Event:
        """Put on the timeline that a text was written, and whether it was published."""
        data: dict[str, Json] = {
            "path": str(path),
            "format": format_,
            "lang": order.lang,
            "style": order.style,
            "tlp": order.tlp,
            "published": published,
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        return self._journal.append(self._incident, Entry("report.written", data, actor=by or None))[0]

    def templates(self) -> list[Path]:
        """Where templates are looked for, the user's own first."""
        own = self._config.settings.templates
        return [*([self._config.place(own)] if own else []), folder("templates")]

    def _people(self) -> tuple[str, ...]:
        people = self._config.settings.people
        return tuple({*people, *(p.os_user for p in people.values() if p.os_user)})

    def _org(self) -> dict[str, Json]:
        org = self._config.settings.org
        return {"name": org.name, "domains": list(org.domains), "contact": org.contact, "url": org.url}
