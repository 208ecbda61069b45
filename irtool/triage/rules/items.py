"""One item of a selection, `field|modifier|…: value`, as a tree; every fault as a sentence.

Modifiers of the Sigma specification: contains, startswith, endswith, all, cased, exists, re (with i, m, s), cidr, lt,
lte, gt, gte, neq and fieldref. In plain values `*` and `?` are wildcards; a backslash before them makes them ordinary.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from irtool.language.models import show
from irtool.language.yamlfile import suggest
from irtool.records import Json
from irtool.triage.rules.fields import FIELDS, Field, Kind
from irtool.triage.rules.matchers import Compare, Differs, Flag, Matcher, OneOf, Part, Pattern, pattern_fault
from irtool.triage.rules.networks import network
from irtool.triage.rules.tree import All, No, Pair, Present, Some, Test, Tree, joined
from irtool.triage.rules.values import Value, fold

MAX_VALUES = 1_000
MAX_TEXT = 1_000
_SIGNS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_PLACES = {"startswith": "start", "endswith": "end", "contains": "any"}
_MODIFIERS = (*_PLACES, *_SIGNS, "all", "cased", "exists", "re", "i", "m", "s", "cidr", "neq", "fieldref")
_TOGETHER = {
    "re": {"re", "i", "m", "s", "all", "neq"},
    "cidr": {"cidr", "neq"},
    "exists": {"exists"},
    "fieldref": {"fieldref", "neq", "cased", *_PLACES},
    **{sign: {sign} for sign in _SIGNS},
    "": {*_PLACES, "all", "cased", "neq"},
}
_KINDS = {
    "re": {Kind.TEXT, Kind.KEY, Kind.IP},
    "cidr": {Kind.IP},
    "exists": set(Kind),
    "fieldref": set(Kind) - {Kind.FLAG},
    **{sign: {Kind.NUMBER} for sign in _SIGNS},
    "": set(Kind),
}
_ESCAPED = re.compile(r"\\([*?\\])|([*?])", re.DOTALL)


class ItemError(ValueError):
    """The item cannot be read."""


def item(key: str, value: Json) -> Tree:
    """The tree of one item. Raises ItemError."""
    name, *modifiers = key.split("|")
    if name not in FIELDS:
        raise ItemError(f'there is no field "{name}".{suggest(name, FIELDS)} irtool check --fields lists them')
    form = _form(FIELDS[name], modifiers)
    given = value if isinstance(value, list) else [value]
    if not given:
        raise ItemError("the list is empty")
    if len(given) > MAX_VALUES:
        raise ItemError(f"more than {MAX_VALUES} values")
    if form == "exists":
        return _exists(name, value)
    if form == "fieldref":
        return joined(Some, [_pair(FIELDS[name], one, modifiers) for one in given])
    return _tests(FIELDS[name], given, form, modifiers)


def _form(field: Field, modifiers: Sequence[str]) -> str:
    for one in modifiers:
        if one not in _MODIFIERS:
            raise ItemError(f'there is no modifier "{one}".{suggest(one, _MODIFIERS)}')
    if len(set(modifiers)) < len(modifiers):
        raise ItemError("a modifier is repeated")
    form = next((one for one in modifiers if one in _TOGETHER), "")
    odd = [one for one in modifiers if one not in _TOGETHER[form]]
    if odd or len(_PLACES.keys() & set(modifiers)) > 1 or {"neq", "all"} <= set(modifiers):
        raise ItemError(f"these modifiers do not go together: {', '.join(modifiers)}")
    if field.kind not in _KINDS[form]:
        raise ItemError(f"{form} does not go with {field.name}, which is a {field.kind.value}")
    if field.kind in {Kind.NUMBER, Kind.FLAG} and form in {"", "fieldref"} and set(modifiers) - {"neq", "fieldref"}:
        raise ItemError(f"{', '.join(modifiers)} does not go with {field.name}, which is a {field.kind.value}")
    return form


def _exists(name: str, value: Json) -> Tree:
    if not isinstance(value, bool):
        raise ItemError(f"exists takes true or false, not {show(value)}")
    return Present(name) if value else No(Present(name))


def _pair(field: Field, value: Json, modifiers: Sequence[str]) -> Tree:
    if not isinstance(value, str) or value not in FIELDS:
        raise ItemError(f"fieldref names a field, not {show(value)}.{suggest(str(value), FIELDS)}")
    other = FIELDS[value]
    texts = {Kind.TEXT, Kind.KEY, Kind.IP}
    if field.kind is not other.kind and not {field.kind, other.kind} <= texts:
        raise ItemError(f"{field.name} is a {field.kind.value}, {value} a {other.kind.value}: they never agree")
    how = next((_PLACES[one] for one in modifiers if one in _PLACES), "same")
    if "neq" in modifiers:
        if how != "same":
            raise ItemError(f"these modifiers do not go together: {', '.join(modifiers)}")
        how = "differs"
    return Pair(field.name, value, how, raw="cased" in modifiers)


def _tests(field: Field, given: Sequence[Json], form: str, modifiers: Sequence[str]) -> Tree:
    absent = [one for one in given if one is None]
    if absent and modifiers:
        raise ItemError("null goes with no modifier; use exists")
    matchers = [_matcher(field, one, form, modifiers) for one in given if one is not None]
    matchers = matchers if "all" in modifiers else _merged(matchers)
    if "neq" in modifiers:
        return Test(field.name, Differs(tuple(matchers), raw=matchers[0].raw))
    parts: list[Tree] = [Test(field.name, one) for one in matchers]
    parts += [No(Present(field.name))] * bool(absent)
    return joined(All if "all" in modifiers else Some, parts)


def _merged(matchers: Sequence[Matcher]) -> list[Matcher]:
    """Equalities as one."""
    equal = [one for one in matchers if isinstance(one, OneOf)]
    if len(equal) < 2:
        return list(matchers)
    values = frozenset[Value]().union(*(one.values for one in equal))
    return [OneOf(values, raw=equal[0].raw), *(one for one in matchers if not isinstance(one, OneOf))]


def _matcher(field: Field, value: Json, form: str, modifiers: Sequence[str]) -> Matcher:
    if field.kind is Kind.FLAG:
        if not isinstance(value, bool):
            raise ItemError(f"{field.name} is true or false, not {show(value)}")
        return Flag(value)
    if field.kind is Kind.NUMBER:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ItemError(f"{field.name} is a whole number, not {show(value)}")
        return Compare(_SIGNS[form], value) if form else OneOf(frozenset({value}), raw=True)
    if isinstance(value, bool | list | dict) or value is None:
        raise ItemError(f"{field.name} is text, not {show(value)}")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise ItemError(f"a value is longer than {MAX_TEXT} characters")
    if form == "re":
        return _pattern(text, modifiers)
    if form == "cidr":
        return _network(text)
    exact = "cased" in modifiers or field.kind is Kind.KEY
    return plain(text, next((_PLACES[one] for one in modifiers if one in _PLACES), ""), exact=exact)


def _pattern(text: str, modifiers: Sequence[str]) -> Matcher:
    flags = "".join(one for one in modifiers if one in "ims")
    pattern = f"(?{flags})(?:{text})" if flags else text
    if wrong := pattern_fault(text) or pattern_fault(pattern):
        raise ItemError(f"no regular expression of RE2: {wrong}")
    return Pattern(pattern)


def _network(text: str) -> Matcher:
    try:
        return network(text)
    except ValueError as error:
        raise ItemError(f"no network: {error}") from None


def plain(text: str, where: str, *, exact: bool) -> Matcher:
    """A plain value that the field has to equal, or to have at `where` (start, end, any)."""
    pieces = _pieces(text if exact else fold(text))
    if where in {"end", "any"} and pieces[0] != _MANY:
        pieces = [_MANY, *pieces]
    if where in {"start", "any"} and pieces[-1] != _MANY:
        pieces = [*pieces, _MANY]
    words = [one for kind, one in pieces if kind == "text"]
    if where and not any(kind == "?" or one for kind, one in pieces):
        raise ItemError("an empty text is in every text")
    shape = tuple(kind for kind, _ in pieces)
    if shape == ("text",):
        return OneOf(frozenset(words), raw=exact)
    if shape in _SHAPES:
        return Part(words[0], _SHAPES[shape], raw=exact)
    body = "".join(re.escape(one) if kind == "text" else _GLOB[kind] for kind, one in pieces)
    return Pattern(rf"(?s)\A{body}\z", raw=exact)


_MANY = ("*", "")
_GLOB = {"*": ".*", "?": "."}
_SHAPES = {("text", "*"): "start", ("*", "text"): "end", ("*", "text", "*"): "any"}


def _pieces(text: str) -> list[tuple[str, str]]:
    """Wildcards and the literal texts between them, as (`*`, `?` or `text`, the text). At least one."""
    found: list[tuple[str, str]] = []
    literal, at = "", 0
    for sign in _ESCAPED.finditer(text):
        literal += text[at : sign.start()] + (sign[1] or "")
        at = sign.end()
        if sign[2]:
            found += [("text", literal)] * bool(literal)
            found += [(sign[2], "")] * (found[-1:] != [_MANY] or sign[2] != "*")
            literal = ""
    literal += text[at:]
    return found + [("text", literal)] * (bool(literal) or not found)
