"""The shipped signatures on 4,150 ordinary messages and 1,896 of spam: SpamAssassin's public corpus, from npm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from irtool.intake import read_complaint
from irtool.triage import signatures
from tests.corpus import HAM, SPAM, paths

pytestmark = [pytest.mark.corpus, pytest.mark.xdist_group("corpus")]


@pytest.fixture(scope="module")
def corpus() -> Mapping[str, tuple[int, Counter[str]]]:
    """For ham and spam: how many messages, and how many of them each signature hits."""
    found = {}
    for kind, folders in (("ham", HAM), ("spam", SPAM)):
        files = paths(*folders)
        hits = Counter(name for path in files for name in signatures.hits(read_complaint(path.name, path.read_bytes())))
        found[kind] = (len(files), hits)
    return found


def test_no_false_positives(corpus: Mapping[str, tuple[int, Counter[str]]]) -> None:
    """Critical and high ones hit no ordinary message, medium ones at most one in a thousand."""
    (messages, ham), (others, spam) = corpus["ham"], corpus["spam"]
    assert (messages, others) == (4150, 1896)
    for rule in signatures.SIGNATURES:
        print(f"{rule.level:14}{rule.name:36}{ham[rule.name]:6}{spam[rule.name]:6}")  # noqa: T201 - shown by -rP
    allowed = {"critical": 0, "high": 0, "medium": messages // 1000, "low": messages // 100}
    wrong = {r.name: ham[r.name] for r in signatures.SIGNATURES if ham[r.name] > allowed.get(r.level, messages)}
    assert wrong == {}


def test_the_corpus_is_really_looked_at(corpus: Mapping[str, tuple[int, Counter[str]]]) -> None:
    _, spam = corpus["spam"]
    assert spam["forged-outlook-express"] > 100
    assert spam["reply-to-freemail"] > 20
