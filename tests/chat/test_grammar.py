"""What people type in Slack."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from irtool.chat.grammar import parse, plain


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("&lt;<mailto:a@b.example|a@b.example>&gt;", "<a@b.example>"),
        ("<http://evil.example|evil.example>", "evil.example"),
        ("<https://evil.example/x>", "https://evil.example/x"),
        ("<https://evil.example/|your bank>", "your bank https://evil.example/"),
        ("a &amp;lt; b", "a &lt; b"),
        ("<!channel> <@U1> <#C1|x>", "<!channel> <@U1> <#C1|x>"),
        ("<tel:+391|+391>", "+391"),
    ],
)
def test_slacks_markup_is_taken_back(sent: str, typed: str) -> None:
    assert plain(sent) == typed


@given(st.text(alphabet="ab<>&;lgtamp |!@#\n", max_size=60))
def test_what_was_typed_comes_back(typed: str) -> None:
    """Slack escapes three characters and nothing else is lost."""
    sent = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(sent) == typed


@given(st.text(max_size=200))
def test_any_text_is_words(text: str) -> None:
    words = parse(text)
    assert words.verb == words.verb.lower() != ""


def test_the_complaint_is_all_that_comes_after_the_playbook() -> None:
    words = parse(" Plan  email-abuse --input since=24h —input tag=x\n```\nFrom: a\n  b\n\nc\n```\n")
    assert (words.verb, words.args, words.inputs) == ("plan", ("email-abuse",), {"since": "24h", "tag": "x"})
    assert words.pasted == "From: a\n  b\n\nc"


def test_a_complaint_on_the_same_line() -> None:
    assert parse("run small spam from x --input a=b").pasted == "spam from x --input a=b"
    assert parse("plan small```From: a```").pasted == "From: a"
    assert parse("plan").args == ()


def test_other_verbs_have_words() -> None:
    words = parse("refuse INC-2026-0001 notify not  ours")
    assert words.args == ("INC-2026-0001", "notify", "not", "ours")
    assert parse("  ").verb == "help"
