from __future__ import annotations

import html
from pathlib import Path

import pytest

from irtool.errors import UsageError
from irtool.language.templates import Safe, render


def escape(value: object) -> str:
    return html.escape(str(value))


def bold(value: object) -> Safe:
    return Safe(f"<b>{html.escape(str(value))}</b>")


def fill(folder: Path, text: str, **variables: object) -> str:
    (folder / "t.html").write_text(text)
    return render([folder], "t.html", variables, filters={"bold": bold}, escape=escape)


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("<p>{{ x }}</p>", "<p>&lt;i&gt;</p>"),
        ("{{ x | bold }}", "<b>&lt;i&gt;</b>"),
        ("{{ '<u>' }}", "&lt;u&gt;"),
        ("{{ [x, x] | join('<br>') }}", "&lt;i&gt;&lt;br&gt;&lt;i&gt;"),
        ("{% macro m(v) %}<em>{{ v }}</em>{% endmacro %}{{ m(x) }}", "<em>&lt;i&gt;</em>"),
        ("{% set s %}<em>{{ x }}</em>{% endset %}{{ s }}", "<em>&lt;i&gt;</em>"),
        ("{% for n in rows %}\n  {{ n }}\n{% endfor %}\n", "  1\n  2\n"),
        ("{{ d.items }}", "7"),
    ],
)
def test_every_output_is_escaped_once(tmp_path: Path, template: str, made: str) -> None:
    assert fill(tmp_path, template, x="<i>", rows=[1, 2], d={"items": 7}) == made


def test_the_first_folder_that_has_it_wins(tmp_path: Path) -> None:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for folder in (own, shipped):
        folder.mkdir()
        (folder / "a.txt").write_text(f"{folder.name} {{% include 'b.txt' %}}")
    (shipped / "b.txt").write_text("b")
    assert render([own, shipped], "a.txt", {}, filters={}, escape=str) == "own b"
    assert render([shipped], "a.txt", {}, filters={}, escape=str) == "shipped b"


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("one\n{{ missing }}", r"t\.html:2  'missing' is undefined"),
        ("one\n\n{% if %}", r"t\.html:3  Expected an expression"),
        ("{{ x | nosuch }}", r"t\.html:1  No filter named 'nosuch'"),
        ("{{ x | safe }}", r"t\.html:1  No filter named 'safe'"),
        ("\n{{ x + 1 }}", r"t\.html:2  "),
        ("{{ x.__class__ }}", r"t\.html:1  access to attribute '__class__'"),
        ("{{ d.update({}) }}", r"t\.html:1  "),
        ("{% for i in range(10**9) %}{% endfor %}", r"t\.html:1  Range too big"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, template: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        fill(tmp_path, template, x="a", d={})


def test_a_missing_template_is_told_with_the_likeliest(tmp_path: Path) -> None:
    (tmp_path / "customer-notice.txt").write_text("x")
    with pytest.raises(UsageError, match=r'no template "customer-notise.txt".*Did you mean "customer-notice.txt"'):
        render([tmp_path], "customer-notise.txt", {}, filters={}, escape=str)


def test_templates_outside_the_folders_are_not_found(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    inside = tmp_path / "in"
    inside.mkdir()
    with pytest.raises(UsageError, match="there is no template"):
        render([inside], "../secret", {}, filters={}, escape=str)
