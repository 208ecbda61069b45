"""The From domain of 6,046 public messages, and no exception on any of them, by either door."""

from __future__ import annotations

from email.utils import getaddresses
from pathlib import Path

import pytest

from irtool.intake import addresses, headers, read_complaint, read_headers
from tests.corpus import HAM, SPAM, paths

pytestmark = [pytest.mark.corpus, pytest.mark.xdist_group("corpus")]

BAR = 0.965


@pytest.fixture(scope="module")
def messages() -> list[Path]:
    return paths(*HAM, *SPAM)


def test_the_from_domain_is_right(messages: list[Path]) -> None:
    """Where a reader that follows RFC 5322 finds exactly one address, it is that one's domain; a From on which that
    reader fails, or of which it makes several, counts as wrong whatever was found."""
    right, wrong = 0, []
    for path in messages:
        value = headers.first(headers.split(path.read_bytes()).headers, "From")
        if value is None:
            continue
        named = [address for _, address in getaddresses([value]) if "@" in address]
        best = addresses.find(value).best or ""
        if len(named) == 1 and named[0].rpartition("@")[2].lower() == best.rpartition("@")[2]:
            right += 1
        else:
            wrong.append((value[:100], best))
    print(f"From domain: {right} of {right + len(wrong)} right, {right / (right + len(wrong)):.2%}")  # noqa: T201 - -rP
    assert right + len(wrong) == 6045  # one has no From
    assert right / (right + len(wrong)) >= BAR, wrong


def test_every_message_is_read_by_both_doors(messages: list[Path]) -> None:
    """No exception and no refusal; the doors agree on what the headers say, unless the complaint is about another."""
    assert len(messages) == 6046
    differ = []
    for path in messages:
        content = path.read_bytes()
        whole, fast = read_complaint(path.name, content), read_headers(path.name, content)
        if whole.reporter is None and (whole.from_, whole.message_id) != (fast.from_, fast.message_id):
            differ.append(path.name)
    assert differ == []
