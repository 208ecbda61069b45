"""The mailbox of one person: campaigns are told apart, from each other and from what has nothing to do with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from irtool.intake import read_complaints
from irtool.records import Findings
from irtool.triage import triage

from .mailbox import Mail, mailbox

BAR = 0.95
TUNED_ON = (1, 29, 79)
NOT_TUNED_ON = (20250414, 31337, 2_000_003)


def findings(mails: Sequence[Mail]) -> Findings:
    complaints = read_complaints([(mail.name, mail.content) for mail in mails])
    now = datetime(2025, 11, 1, tzinfo=UTC)
    return triage(complaints, None, None, own_domains=(), since=timedelta(hours=72), now=now)[1]


def pairs(count: int) -> int:
    return count * (count - 1) // 2


def score(mails: Sequence[Mail]) -> tuple[float, float]:
    """Precision and recall, of the pairs of messages that are put together."""
    truth = {mail.name: mail.campaign for mail in mails}
    right = told = 0
    for group in findings(mails).campaigns:
        kinds = Counter(truth[name] for name in group.complaints)
        told += pairs(len(group.complaints))
        right += sum(pairs(count) for campaign, count in kinds.items() if campaign)
    wanted = sum(pairs(count) for campaign, count in Counter(truth.values()).items() if campaign)
    return right / told, right / wanted


@pytest.mark.parametrize("seed", [*TUNED_ON, *NOT_TUNED_ON])
def test_campaigns_in_the_mail_of_every_day(seed: int) -> None:
    mails = mailbox(seed)
    assert sum(not mail.campaign for mail in mails) == 200
    precision, recall = score(mails)
    print(f"seed {seed}: precision {precision:.3f}, recall {recall:.3f}")  # noqa: T201 - shown with -rP
    assert precision >= BAR
    assert recall >= BAR


def test_mail_of_every_day_alone_is_no_campaign() -> None:
    groups = findings(mailbox(20250415, campaigns=0)).campaigns
    assert sum(pairs(len(group.complaints)) for group in groups) <= 3


def test_a_mailbox_with_nothing_but_one_campaign() -> None:
    """What all of them share is not common, it is the campaign."""
    for kind in ("botnet", "stolen_login", "snowshoe", "fraud"):
        some = next(seed for seed in range(100) if any(mail.campaign == kind for mail in mailbox(seed)))
        mails = [mail for mail in mailbox(some) if mail.campaign == kind]
        assert len(findings(mails).campaigns) == 1, kind
