"""The words of each language: sentences for events, phrases for verbs. One module per language, all the same keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from irtool.tell.wording import de, en, es, fr, gaps_de, gaps_es, gaps_fr, gaps_it, it


@dataclass(frozen=True, slots=True)
class Phrase:
    """How one verb is said: its `title`, `do` with a `{target}`; `done` and `undone` are (one, many) of `{n}`."""

    title: str
    do: str
    done: tuple[str, str]
    undone: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Wording:
    """One language: `events` by kind of event, `words` for headings and short words, `phrases` by verb, `gaps` for what
    triage could not answer, by the pattern of the English sentence."""

    lang: str
    events: Mapping[str, str]
    words: Mapping[str, str]
    phrases: Mapping[str, Phrase]
    gaps: Mapping[str, str] = field(default_factory=dict)

    def gap(self, sentence: str) -> str:
        """A sentence of triage in this language; one that is not known stays English."""
        for pattern, said in self.gaps.items():
            found = re.fullmatch(pattern, sentence)
            if found:
                return said.format_map(found.groupdict())
        return sentence

    def phrase(self, verb: str) -> Phrase:
        """The verb's phrases; a verb that has none of its own is named as it is."""
        known = self.phrases.get(verb)
        if known:
            return known
        done, undone = (f"{verb}: {{n}} {self.words[w]}" for w in ("done", "undone"))
        return Phrase(verb, f"{verb} {{target}}", (done, done), (undone, undone))


def _wording(
    lang: str,
    events: Mapping[str, str],
    words: Mapping[str, str],
    verbs: Mapping[str, list[str]],
    gaps: Mapping[str, str] | None = None,
) -> Wording:
    phrases = {v: Phrase(p[0], p[1], (p[2], p[3]), (p[4], p[5])) for v, p in verbs.items()}
    return Wording(lang, events, words, phrases, gaps or {})


LANGUAGES: Mapping[str, Wording] = {
    "de": _wording("de", de.EVENTS, de.WORDS, de.VERBS, gaps_de.GAPS),
    "en": _wording("en", en.EVENTS, en.WORDS, en.VERBS),
    "es": _wording("es", es.EVENTS, es.WORDS, es.VERBS, gaps_es.GAPS),
    "fr": _wording("fr", fr.EVENTS, fr.WORDS, fr.VERBS, gaps_fr.GAPS),
    "it": _wording("it", it.EVENTS, it.WORDS, it.VERBS, gaps_it.GAPS),
}
"""All languages irtool can write in."""


def base(locale: str) -> str:
    """The language for a locale: `it_IT`, `it-CH` and `IT` are "it"; one that irtool cannot write in is "en"."""
    lang = locale.replace("_", "-").partition("-")[0].strip().lower()
    return lang if lang in LANGUAGES else "en"


def wording(lang: str) -> Wording:
    """The words of a language or locale; English if there are none."""
    return LANGUAGES[base(lang)]
