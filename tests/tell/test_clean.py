"""Every cleaner keeps its exit's dangerous class out, whatever comes in, and leaves plain text as it is."""

from __future__ import annotations

import html
import json
import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from irtool.tell import clean

NASTY = [
    "<script>alert(1)</script>",
    "<!channel> <@U1> <http://x.example|y> & co",
    "| a | b |\n|---|---|",
    "**bold** _it_ `code` ~~no~~ [x](http://x.example) ![i](http://x.example/i.png) <http://x.example>",
    "# head\n- list\n1. one\n> quote\n    code\n***\n===",
    "1. one",
    "1) one",
    "-",
    "+ plus",
    "=cmd|' /C calc'!A0",
    " \t=1+1",
    "＝1+1",
    "\x1b[31mred\x1b]0;title\x07 \x9b2J \x7f\x00",
    "a\u202egpj.exe\u2066\u200b\ufeff\u2028b",
    "Subject\r\nBcc: all@x.example",
    "\ud800 lone",
    "{{ 7*7 }} ${{ config }} {% x %}",
    "../../etc/passwd",
    "CON.txt",
    "\\| \\\\| \\",
    "www.x.example https://x.example",
    "&copy; &#60; &lt;b&gt;",
    "[a]: http://x.example",
]
ALPHABET = st.sampled_from(list("<>|*_`[]()!#-+=>.~&\\:/@\n\r\t '\"1aw \x1b\u202e\u2028{}$%")) | st.characters()
TEXTS = st.text(ALPHABET, max_size=60) | st.sampled_from(NASTY)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def hidden(text: str) -> list[str]:
    """Characters that may not reach any exit."""
    return [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]


def spoken(tokens: object) -> str:
    """The text a reader sees of inline tokens, "<token>" for anything but plain text."""
    return "".join(t.content if t.type == "text" else f"<{t.type}>" for t in tokens or [])  # type: ignore[attr-defined]


@given(TEXTS)
@example("\x1b[2J")
def test_terminal(text: str) -> None:
    """No control code, no escape sequence, no override, one line; what can be seen is unchanged."""
    out = clean.terminal(text)
    assert hidden(out) == []
    assert len(out.splitlines()) <= 1
    if not hidden(text):
        assert out == text


@given(TEXTS)
def test_markdown_is_literal(text: str) -> None:
    """As a paragraph, CommonMark reads exactly the visible text: no markup, no block, no HTML, no link."""
    out = clean.markdown(text)
    tokens = PARSER.parse(out)
    seen = clean.visible(text).strip()
    if not seen:
        assert tokens == []
        return
    assert [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert spoken(tokens[1].children) == seen


@given(TEXTS)
def test_markdown_is_literal_in_a_table(text: str) -> None:
    """As a cell, it stays one cell with exactly the visible text."""
    tokens = PARSER.parse(f"| a | b |\n| --- | --- |\n| {clean.markdown(text)} | end |\n")
    cells = [tokens[n + 1] for n, t in enumerate(tokens) if t.type == "td_open"]
    assert [spoken(c.children) for c in cells] == [clean.visible(text).strip(), "end"]


def test_markdown_leaves_github_nothing_to_link() -> None:
    """GitHub links bare URLs: their colon or dot is escaped."""
    assert clean.markdown("https://x.example www.y.example") == r"https\://x.example www\.y.example"


@given(TEXTS)
def test_html(text: str) -> None:
    """No tag, no entity of its own, no end of an attribute; the text comes back."""
    out = clean.html(text)
    assert not set(out) & set("<>\"'")
    assert html.unescape(out) == clean.visible(text)
    assert hidden(out) == []


@given(TEXTS)
def test_csv(text: str) -> None:
    """No field starts as a formula, whatever blanks stand before it."""
    out = clean.csv(text)
    assert not out.lstrip().startswith(("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠"))
    assert not set(out) & set("\r\n\t")


@given(TEXTS)
def test_header(text: str) -> None:
    """No line break in any sense of the word."""
    out = clean.header(text)
    assert hidden(out) == []
    assert len(out.splitlines()) <= 1


@given(TEXTS)
def test_filename(text: str) -> None:
    """A plain name: never empty, hidden, a path, a device or too long."""
    out = clean.filename(text)
    assert re.fullmatch(r"[A-Za-z0-9_@+][A-Za-z0-9@._+-]{0,100}", out)
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", out)
    assert not out.endswith(".")


@given(TEXTS)
def test_slack(text: str) -> None:
    """Nothing in angle brackets is left for Slack to act on; every & is an entity."""
    out = clean.slack(text)
    assert not set(out) & set("<>")
    assert re.sub(r"&(amp|lt|gt);", "", out).count("&") == 0
    assert hidden(out) == []


@given(TEXTS | st.from_regex(r"(https?://)?[a-z0-9]{1,9}(@[a-z]{1,5})?(\.[a-z]{2,5}){1,3}", fullmatch=True))
def test_defang(text: str) -> None:
    """No URL scheme, no address and no name with a dot before letters is left whole."""
    for style in ("", "en", "it"):
        out = clean.defang(text, style)
        assert not re.search(r"(?i)\b(https?|ftp)://", out)
        assert not re.search(r"[^\s\[]@[^\s\]]", out)
        assert not re.search(r"[\w-]\.[a-zA-Z]{2}", out)
        assert clean.defang(out, style) == out


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("win-prizes.example", "", "win-prizes[.]example"),
        ("info@win-prizes.example", "", "info[@]win-prizes[.]example"),
        ("info@sophos.com", "it", "info [CHIOCCIOLA] sophos [PUNTO] com"),
        ("info@sophos.com", "en", "info [AT] sophos [DOT] com"),
        ("https://a.example/b?c=1", "", "hxxps://a[.]example/b?c=1"),
        ("192.0.2.7", "it", "192.0.2[.]7"),
        ("2001:db8::7", "", "2001:db8:[:]7"),
        ("at 15:54:07, Mail 16.4.3522.110", "", "at 15:54:07, Mail 16.4.3522.110"),
        ("xn--bcher-kva.example.", "", "xn--bcher-kva[.]example."),
    ],
)
def test_defang_examples(text: str, style: str, expected: str) -> None:
    """In each language's words; IPs in brackets; times and versions as they are."""
    assert clean.defang(text, style) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\u202e", r"\u202e"),
        ("\U000e0041", r"\U000e0041"),
        ("però", "però"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    """Hidden characters are spelled out, the others stay."""
    assert clean.visible(text) == expected


@given(st.text(st.characters()))
@example("\x9b31m \u202e\U000e0041\ud83d è 日")
def test_json_means_the_same_and_hides_nothing(text: str) -> None:
    """JSON on a terminal: C1 controls, bidirectional overrides and lone surrogates are escaped, letters are not."""
    shown = clean.json(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(shown) == {"a": text}
    assert not {unicodedata.category(c) for c in shown} & clean.HIDDEN
    assert clean.json('"è 日"') == '"è 日"'
