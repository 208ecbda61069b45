"""The server's own words in an answer."""

from __future__ import annotations

import pytest

from irtool.connectors.replies import said
from irtool.records import Reply


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"status": 404, "message": "no such account"}}', "no such account"),
        ('{"error": "bad key"}', "bad key"),
        ('{"error": {"code": 7}, "detail": "try later"}', "try later"),
        ('{"error": {"code": 7}}', '{"error": {"code": 7}}'),
        ("<html>no</html>", "<html>no</html>"),
    ],
)
def test_the_servers_words_are_found_one_level_down_too(body: str, words: str) -> None:
    """What people read is a sentence, not the inside of a data structure."""
    assert said(Reply(404, body)) == words
