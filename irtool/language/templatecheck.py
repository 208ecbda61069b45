"""What is wrong with a template, found before it is used: all faults at once, each as `file:line  what`.

Syntax, filters and variables are checked in every branch, whether a rendering would come through it or not. A trial
rendering, watched line by line, finds the rest: a loop without end, a value of the wrong kind.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from irtool.errors import UsageError
from irtool.language.templates import Limits, environment, render
from irtool.language.yamlfile import suggest

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

Known = Mapping[str, Any]
"""The variables that a template may use: name -> what it means. A mapping has those attributes and no others; a list
of one mapping is a list of such rows."""

_GUARDS = frozenset({"default", "d"})
_MAX_SOURCE = 200_000


def faults(
    folder_chain: Sequence[Path],
    name: str,
    known: Known | None,
    *,
    filters: Mapping[str, Callable[..., object]],
    escape: Callable[[object], str],
) -> list[str]:
    """Everything wrong with the template that reading it shows. `known` None: its variables are not checked."""
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    env = environment(folder_chain, filters, escape)
    try:
        return _read(env, name, known)
    except TemplateNotFound as error:
        return [f'{name}  there is no template "{error.name}"{suggest(str(error.name), env.list_templates())}']
    except TemplateSyntaxError as error:
        return [f"{error.filename or name}:{error.lineno}  {error.message}"]
    except UnicodeDecodeError as error:
        return [f"{name}  it is not UTF-8: {error.reason}"]
    except RecursionError:
        return [f"{name}  it is nested too deeply"]


def _read(env: Environment, name: str, known: Known | None) -> list[str]:
    from jinja2 import meta, nodes

    assert env.loader is not None  # noqa: S101 (the environment is ours)
    source, file, _ = env.loader.get_source(env, name)
    file = file or name
    if len(source) > _MAX_SOURCE:
        return [f"{file}:1  it is longer than {_MAX_SOURCE:,} characters"]
    tree = env.parse(source, name, file)
    env.get_template(name)  # compiled too: filters and tests that are not there
    parts = {i.template.value for i in tree.find_all(nodes.Include) if isinstance(i.template, nodes.Const)}
    others = [other for other in meta.find_referenced_templates(tree) if other and other != name]
    found = [f for other in others for f in _read(env, other, known if other in parts else None)]
    if known is not None:
        found += [f"{file}:{line}  {what}" for line, what in sorted(set(_unknown(env, tree, known)))]
    return found


def _unknown(env: Environment, tree: nodes.Template, known: Known) -> Iterator[tuple[int, str]]:
    """Variables and attributes that the template will not get, with their lines."""
    from jinja2 import meta, nodes

    missing = meta.find_undeclared_variables(tree) - set(known) - set(env.globals)
    guarded = _guarded(tree)
    for one in tree.find_all(nodes.Name):
        if one.name in missing and one.ctx == "load" and id(one) not in guarded:
            yield one.lineno, f"there is no variable {one.name!r}{suggest(one.name, list(known))}"
    set_here = {n.name for n in tree.find_all(nodes.Name) if n.ctx == "store"}
    rows = _rows(tree, known)
    for part in tree.find_all(nodes.Getattr):
        if id(part) in guarded:
            continue
        path = _path(part.node)
        if not path or (path[0] in set_here and path[0] not in rows):
            continue
        holder = _walk({**known, **rows}, path)
        if isinstance(holder, Mapping) and part.attr not in holder:
            full = ".".join([*path, part.attr])
            yield part.lineno, f"there is no variable {full!r}{suggest(part.attr, list(holder))}"


def _guarded(tree: nodes.Template) -> set[int]:
    """What the template itself expects to be missing: before `default`, or asked with `is defined`."""
    from jinja2 import nodes

    tops: list[nodes.Node] = [f.node for f in tree.find_all(nodes.Filter) if f.name in _GUARDS and f.node is not None]
    tops += [t.node for t in tree.find_all(nodes.Test) if t.name in {"defined", "undefined"}]
    return {id(n) for top in tops for n in (top, *top.find_all(nodes.Node))}


def _rows(tree: nodes.Template, known: Known) -> dict[str, Any]:
    """The names that loops give to the rows of known lists, and what such a row has."""
    from jinja2 import nodes

    found: dict[str, Any] = {}
    for loop in tree.find_all(nodes.For):
        rows = _walk({**known, **found}, _path(loop.iter))
        if isinstance(loop.target, nodes.Name) and isinstance(rows, list) and rows:
            found[loop.target.name] = rows[0]
    return found


def _path(node: nodes.Node) -> list[str]:
    """`customer.name` as its parts; [] for anything but names and attributes."""
    from jinja2 import nodes

    if isinstance(node, nodes.Name):
        return [node.name]
    if isinstance(node, nodes.Getattr):
        before = _path(node.node)
        return [*before, node.attr] if before else []
    return []


def _walk(tree: Mapping[str, Any], path: Sequence[str]) -> Any:
    here: Any = tree if path else None
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def trial(
    folder_chain: Sequence[Path],
    name: str,
    variables: Mapping[str, object],
    *,
    filters: Mapping[str, Callable[..., object]],
    escape: Callable[[object], str],
    limits: Limits,
) -> str:
    """As `render`, but watched: a loop that writes nothing and never ends is stopped too. Slow; for checks."""
    places = tuple(str(folder) for folder in folder_chain)
    until = time.thread_time() + limits.seconds

    def watch(frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line" and time.thread_time() > until:
            raise UsageError(
                f"{frame.f_code.co_filename}:{_line(frame)}  it takes more than {limits.seconds:g} seconds: "
                "is there a loop in it?"
            )
        return watch if frame.f_code.co_filename.startswith(places) else None

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        return render(folder_chain, name, variables, filters=filters, escape=escape, limits=limits)
    finally:
        sys.settrace(before)


def _line(frame: FrameType) -> int:
    """The template's line for a line of the code that it was compiled to."""
    template = frame.f_globals.get("__jinja_template__")
    return int(template.get_corresponding_lineno(frame.f_lineno)) if template is not None else frame.f_lineno
