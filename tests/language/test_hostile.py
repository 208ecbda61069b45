"""Text from complaints, logs and replies can never become a template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import irtool
from irtool.errors import FaultsError
from irtool.language.expressions import compile_value, expression, text
from irtool.language.templates import render

HOSTILE = [
    "{{ 7*7 }}",
    "${{ config }}",
    "${{ item.secret }}",
    "{% for x in range(10**9) %}x{% endfor %}",
    "{# comment #}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{0.__class__}",
    "%(secret)s %s %n",
    "None",
    "['a', 'b']",
    "0x1F",
    "1e5",
    "__import__('os').system('id')",
    "</script><script>",
    "}} {{ secret }} {{",
    "'; DROP TABLE log; --",
    "\x1b[2J\x00\u202e",
]
_PIECES = st.lists(
    st.sampled_from(["{{", "}}", "${{", "{%", "%}", "{#", "#}", "'", '"', "item.secret", "7*7", " ", "\n"])
)
_TEXTS = st.sampled_from(HOSTILE) | st.text() | _PIECES.map("".join)


@given(_TEXTS, _TEXTS)
def test_data_come_out_as_they_went_in(subject: str, secret: str) -> None:
    """Whatever a subject looks like, it is data: in an expression, a filter, a text, a nested value, a list, a key."""
    item = {"subject": subject, "secret": secret}
    assert expression("item.subject")(item=item) == subject
    assert expression("[item.subject] | join(item.secret)")(item=item) == subject
    assert expression("item.subject + item.subject")(item=item) == subject * 2
    assert text("${{ item.subject }}")(item=item) == subject
    assert text("Re: ${{ item.subject }}.")(item=item) == f"Re: {subject}."
    assert text("${{ item.subject }}${{ item.subject }}")(item=item) == subject * 2
    assert compile_value({"a": [{"b": "<${{ item.subject }}>"}]}, str)(item=item) == {"a": [{"b": f"<{subject}>"}]}
    assert expression("rows")(rows=[{subject: [subject]}]) == [{subject: [subject]}]


@pytest.mark.parametrize("subject", HOSTILE)
def test_hostile_text_stays_byte_for_byte(subject: str) -> None:
    filled = text("Subject: ${{ s }}")(s=subject)
    assert filled == f"Subject: {subject}"
    again = text("${{ s }}")(s=filled)
    assert again == filled
    assert isinstance(again, str)


@given(_TEXTS)
def test_file_templates_do_not_evaluate_data_either(tmp_path_factory: pytest.TempPathFactory, subject: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    folder.mkdir(exist_ok=True)
    (folder / "t.txt").write_text("<{{ s }}>")
    assert render([folder], "t.txt", {"s": subject}, filters={}, escape=str) == f"<{subject}>"


ESCAPES = [
    "''.__class__",
    "''['__class__']",
    "item.__class__",
    "item['__class__']",
    "item | map(attribute='__class__')",
    "[item] | map(attribute='__class__.__mro__')",
    "[''] | selectattr('__class__')",
    "['', 'a'] | sort(attribute='__class__')",
    "[''] | unique(attribute='__class__')",
    "['x'] | join('', '__class__')",
    "[''] | sum(attribute='__class__')",
    "item.keys",
    "item.get",
    "''.format",
    "'{0.__class__}'.format",
    "[].append",
    "[''] | map('attr', '__class__')",
    "['x'] | map('format')",
    "['x'] | map('__class__')",
    "['x'] | select('callable')",
    "namespace",
    "cycler",
    "lipsum",
    "dict",
    "range",
    "joiner",
    "_context",
    "environment",
    "context",
    "loop",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_no_expression_reaches_python(source: str) -> None:
    """Not even the author of a playbook can leave the sandbox: all these are refused, when compiled or evaluated."""
    with pytest.raises(FaultsError):
        expression(source)(item={"value": "x"})


@pytest.mark.parametrize(
    "source", ["x | attr('y')", "x | format(1)", "x | safe", "x | xmlattr", "x | pprint", "x | center(9)"]
)
def test_other_filters_do_not_exist(source: str) -> None:
    with pytest.raises(FaultsError, match="there is no filter"):
        expression(source)


@given(st.text(alphabet=st.sampled_from("ab.[]()'\"|+*-/%{}$,:<>=! \n0159_~"), max_size=60) | st.text(max_size=40))
def test_any_source_compiles_or_is_faulty(source: str) -> None:
    """No source crashes the compiler, and what compiles evaluates to a value or a fault."""
    faults: tuple[str, ...] = ()
    try:
        expression(source, "p:1:1")(a={"b": [1, "x"]}, b="text")
    except FaultsError as error:
        faults = error.faults
    assert all(f.startswith("p:1:1  '") for f in faults)


def test_templates_are_compiled_in_one_room_only() -> None:
    """`from_string` and `compile_expression` occur only in irtool/language/, as do yaml and jinja2."""
    package = Path(irtool.__file__).parent
    words = re.compile(
        r"\bfrom_string|compile_expression|^\s*(?:import|from) (?:jinja2|yaml|markupsafe)\b", re.MULTILINE
    )
    found = {p.relative_to(package).parts[0] for p in package.rglob("*.py") if words.search(p.read_text())}
    assert found == {"language"}
    users = {p.name for p in package.rglob("*.py") if "compile_expression" in p.read_text()}
    assert users == {"expressions.py"}
    assert not [p.name for p in package.rglob("*.py") if ".from_string(" in p.read_text()]
    assert not [p.name for p in package.rglob("*.py") if "NativeEnvironment" in p.read_text()]
