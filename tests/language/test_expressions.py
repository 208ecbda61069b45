from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from irtool.errors import FaultsError, PlaybookError
from irtool.language.expressions import compile_value, expression, names, text

VARIABLES = {
    "findings": {"accounts": [{"id": "b", "n": 2, "plan": "trial"}, {"id": "a", "n": 1, "plan": "paid"}]},
    "item": {"value": "Example.COM", "confidence": 0.9, "none": None, "items": [1, 2]},
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("item.value", "Example.COM"),
        ("item['value'] | lower", "example.com"),
        ("item.confidence >= 0.8 and item.value != 'x'", True),
        ("item.none", None),
        ("item.items", [1, 2]),
        ("findings.accounts | map(attribute='id')", ["b", "a"]),
        ("findings.accounts | sort(attribute='n') | map(attribute='id') | join(', ')", "a, b"),
        ("findings.accounts | selectattr('plan', 'eq', 'trial')", [{"id": "b", "n": 2, "plan": "trial"}]),
        ("findings.accounts[0].n * 3 + 1", 7),
        ("findings.accounts[:1] | length", 1),
        ("item.missing | default('x')", "x"),
        ("'' | default('none', true)", "none"),
        ("'yes' if item.other is defined else 'no'", "no"),
        ("item.value ~ '/' ~ 5", "Example.COM/5"),
        ("item.value is startswith 'Ex'", True),
        ("'a' + 'b'", "ab"),
        ("[1] + [2]", [1, 2]),
        ("{'a': {'b': 1}}", {"a": {"b": 1}}),
        ("'a b  c' | split", ["a", "b", "c"]),
        ("' x \n\n y ' | lines", ["x", "y"]),
        ("2.5 | round", 2),
        ("{'b': 1} | tojson", '{"b": 1}'),
        ("item | keys | first", "value"),
        ("(1, 2)", [1, 2]),
        ("[1, 2] | reverse", [2, 1]),
        ("' aB ' | trim | upper", "AB"),
    ],
)
def test_values_keep_their_type(source: str, value: object) -> None:
    result = expression(source)(**VARIABLES)
    assert result == value
    assert type(result) is type(value)


def test_fields_of_records_can_be_read_and_nothing_else_of_them() -> None:
    @dataclass(frozen=True)
    class Row:
        id: str
        seen: datetime

        def secret(self) -> str:
            return "secret"

    row = Row("a", datetime(2025, 4, 14, 15, 54, tzinfo=UTC))
    assert expression("row.seen")(row=row) == "2025-04-14T15:54:00Z"
    assert expression("row")(row=row) == {"id": "a", "seen": "2025-04-14T15:54:00Z"}
    with pytest.raises(PlaybookError, match='there is no "secret"'):
        expression("row.secret")(row=row)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("", "the expression is empty"),
        ("a b", 'did not expect "b" after the expression'),
        ("item.plan ==", "unexpected the end"),
        ("a | lowr", 'there is no filter "lowr". Did you mean "lower"?'),
        ("a is defned", 'there is no test "defned". Did you mean "defined"?'),
        ("item.value.lower()", "functions cannot be called; use a filter, as in: item.value | lower"),
        ("range(10)", "functions cannot be called; use a filter, as in: item.value | lower"),
        ("2 ** 99", "** is not allowed"),
        ("self.x", '"self" has no meaning here'),
        ("{% if a %}", "unexpected '%'"),
        ("a }} b {{ c", 'did not expect "}}" after the expression'),
        ("(" * 3000 + "1" + ")" * 3000, "the expression is longer than 4000 characters"),
        ("(" * 1500 + "1" + ")" * 1500, "the expression is nested too deeply"),
        ("not " * 900 + "a", "the expression is nested too deeply"),
        ("1" + "+1" * 900, "the expression is nested too deeply"),
    ],
)
def test_syntax_faults_come_with_the_place(source: str, what: str) -> None:
    with pytest.raises(FaultsError) as error:
        expression(source, "p.yaml:3:5")
    (line,) = error.value.faults
    assert line.startswith("p.yaml:3:5  '")
    assert line.endswith(f"': {what}")
    assert len(line) < 220


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("nobody", "'nobody' is undefined"),
        ("item.valeu", 'there is no "valeu" here. Did you mean "value"?'),
        ("item.other.deeper", 'there is no "other" here.'),
        ("findings.accounts[9].id", "there is no item 9"),
        ("findings.accounts | map(attribute='zzz')", 'there is no "zzz" here.'),
        ("findings.accounts | selectattr('zzz')", 'there is no "zzz" here.'),
        ("item.value.upper", 'there is no "upper" in a text'),
        ("item.none.x", 'there is no "x" in nothing (null)'),
        ("1 + 'a'", "+ cannot join a number and a text"),
        ("'a' * 1000000000", "* is for numbers only"),
        ("[0] * 1000000000", "* is for numbers only"),
        ("'%1000000000d' % 1", "% is for numbers only"),
        ("1 / 0", "division by zero"),
        ("item.missing | lower", 'there is no "missing" here.'),
        ("item.none | lower", 'the value is empty (null) and has no text; give it one with | default("…", true)'),
        ("5 | split", "this is for text only"),
        ("1e308 * 10", "the number is too large"),
        ("1e400", "name 'inf' is not defined"),
        ("1.5 | round(2000000000)", "digits is 0 to 12"),
        ("item.value < 3", "'<' not supported between instances of 'str' and 'int'"),
    ],
)
def test_evaluation_errors_come_with_the_place(source: str, what: str) -> None:
    with pytest.raises(PlaybookError) as error:
        expression(source, "p.yaml:3:5")(**VARIABLES)
    assert error.value.message == f"p.yaml:3:5  '{source}': {what}"
    assert error.value.faults == (error.value.message,)


