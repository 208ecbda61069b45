"""The fixpoint alone: the same senders give the same accounts and the same reasons, in whatever order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from irtool.triage.bonds import Bonds, Sender

COUNTS = st.integers(1, 40)
NAMES = st.sampled_from("abcdefgh")


@st.composite
def senders(draw: st.DrawFn) -> list[Sender]:
    found = []
    for account in draw(st.sets(NAMES, min_size=2, max_size=8)):
        ips, froms, domains, destinations = {}, {}, {}, {}
        for ip in draw(st.sets(st.sampled_from(["1", "2", "3", ""]), min_size=1, max_size=3)):
            messages = draw(COUNTS)
            ips[ip] = (messages, messages + draw(st.sampled_from([0, 1, 90])))
            froms[ip] = {f"info@{draw(NAMES)}.example": messages}
            domains[ip] = {address.partition("@")[2]: count for address, count in froms[ip].items()}
            destinations[ip] = {f"{draw(NAMES)}.test": messages}
        established = draw(st.booleans())
        opened = not established and draw(st.booleans())
        sent = sum(all_mail for _, all_mail in ips.values()) + draw(st.sampled_from([0, 200]))
        found.append(
            Sender(account, ips, froms, domains, destinations, sent=sent, established=established, opened=opened)
        )
    return found


@given(senders(), st.randoms(), st.booleans())
def test_neither_who_belongs_nor_why_depends_on_the_order(some: list[Sender], random: object, exact: bool) -> None:
    def grown(order: list[Sender]) -> dict[str, str]:
        bonds = Bonds({some[0].account}, set(), set(), set(), set())
        bonds.grow(
            {sender.account: sender for sender in order},
            lambda ip: ip == "3",
            lambda domains: {domain for domain in domains if domain < "d"},
            exact=exact,
        )
        return bonds.reasons

    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = grown(some)
    assert first[some[0].account] == "named by the complaint"
    assert grown(shuffled) == first
    assert list(grown(shuffled).items()) == list(first.items())
