"""What a template itself says, and where: its literal text by line, and which line wrote which text.

For checks of prose: a figure that stands in a template is nobody's fact.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from irtool.language.templates import environment

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

_CONSTANT = "constant:"


class Text(NamedTuple):
    """Some text of a template, or that it wrote, with its place."""

    file: str
    line: int
    text: str


def literals(
    folder_chain: Sequence[Path],
    name: str,
    *,
    filters: Mapping[str, Callable[..., object]],
    escape: Callable[[object], str],
    known: Mapping[str, str] | None = None,
) -> tuple[list[Text], frozenset[str]]:
    """The literal text of a template and of those it includes, and its declared constants.

    A comment `{# constant: 5322, 72 hours #}` declares what stands in the prose and is no fact of an incident. `known`
    are values of variables that names of included templates are made of.
    """
    env = environment(folder_chain, filters, escape)
    texts: list[Text] = []
    constants: set[str] = set()
    for each in _family(env, name, known or {}):
        for kind, found in _lexed(env, each):
            if kind == "data":
                texts.append(found)
            elif kind == "comment" and found.text.strip().startswith(_CONSTANT):
                constants |= {c.strip() for c in found.text.strip().removeprefix(_CONSTANT).split(",")}
    return texts, frozenset(constants - {""})


def _family(env: Environment, name: str, known: Mapping[str, str]) -> list[str]:
    """The template and all that it includes, imports or extends."""
    from jinja2 import nodes

    found, todo = [], [name]
    while todo:
        here = todo.pop()
        if here in found:
            continue
        found.append(here)
        assert env.loader is not None  # noqa: S101 (the environment is ours)
        tree = env.parse(env.loader.get_source(env, here)[0], here)
        for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
            text = _said(getattr(node, "template"), known)  # noqa: B009 (all four have one, their base has not)
            todo += [text] if text else []
    return found


def _said(node: nodes.Expr, known: Mapping[str, str]) -> str:
    from jinja2 import nodes

    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Name):
        return known.get(node.name, "")
    if isinstance(node, nodes.Concat):
        return "".join(_said(part, known) for part in node.nodes)
    return ""


def _lexed(env: Environment, name: str) -> Iterator[tuple[str, Text]]:
    assert env.loader is not None  # noqa: S101 (the environment is ours)
    source, file, _ = env.loader.get_source(env, name)
    for line, kind, text in env.lex(source, name, file):
        if kind == "data":
            for n, part in enumerate(text.split("\n")):
                if part.strip():
                    yield kind, Text(file or name, line + n, part)
        elif kind == "comment":
            yield kind, Text(file or name, line, text)


def written(
    folder_chain: Sequence[Path],
    name: str,
    variables: Mapping[str, object],
    *,
    filters: Mapping[str, Callable[..., object]],
    escape: Callable[[object], str],
) -> list[Text]:
    """What each `{{ }}` of the template wrote, with its place. Slower than `render`; to find where a text came from."""
    from jinja2 import pass_context

    env = environment(folder_chain, filters, escape)
    plain: Any = env.finalize
    texts: list[Text] = []

    @pass_context  # so that what never changes is written while rendering too, and not while compiling
    def noting(_context: object, value: object) -> object:
        said = plain(value)
        frame = sys._getframe(1)  # noqa: SLF001 (the compiled template that calls us)
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            line = int(template.get_corresponding_lineno(frame.f_lineno))
            texts.append(Text(str(template.filename or template.name), line, str(said)))
        return said

    env.overlay(finalize=noting).get_template(name).render(dict(variables))
    return texts
