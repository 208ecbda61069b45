"""What the facts of an incident allow a text to say: which figures of which noun, which dates, which durations."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations

from irtool.records import Json
from irtool.tell import clean
from irtool.tell.actions import OUTCOMES
from irtool.tell.extract import Duration, Moment, Number, tokens
from irtool.tell.story import Facts, rows
from irtool.tell.wording import LANGUAGES

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
_DIGIT = re.compile(r"\d")
_FANG = re.compile(
    r"\s*\[\s*(?:dot|punto|point|punkt|\.)\s*\]\s*"
    r"|(?P<at>\s*\[\s*(?:at|chiocciola|arroba|arobase|@)\s*\]\s*)|\[:\]|(?P<http>hxxp)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\S+")
_EDGE = "“”„‘’«»\"'`()[]{}<>,;:.!?…–—*|"
_MESSAGE_KEYS = frozenset({"messages", "innocent", "times", "collateral", "customer_messages"})
_HUMAN = frozenset({"notes", "parts", "explained"})
_MOST_PHRASES = 5_000


def normal(text: str) -> str:
    """The text with indicators as they are, everything invisible spelled out, and single spaces."""

    def plain(found: re.Match[str]) -> str:
        return "@" if found["at"] else "http" if found["http"] else ":" if found[0] == "[:]" else "."

    return _SPACE.sub(" ", _FANG.sub(plain, clean.visible(text))).strip()


@dataclass
class Backing:
    """`numbers` by noun ("" is any), `moments` to the minute, their `days` and `clocks`, `durations` in seconds, and
    the foreign texts that may be quoted: whole (`phrases`) or word by word (`words`). `later` is where the future
    begins."""

    numbers: dict[str, set[float]] = field(default_factory=dict)
    moments: set[datetime] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    clocks: set[tuple[int, int]] = field(default_factory=set)
    durations: set[int] = field(default_factory=set)
    phrases: dict[str, None] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    later: datetime = datetime(9999, 1, 1, tzinfo=UTC)

    def has(self, token: Moment | Duration | Number) -> bool:
        """Whether a fact stands behind it."""
        if isinstance(token, Moment):
            return self._moment(token)
        return self._duration(token) if isinstance(token, Duration) else self._number(token)

    def known(self, token: Number) -> list[str]:
        """What the facts say of the same noun, for an error."""
        return sorted(f"{n:,.0f}" for n in self.numbers.get(token.noun, set()))[:8]

    def _moment(self, token: Moment) -> bool:
        if token.day is None:
            return token.clock in self.clocks
        if token.at is not None:
            return token.at > self.later or token.at.replace(second=0) in self.moments
        if token.month_only:
            return token.day > self.later.date() or any(
                (d.month, d.year) == (token.day.month, token.day.year) for d in self.days
            )
        if token.yearless:
            return any((d.month, d.day) == (token.day.month, token.day.day) for d in self.days)
        return token.day in self.days or token.day > self.later.date()

    def _duration(self, token: Duration) -> bool:
        said = token.seconds
        if token.bound == "<":
            return any(said / 2 <= d < said for d in self.durations)
        if token.bound == ">":
            return any(said < d <= 2 * said for d in self.durations)
        slack = said * 0.15 if token.bound else 0
        return any(-slack <= d - said < max(token.unit, slack) for d in self.durations)

    def _number(self, token: Number) -> bool:
        known = self.numbers.get(token.noun, set()) if token.noun else self.numbers.get("", set())
        if token.bound == "<":
            return any(v / 2 <= n < v for n in known for v in token.values)
        if token.bound == ">":
            return any(v < n <= 2 * v for n in known for v in token.values)
        slack = token.step / 2 if token.step > 1 else 0
        return any(abs(n - v) <= max(slack, v * 0.15 if token.bound else 0) for n in known for v in token.values)

    def without_quotes(self, text: str) -> str:
        """A normal text without what is quoted from the facts: its figures are theirs."""
        for phrase in self.phrases:
            if phrase in text:
                text = text.replace(phrase, " " * len(phrase))
        return _WORD.sub(lambda m: " " * len(m[0]) if self._quoted(m[0]) else m[0], text)

    def _quoted(self, word: str) -> bool:
        bare = word.strip(_EDGE).lower()
        return _DIGIT.search(bare) is not None and not bare.isdigit() and bare in self.words

    def add(self, noun: str, n: float) -> None:
        """One more figure that may stand in a text."""
        self.numbers.setdefault(noun, set()).add(n)
        self.numbers.setdefault("", set()).add(n)

    def happened(self, moment: datetime) -> None:
        """A moment that may be told, to the minute."""
        minute = moment.astimezone(UTC).replace(second=0, microsecond=0)
        self.moments.add(minute)
        self.days.add(minute.date())
        self.clocks.add((minute.hour, minute.minute))

    def quote(self, text: str) -> None:
        """A foreign text that may be quoted."""
        plain = normal(text)
        if not _DIGIT.search(plain):
            return
        if " " in plain and len(self.phrases) < _MOST_PHRASES:
            self.phrases[plain] = None
        self.words.update(w.strip(_EDGE).lower() for w in plain.split(" ") if _DIGIT.search(w))
        self.words.add(plain.strip(_EDGE).lower())


def backing(facts: Facts, more: Mapping[str, object] | None = None) -> Backing:
    """Everything that these facts, and the `more` that was made of them, allow a text to say."""
    found = Backing()
    as_of = facts.get("as_of")
    if isinstance(as_of, str):
        found.later = datetime.fromisoformat(as_of)
    for key, value in {**(more or {}), **facts}.items():
        if key not in _HUMAN:
            _walk(found, key, value)
    _nouns(found, facts)
    for note in rows(facts.get("notes")):
        _walk(found, "at", note.get("at"))
        _note(found, str(note.get("text") or ""))
    unanswered = _object(facts.get("campaign")).get("unanswered")
    for sentence in unanswered if isinstance(unanswered, list) else []:
        _note(found, str(sentence))  # told in the reader's language, with the same figures
    _durations(found, facts)
    return found


def _walk(found: Backing, key: str, value: object) -> None:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        found.add("messages" if key in _MESSAGE_KEYS else "", value)
    elif isinstance(value, str):
        if _ISO.fullmatch(value):
            found.happened(datetime.fromisoformat(value))
        else:
            found.quote(value)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            _walk(found, str(name), each)
    elif isinstance(value, list | tuple):
        found.add("", len(value))
        for each in value:
            _walk(found, key, each)


_FIGURES: Mapping[str, str] = {
    "accounts": "accounts", "customers": "customers", "customer_messages": "messages", "source_ips": "ips",
    "complaints": "complaints", "notices_sent": "notices", "relays_reported": "relays",
}  # fmt: skip
_LISTS: Mapping[str, str] = {
    "source_ips": "ips", "sender_addresses": "addresses", "spoofed_addresses": "addresses", "relays": "relays",
    "destination_domains": "domains", "accounts": "accounts", "affected_customers": "customers",
}  # fmt: skip
VERB_NOUNS: Mapping[str, tuple[str, ...]] = {
    "domain.block": ("domains",),
    "ip.block": ("ips", "addresses"),
    "address.block": ("addresses",),
    "account.disable": ("accounts",),
    "account.limit": ("accounts",),
    "account.revoke_sessions": ("accounts",),
    "notice.send": ("customers", "notices"),
    "abuse.report": ("relays",),
    "chat.post": ("messages",),
}


def _nouns(found: Backing, facts: Facts) -> None:
    figures, campaign, actions = (_object(facts.get(k)) for k in ("figures", "campaign", "actions"))
    for name, noun in _FIGURES.items():
        found.add(noun, _int(figures.get(name)))
    for name, noun in _LISTS.items():
        listed = campaign.get(name)
        if isinstance(listed, list):
            found.add(noun, len(listed))
            if noun in {"ips", "addresses"}:
                found.add("addresses", len(listed))
    for verb, action in actions.items():
        counts = [len(v) for k in OUTCOMES if isinstance(v := _object(action).get(k), list)]
        _counted(found, verb, [*counts, sum(counts)])
    for stretch in rows(facts.get("stretches")):
        _counted(found, str(stretch["verb"]), [_int(n) for n in _object(stretch["counts"]).values()])
    found.add("messages", len(rows(facts.get("complaints"))))


@functools.cache
def _counts(verb: str) -> frozenset[str]:
    """The nouns that our own phrases for a verb count, in any language: `1 segnalazione di relay rettificata`."""
    told = [words.phrase(verb) for words in LANGUAGES.values()]
    texts = [text.format(n="7") for phrase in told for text in (*phrase.done, *phrase.undone)]
    said = {t.noun for text in texts for t in tokens(text) if isinstance(t, Number)}
    return frozenset({*VERB_NOUNS.get(verb, ()), *said, ""})


def _counted(found: Backing, verb: str, counts: Iterable[int]) -> None:
    for noun in _counts(verb):
        for n in counts:
            found.add(noun, n)


def _note(found: Backing, text: str) -> None:
    """What a person put on record stands behind the same figure elsewhere; whether it is right the linter asks."""
    for token in tokens(normal(text)):
        if isinstance(token, Number):
            for n in token.values:
                found.add(token.noun, n)
        elif isinstance(token, Duration):
            found.durations.add(token.seconds)
        elif token.day and not token.month_only and not token.yearless:
            at = token.at or datetime(token.day.year, token.day.month, token.day.day, tzinfo=UTC)
            found.happened(at)
    found.quote(text)


def _durations(found: Backing, facts: Facts) -> None:
    """Every time between two moments that a story is told by, and those since now."""
    marks = [datetime.fromisoformat(str(v)) for v in _object(facts.get("marks")).values() if v]
    campaign = _object(facts.get("campaign"))
    marks += [datetime.fromisoformat(str(campaign[k])) for k in ("first_seen", "last_seen") if campaign.get(k)]
    for action in _object(facts.get("actions")).values():
        marks += [datetime.fromisoformat(str(t)) for k in ("first_at", "last_at") if (t := _object(action).get(k))]
    marks += [datetime.fromisoformat(str(n["at"])) for n in rows(facts.get("notes"))[:50]]
    for first, second in combinations(set(marks), 2):
        found.durations.add(int(abs(second - first) / timedelta(seconds=1)))
    found.durations.update(
        int(str(v)) for row in rows(facts.get("intervals")) if isinstance(v := row["since_reported"], int)
    )


def lines(markdown: str) -> Iterator[tuple[int, str]]:
    """The readable text of Markdown, line by line and cell by cell, with the numbers of the lines."""
    for n, line in enumerate(markdown.split("\n"), start=1):
        bare = re.sub(r"^\s*(?:>\s*)?(?:\d{1,3}[.)]\s+|[-*]\s+|#{1,6}\s+)?", "", line)
        for cell in re.split(r"(?<!\\)\|", bare):
            yield n, re.sub(r"\\([\\`*_\[\]<>|~&$:.#+=)-])", r"\1", cell.replace("**", "").replace("`", ""))


def _object(value: Json) -> Facts:
    return value if isinstance(value, dict) else {}


def _int(value: Json) -> int:
    return value if isinstance(value, int) else 0
