"""File templates for what irtool writes: reports, bulletins, notices. Jinja2 with the same sandbox, and one escape.

Every `{{ }}` goes through the caller's `escape` (HTML, Markdown, mail text), unless the value is `Safe`. The templates
are ours or the operator's; the variables are hostile.
"""

from __future__ import annotations

import functools
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from irtool.errors import UsageError
from irtool.language.yamlfile import suggest

if TYPE_CHECKING:
    from jinja2 import Environment

_FILTERS = (
    "abs batch capitalize default dictsort first float groupby indent int items join last length list lower map max "
    "min reject rejectattr replace reverse round select selectattr slice sort string sum title trim truncate unique "
    "upper wordcount wordwrap"
)
_EVALUATION = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


class Safe(str):
    """Text that a filter has already escaped for where it goes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one template may write and take: characters, and seconds of this thread's processor time."""

    characters: int = 100_000_000
    seconds: float = 300.0


def render(
    folder_chain: Sequence[Path],
    name: str,
    variables: Mapping[str, object],
    *,
    filters: Mapping[str, Callable[..., object]],
    escape: Callable[[object], str],
    limits: Limits = Limits(),
) -> str:
    """The template `name`, from the first folder that has it, filled.

    `filters` are added to jinja2's harmless ones. Raises UsageError, naming file and line, if the template is missing
    or faulty, uses a variable that is not there, or goes beyond the limits.
    """
    from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

    env = environment(folder_chain, filters, escape)
    try:
        return _within(limits, name, env.get_template(name).generate(dict(variables)))
    except TemplateNotFound as error:
        _missing(env, str(error.name), folder_chain)
    except TemplateSyntaxError as error:
        raise UsageError(f"{error.filename or name}:{error.lineno}  {error.message}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: it is not UTF-8: {error.reason}") from None
    except (TemplateError, *_EVALUATION) as error:
        raise UsageError(f"{_where(error, folder_chain, name)}  {error}") from error


def _within(limits: Limits, name: str, pieces: Iterable[str]) -> str:
    room, until = limits.characters, time.thread_time() + limits.seconds
    kept: list[str] = []
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise UsageError(f"{name}  it writes more than {limits.characters:,} characters: is there a loop in it?")
        if time.thread_time() > until:
            raise UsageError(f"{name}  it takes more than {limits.seconds:g} seconds: is there a loop in it?")
        kept.append(piece)
    return "".join(kept)


def environment(
    folder_chain: Sequence[Path], filters: Mapping[str, Callable[..., object]], escape: Callable[[object], str]
) -> Environment:
    """The environment in which these templates are compiled; one and the same for the same folders and filters."""
    return _environment(tuple(folder_chain), tuple(sorted(filters.items(), key=lambda f: f[0])), escape)


def _missing(env: Environment, name: str, folders: Sequence[Path]) -> NoReturn:
    known = env.list_templates()
    looked = ", ".join(str(f) for f in folders) or "nowhere"
    raise UsageError(
        f'there is no template "{name}" (looked in: {looked}).{suggest(name, known)}',
        hint=f"templates there are: {', '.join(known)}" if known else "",
    )


def _where(error: BaseException, folders: Sequence[Path], name: str) -> str:
    """`file:line` of the innermost template line that the error went through."""
    places = [str(f) for f in folders]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if any(frame.filename.startswith(p) for p in places):
            return f"{frame.filename}:{frame.lineno}"
    return name


@functools.lru_cache(maxsize=16)
def _environment(
    folders: tuple[Path, ...],
    filters: tuple[tuple[str, Callable[..., object]], ...],
    escape: Callable[[object], str],
) -> Environment:
    from jinja2 import FileSystemLoader, StrictUndefined, Undefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
    from jinja2.utils import Namespace
    from markupsafe import Markup

    class Templates(ImmutableSandboxedEnvironment):
        """Keys of a mapping win over its methods: `event.items` is the data."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, Mapping) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    def finalize(value: object) -> object:
        # Markup is what jinja2 itself made: the output of a macro or of a block, whose parts came through here.
        if isinstance(value, Markup | Undefined):
            return value
        return Markup(value if isinstance(value, Safe) else escape(value))  # noqa: S704  (escape has been applied)

    env = Templates(
        loader=FileSystemLoader([str(f) for f in folders]),
        undefined=StrictUndefined,
        autoescape=True,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.globals.clear()
    env.globals.update(range=safe_range, namespace=Namespace)
    allowed = {n: env.filters[n] for n in _FILTERS.split()}
    env.filters.clear()
    env.filters.update(allowed)
    env.filters.update(dict(filters))
    return env
