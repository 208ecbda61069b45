"""How a replay of the relay rules looks to people: one screen, 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from irtool.cli.out import clean
from irtool.cli.views import plural, wrapped
from irtool.triage.replay import Example, Kind, Replay

_SHOWN = 4


def lines(found: Replay) -> Iterator[str]:
    """The rules as a table, then where they differ, then what none of them stops."""
    span = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found.since else ""
    campaign = f", {found.campaign:,} of them campaign" if found.campaign else ""
    yield from wrapped(f"{plural(found.messages, 'message')} in the log{span}{campaign}", "", "")
    yield ""
    yield f"{'':<18} {'campaign':>22}    {'other mail':>22}"
    yield f"{'rule':<18} {'accepted':>11}{'refused':>11}    {'accepted':>11}{'refused':>11}"
    for rule in found.rules:
        campaign = f"{rule.campaign_accepted:>11,}{rule.campaign_refused:>11,}"
        yield f"{rule.rule:<18} {campaign}    {rule.other_accepted:>11,}{rule.other_refused:>11,}"
    names = [rule.rule for rule in found.rules]
    differing = [kind for kind in found.kinds if 0 < len(kind.accepted_by) < len(names)]
    if differing:
        yield ""
        yield "where the rules differ (whose envelope sender / Sender / From, from the account)"
    for kind in differing[:_SHOWN]:
        yield from _kind(kind)
    if len(differing) > _SHOWN:
        yield f"  … {len(differing)} kinds in all (--json lists them)"
    yield from _residue(found, names)
    for sentence in found.unanswered:
        yield from wrapped(f"! {clean(sentence)}", "", "  ")


def _kind(kind: Kind) -> Iterator[str]:
    yield f"  {kind.envelope} / {kind.sender} / {kind.from_}: {_count(kind)}"
    yield from wrapped(f"accepted by {', '.join(kind.accepted_by)}", "    ", "    ")
    if kind.campaign_examples:
        yield from _example(kind.campaign_examples[0], "campaign")
    for example in kind.examples[:2]:
        yield from _example(example, "other" if kind.campaign_examples else "e.g.")


def _residue(found: Replay, names: list[str]) -> Iterator[str]:
    """Another customer's From that every rule lets through: mailing lists do it, and so could a campaign."""
    passed = [k for k in found.kinds if "wide" in k.detectors and len(k.accepted_by) == len(names)]
    count = sum(kind.campaign + kind.other for kind in passed)
    if count:
        yield ""
        yield from wrapped(
            f"No rule asked stops {plural(count, 'message')} with another customer's From under an own envelope "
            "sender (mailing lists do this).",
            "",
            "",
        )
        for example in passed[0].examples[:2]:
            yield from _example(example)


def _count(kind: Kind) -> str:
    parts = [f"{kind.campaign:,} campaign"] if kind.campaign else []
    return ", ".join([*parts, f"{kind.other:,} other"] if kind.other or not parts else parts)


def _example(example: Example, word: str = "e.g.") -> Iterator[str]:
    from irtool.tell.clean import defang

    def told(domain: str | None, word: str) -> str:
        return clean(defang(domain)) if domain else word

    who = f"{word} {clean(example.account or 'no account')}, {plural(example.messages, 'message')}: "
    envelope = "<>" if example.envelope == "" else told(example.envelope, "?")
    text = f"{who}{envelope} / {told(example.sender, '-')} / {told(example.from_, '-')}"
    yield from wrapped(text, "    ", "      ")
