"""All that is wrong with a template is found before it is used, each fault with its file and line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from irtool.errors import UsageError
from irtool.language.templatecheck import faults, trial
from irtool.language.templates import Limits, render

KNOWN = {
    "customer": {"name": "the name", "domain": "the domain"},
    "hops": [{"time": "when", "by": "who"}],
    "org": {"name": "us"},
    "incident": "the number",
}


def found(folder: Path, text: str, name: str = "a.txt.j2") -> list[str]:
    (folder / name).write_text(text)
    return [
        line.removeprefix(f"{folder}/") for line in faults([folder], name, KNOWN, filters={"bold": str}, escape=str)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ customer.name }} {{ incident }} {{ incident.upper }}",
        "{% for hop in hops %}{{ loop.index }} {{ hop.time }}{% endfor %}",
        "{% set who = org.name %}{{ who }} {{ who.anything }}",
        '{{ customer.nick | default("friend") }} {% if customer.nick is defined %}x{% endif %}',
        "{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m(customer) }} {{ range(3) | length }}",
        "{% for h in hops %}{% for c in h.by %}{{ c }}{% endfor %}{% endfor %}",
        "{{ customer.name | bold | upper }}",
        "",
    ],
)
def test_what_is_right(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x\n{{ custmer.name }}", 2, "there is no variable 'custmer' Did you mean \"customer\"?"),
        ("x\n\n{{ customer.nmae }}", 3, "there is no variable 'customer.nmae' Did you mean \"name\"?"),
        ("{% if false %}\n{{ org.nme }}{% endif %}", 2, "there is no variable 'org.nme'"),
        ("{% for hop in hops %}\n{{ hop.tim }}{% endfor %}", 2, "there is no variable 'hop.tim'"),
        ("a\n{{ x | nofilter }}", 2, "No filter named 'nofilter'"),
        ("a\nb\n{% if %}", 3, "Expected an expression"),
        ("a\n{% for x in hops %}", 2, "Unexpected end of template"),
        ("{% set incident = 1 %}\n{{ incidnt }}", 2, "incidnt"),
    ],
)
def test_what_is_wrong_names_file_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    (only,) = found(tmp_path, text)
    assert only.startswith(f"a.txt.j2:{line}  ")
    assert says in only


def test_all_faults_at_once_in_order(tmp_path: Path) -> None:
    lines = found(tmp_path, "{{ a }}\n{{ b }}\n{{ customer.c }}{{ a }}")
    assert [line.split("  ")[0] for line in lines] == ["a.txt.j2:1", "a.txt.j2:2", "a.txt.j2:3", "a.txt.j2:3"]


def test_what_is_included_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("ok\n{{ org.nme }}")
    assert found(tmp_path, '{% include "part.j2" %}') == [
        "part.j2:2  there is no variable 'org.nme' Did you mean \"name\"?"
    ]
    assert 'there is no template "gone.j2"' in found(tmp_path, '{% include "gone.j2" %}')[0]


def test_missing_broken_and_huge_files(tmp_path: Path) -> None:
    assert "there is no template" in faults([tmp_path], "gone.j2", KNOWN, filters={}, escape=str)[0]
    (tmp_path / "latin.j2").write_bytes(b"caf\xe9")
    assert "not UTF-8" in faults([tmp_path], "latin.j2", KNOWN, filters={}, escape=str)[0]
    assert "longer than" in found(tmp_path, "x" * 300_000)[0]
    assert found(tmp_path, "{% if 1 %}" * 2_000)[0].startswith("a.txt.j2")


@pytest.mark.parametrize(
    "loop",
    [
        "{% for a in range(99999) %}\n{% for b in range(99999) %}\n{% set c = 1 %}{% endfor %}{% endfor %}",
        "x\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    ],
)
def test_a_loop_without_end_is_stopped(tmp_path: Path, loop: str) -> None:
    (tmp_path / "slow.j2").write_text(loop)
    before = sys.gettrace()
    with pytest.raises(UsageError, match=r"slow\.j2:\d  it takes more than 0\.2 seconds"):
        trial([tmp_path], "slow.j2", {}, filters={}, escape=str, limits=Limits(1_000, 0.2))
    assert sys.gettrace() is before


def test_a_text_without_end_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "long.j2").write_text("{% for a in range(99999) %}x{{ a }}{% endfor %}")
    for fill in (trial, render):
        with pytest.raises(UsageError, match=r"long\.j2  it writes more than 1,000 characters"):
            fill([tmp_path], "long.j2", {}, filters={}, escape=str, limits=Limits(1_000, 60.0))


def test_a_trial_writes_what_a_rendering_writes(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{% for a in rows %}{{ a }}, {% endfor %}")
    values = {"rows": [1, "<b>", None]}
    made = [
        fill([tmp_path], "t.j2", values, filters={}, escape=str, limits=Limits(99, 9.0)) for fill in (trial, render)
    ]
    assert made == ["1, <b>, None, "] * 2
