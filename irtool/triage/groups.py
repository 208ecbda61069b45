"""Which complaints belong to one campaign, by what they say: before anybody looks into the log.

One strong trait is enough: the same message, a sender's own address or the account behind it, where answers go, a relay
that somebody logged in to, the source IP, a forged address of ours, a critical signature, or a correlation of
signatures that is at least of level medium (strangers share the Message-ID domain of a large provider). Of weak ones
(destination, subject, forged domain, network, relay, mailer, link, attachment, a correlation of level low) two are
needed: big destinations and everyday subjects are shared by strangers.

Among many complaints chance makes pairs too. Two weak traits count where they come together more often than they would
by chance; and in the mailbox of one person, where everybody writes to the same place, an address or a relay that many
senders share with many subjects is a service and not a campaign.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from irtool.intake.domains import registrable
from irtool.records import Complaint
from irtool.triage import traits
from irtool.triage.everyday import is_everyday
from irtool.triage.seeds import Ownership
from irtool.triage.traits import Mailbox, Trait

_ENOUGH = 2
_FEW = 8
"""So few complaints have no chance to speak of."""
_RARELY, _BY_CHANCE, _HARDLY = 1e-2, 1e-3, 1e-5
_NEARLY = 1.5
_TEXT = frozenset({"subject", "link", "attachment"})
"""What somebody wrote for this campaign: with something everyday it is nearly enough, and enough if it is no chance."""
_TOGETHER, _OWNED, _OWNED_BY_TEXT = 0.5, 2 / 3, 0.5
_DIVERSE = 0.75
_KNIT = frozenset({"link", "attachment", "From domain"})
"""Kinds that join all complaints that have them, once they have joined most of them in pairs."""


@dataclass(frozen=True, slots=True)
class Together:
    """Complaints of one campaign, in the order given, and what connects them ("same relay: r3.kawaz.jp")."""

    complaints: tuple[Complaint, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correlated:
    """Complaints (their sources) that a correlation of signatures puts together, and why. A weak one is a weak trait:
    its kind and value are `trait`."""

    reason: str
    complaints: Sequence[str]
    strong: bool
    trait: Trait = ("correlation", "")


def together(
    complaints: Sequence[Complaint],
    ownership: Ownership,
    critical: frozenset[str],
    clusters: Sequence[Correlated] = (),
) -> list[Together]:
    """The groups, the largest first. `critical` are signatures that identify a campaign on their own, `clusters` what
    the correlations of signatures found: a strong one connects, a weak one together with another weak trait."""
    mailbox = Mailbox.of(complaints)
    links = _Links(complaints, mailbox)
    weak = [dict.fromkeys(traits.weak(complaint, ownership, mailbox)) for complaint in complaints]
    holders = _holders([dict.fromkeys(traits.strong(c, ownership, critical, mailbox)) for c in complaints])
    numbered: dict[str, list[int]] = {}
    for number, complaint in enumerate(complaints):
        numbered.setdefault(complaint.source, []).append(number)
    correlated = [
        (cluster, [n for one in cluster.complaints for n in numbered[one]])
        for cluster in clusters
        if registrable(cluster.trait[1]) not in mailbox.readers  # what the reader's servers wrote
        and not ownership.is_own(cluster.trait[1])  # or our own, where a message had no Message-ID
    ]
    for cluster, numbers in (one for one in correlated if one[0].strong):
        if not is_everyday(cluster.trait[1]) and not links.is_service(numbers):
            holders.setdefault((cluster.reason, ""), []).extend(numbers)
    for trait, numbers in holders.items():
        if trait[0] in traits.PLACE and links.is_service(numbers):
            for number in numbers:
                weak[number][trait] = None
        else:
            links.join(numbers, _said([trait]))
    for cluster, numbers in (one for one in correlated if not one[0].strong):
        for number in numbers:
            weak[number][cluster.trait] = None
    links.join_alike(_holders(weak))
    for cluster, numbers in (one for one in correlated if not one[0].strong):
        if all(links.groups[number] is links.groups[numbers[0]] for number in numbers):
            links.join(numbers, cluster.reason)
    return links.told()


def merged(first: Together, other: Together, reason: str) -> Together:
    """Both as one, for a reason that only the log knew."""
    return replace(
        first,
        complaints=(*first.complaints, *other.complaints),
        reasons=tuple(dict.fromkeys((*first.reasons, *other.reasons, reason))),
    )


def _holders(found: Sequence[Iterable[Trait]]) -> dict[Trait, list[int]]:
    """Which complaints have each trait."""
    holders: dict[Trait, list[int]] = {}
    for number, some in enumerate(found):
        for trait in some:
            holders.setdefault(trait, []).append(number)
    return holders


def _said(shared: Iterable[Trait]) -> str:
    return " and ".join(f"same {kind}: {value}" if value else kind for kind, value in sorted(shared))


class _Links:
    """The groups while they grow: each complaint in one, all of a group in the same set."""

    def __init__(self, complaints: Sequence[Complaint], mailbox: Mailbox) -> None:
        self.groups = [{number} for number in range(len(complaints))]
        self._complaints = complaints
        self._mailbox = mailbox
        self._reasons: dict[int, list[str]] = {}

    def join(self, numbers: Sequence[int], reason: str) -> None:
        """Make one group of the groups that these complaints are in."""
        numbers = list(dict.fromkeys(numbers))
        if len(numbers) < _ENOUGH:
            return
        self._reasons.setdefault(numbers[0], []).append(reason)
        whole = set().union(*(self.groups[number] for number in numbers))
        for number in whole:
            self.groups[number] = whole

    def join_alike(self, holders: dict[Trait, list[int]]) -> None:
        """Join what shares two weak traits, and what a trait that has proved to be the campaign's own still misses."""
        known = {trait: numbers for trait, numbers in holders.items() if len(numbers) >= _ENOUGH}
        covered: dict[Trait, set[int]] = {}
        by_text: dict[Trait, set[int]] = {}
        for pair, numbers in _pairs(known):
            if self._is_no_chance(pair, numbers, known):
                self.join(numbers, _said(pair))
                for trait, other in (pair, pair[::-1]):
                    covered.setdefault(trait, set()).update(numbers)
                    by_text.setdefault(trait, set()).update(numbers if traits.weight(other) > 1 else ())
        for trait, some in covered.items():
            share = max(len(some) / _OWNED, len(by_text[trait]) / _OWNED_BY_TEXT) / len(known[trait])
            proved = trait[0] in _KNIT and traits.weight(trait) >= 1 and share >= 1
            if proved and any(self.groups[number] is not self.groups[known[trait][0]] for number in known[trait]):
                self.join(known[trait], _said([trait]))

    def _is_no_chance(self, pair: tuple[Trait, Trait], numbers: Sequence[int], known: dict[Trait, list[int]]) -> bool:
        """Whether these complaints, which share both traits, are more than strangers."""
        weights = [traits.weight(trait) for trait in pair]
        if len(self._complaints) < _FEW:
            return sum(weights) >= _ENOUGH
        few, many = sorted(len(known[trait]) for trait in pair)
        chance = _chance(few, many / len(self._complaints), len(numbers))
        if sum(weights) < _ENOUGH:
            of_text = {kind for kind, _ in pair} & _TEXT and sum(weights) >= _NEARLY
            if not of_text or chance > _HARDLY or len(numbers) <= _ENOUGH:
                return False
        elif chance > (_RARELY if sum(weights) > _ENOUGH else _BY_CHANCE) and (
            min(weights) < 1 or len(numbers) < _TOGETHER * (few + many - len(numbers))
        ):
            return False
        programs = {kind for kind, _ in pair} <= traits.PROGRAM | {"From domain"}
        return not (programs and self.is_service(numbers))

    def is_service(self, numbers: Sequence[int]) -> bool:
        """Whether these are many senders with many subjects, who write to the one person whose mailbox this is.

        They have domains of their own, or that of the host they send from and hardly a link in common.
        """
        different = list(dict.fromkeys(numbers))
        if not self._mailbox.readers or len(different) < _ENOUGH:
            return False
        some = [self._complaints[number] for number in different]
        most = _DIVERSE * len(some)
        subjects = {c.subject if traits.is_telling(c.subject or "") else c.source for c in some}
        if min(len({c.from_ for c in some}), len(subjects)) < most:
            return False
        senders = Counter(traits.sending_domain(c) or c.source for c in some)
        if len(senders) >= most:
            return True
        strangers = [c for c in some if traits.is_at_home(c) or senders[traits.sending_domain(c) or c.source] == 1]
        links = Counter(link for c in some for link in traits.links(c, self._mailbox))
        return len(strangers) >= most and max(links.values(), default=0) < max(_ENOUGH, _TOGETHER * len(some))

    def told(self) -> list[Together]:
        """The groups in order, with what connects them."""
        found = {id(group): group for group in self.groups}.values()
        ordered = sorted(found, key=lambda group: (-len(group), min(group)))
        return [
            Together(
                tuple(self._complaints[number] for number in sorted(group)),
                tuple(dict.fromkeys(reason for number in sorted(group) for reason in self._reasons.get(number, ()))),
            )
            for group in ordered
        ]


def _pairs(known: dict[Trait, list[int]]) -> Iterator[tuple[tuple[Trait, Trait], list[int]]]:
    """Each pair of traits of two kinds that complaints share, and which."""
    by_number: dict[int, list[Trait]] = {}
    for trait, numbers in known.items():
        for number in numbers:
            by_number.setdefault(number, []).append(trait)
    shared: dict[tuple[Trait, Trait], list[int]] = {}
    for number, some in sorted(by_number.items()):
        for one, other in combinations(sorted(some), 2):
            if one[0] != other[0] and not {one[0], other[0]} <= traits.PLACE:
                shared.setdefault((one, other), []).append(number)
    return ((pair, numbers) for pair, numbers in shared.items() if len(numbers) >= _ENOUGH)


def _chance(holders: int, share: float, found: int) -> float:
    """A bound for the chance that so many of the holders of one trait have another that is this common (Chernoff)."""
    part = found / holders
    if part <= share:
        return 1.0
    least = part * math.log(part / share)
    if part < 1:
        least += (1 - part) * math.log((1 - part) / (1 - share))
    return math.exp(-holders * least)
