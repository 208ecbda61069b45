from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.errors import UsageError
from irtool.playbook.durations import duration


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("72h", timedelta(hours=72)),
        ("30d", timedelta(days=30)),
        ("15m", timedelta(minutes=15)),
        ("90s", timedelta(seconds=90)),
        ("2w", timedelta(weeks=2)),
        ("1d12h", timedelta(days=1, hours=12)),
        (" 1h ", timedelta(hours=1)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    assert duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "72", "h", "72 h", "-1h", "1.5h", "1y", "0s", "3651d", "9" * 30 + "s", "٣d", "1H"]
)
def test_not_spans(text: str) -> None:
    with pytest.raises(UsageError):
        duration(text)


@given(st.text(max_size=20))
def test_any_text_is_a_span_or_a_usage_error(text: str) -> None:
    try:
        span = duration(text)
    except UsageError:
        return
    assert timedelta(0) < span <= timedelta(days=3650)
