"""The measures of an incident as counted phrases, ready for a sentence or a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from irtool.records import Json
from irtool.tell import clean
from irtool.tell.forms import Forms
from irtool.tell.story import Facts, size
from irtool.tell.wording import Phrase, wording

NAMED = frozenset({"domain.block", "policy.set", "address.block"})
"""Verbs whose targets a report names (defanged); accounts, customers and IPs are only counted."""

_TOLD = ("failed", "unknown", "waiting", "refused", "already")


def measures(facts: Facts, lang: str, style: str = "") -> list[dict[str, Json]]:
    """One row per verb that was tried or planned, in the order of the plan.

    `done` and `undone` are phrases ("24 accounts disabled", "" if none), `waiting`, `failed`, `unknown`, `refused`
    and `already` counts, `targets` the defanged targets if there are few, `problems` the reasons.
    """
    actions = facts["actions"]
    found = actions if isinstance(actions, dict) else {}
    # A note stands on the timeline with its own words: that one was made is no news.
    told = {verb: acts for verb, acts in found.items() if verb != "note.add" and isinstance(acts, dict)}
    return [_measure(verb, acts, lang, style) for verb, acts in told.items()]


def _measure(verb: str, acts: Mapping[str, Json], lang: str, style: str) -> dict[str, Json]:
    words = wording(lang)
    phrase, forms = words.phrase(verb), Forms(words.lang)
    done, counts = acts["done"], {o: size(acts[o]) for o in _TOLD}
    targets = [clean.defang(str(t), style) for t in done] if isinstance(done, list) and verb in NAMED else []
    return {
        "verb": verb,
        "title": phrase.title,
        "done": _phrase(forms, phrase.done, size(done)),
        "undone": _phrase(forms, phrase.undone, size(acts["undone"])),
        "targets": list(targets) if len(targets) <= 5 else [],
        "first_at": acts["first_at"],
        "last_at": acts["last_at"],
        "open": _open(phrase, forms, counts, words.words),
        "problems": acts["problems"],
        **counts,
    }


def _phrase(forms: Forms, pair: Sequence[str], n: int) -> str:
    return forms.plural(n, *pair).format(n=forms.number(n)) if n else ""


def _open(phrase: Phrase, forms: Forms, counts: Mapping[str, int], words: Mapping[str, str]) -> str:
    """What did not wholly succeed: `Disabling accounts: 1 failed, 3 still waiting for approval`; "" if all did."""
    parts = [
        forms.plural(n, words[f"{outcome}_one"], words[f"{outcome}_other"]).format(n=forms.number(n))
        for outcome, n in counts.items()
        if n and outcome != "already"
    ]
    return f"{phrase.title}{forms.colon}{', '.join(parts)}" if parts else ""