def test_texts_cannot_grow_without_bound() -> None:
    big = "x" * 20_000_000
    for source in ("big + big", "[big, big] | join", "big | replace('x', 'xx')"):
        with pytest.raises(PlaybookError, match="longer than"):
            expression(source)(big=big)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("", ""),
        ("plain", "plain"),
        ("${{ item.confidence }}", 0.9),
        ("${{ findings.accounts[1] }}", {"id": "a", "n": 1, "plan": "paid"}),
        ("${{ item.none }}", None),
        (" ${{ item.confidence }}", " 0.9"),
        ("to ${{ item.value }}!", "to Example.COM!"),
        ("${{ true }} ${{ [1, 'a'] }}", 'true [1, "a"]'),
        ("${{ '${{' }} x }}", "${{ x }}"),
        ("{{ item.value }} {% raw %} {# c #}", "{{ item.value }} {% raw %} {# c #}"),
    ],
)
def test_texts(source: str, value: object) -> None:
    assert text(source)(**VARIABLES) == value


def test_nothing_in_the_midst_of_text_is_an_error() -> None:
    with pytest.raises(PlaybookError, match=r"p:1:1  'item.none': the value is empty \(null\)"):
        text("abuse@${{ item.none }}", "p:1:1")(**VARIABLES)


def test_finalize_is_applied_to_every_hole_and_to_nothing_else() -> None:
    def url(value: object) -> str:
        return quote(str(value), safe="")

    path = text("/maps/${{ a }}/x?n=${{ b }}", finalize=url)
    assert path(a="../../admins/1?force=1#", b=7) == "/maps/..%2F..%2Fadmins%2F1%3Fforce%3D1%23/x?n=7"
    assert text("${{ a }}", finalize=url)(a="a/b") == "a%2Fb"
    with pytest.raises(PlaybookError, match="empty"):
        text("${{ a }}", finalize=url)(a=None)


def test_nested_values_keep_their_shape() -> None:
    value = compile_value({"a": ["${{ x }}", 1, {"b": "n=${{ y }}"}], "c": None, "${{ k }}": True}, str)
    assert value(x=[1], y=2) == {"a": [[1], 1, {"b": "n=2"}], "c": None, "${{ k }}": True}
    assert names(value) == {("x",), ("y",)}


def test_nested_values_tell_all_their_faults() -> None:
    with pytest.raises(FaultsError) as error:
        compile_value({"a": ["${{ x +"], "b": {"c": "${{ f() }}"}}, lambda path: "/".join(map(str, path)))
    assert [f.split("  ")[0] for f in error.value.faults] == ["a/0", "b/c"]


def test_names_are_the_paths_that_are_read() -> None:
    assert names(expression("findings.source_ips")) == {("findings", "source_ips")}
    assert names(expression("a['b'].c[0].d + e | default(f.g)")) == {("a", "b", "c", "*", "d"), ("e",), ("f", "g")}
    assert names(expression("a[b.c].d")) == {("a", "*", "d"), ("b", "c")}
    assert names(expression("a.b[1:n]")) == {("a", "b"), ("n",)}
    assert names(text("${{ a.b }} and ${{ c }}")) == {("a", "b"), ("c",)}


def test_the_list_behind_each() -> None:
    assert expression("findings.accounts").items_of == ("findings", "accounts")
    assert expression("findings.accounts | selectattr('id') | unique | list").items_of == ("findings", "accounts")
    assert expression("findings.accounts[:3]").items_of == ("findings", "accounts")
    assert expression("findings.accounts | map(attribute='id')").items_of == ()
