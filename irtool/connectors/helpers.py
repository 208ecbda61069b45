"""Functions that expressions in manifests may call. All are pure.

List-shaped APIs keep a whole file of lines, one entry each, with comments; these functions add and remove one entry
and leave every other line, comment and line end as it is. An entry is the first word of its line: `198.51.100.7  #
seen 14 April` is the entry `198.51.100.7`. Entries are compared without regard to case.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence

from irtool.errors import Rejected
from irtool.records import Json

_UNSAFE = frozenset(" \t\r\n\v\f\x00#,;\"'\\\x85\u2028\u2029")


def entry_of(line: str) -> str:
    """The entry on a line, in lower case; "" for a comment or an empty line."""
    words = line.split("#", 1)[0].split()
    return words[0].lower() if words else ""


def safe_entry(entry: str) -> str:
    """The entry, if it can stand on a line of its own and means only itself.

    Raises Rejected for an empty one, for one with blanks, quotes, commas, `#` or control characters, and for one that
    begins with `/` or holds `*` or `?`, which maps take for a pattern.
    """
    if not entry or entry[0] in "/!" or any(c in _UNSAFE or ord(c) < 32 or c in "*?" for c in entry):
        raise Rejected(f"{entry!r} cannot be written as one entry of a list", hint="Block it by hand if it is real.")
    return entry


def has_line(text: str, entry: str) -> bool:
    """Whether the text has the entry."""
    wanted = entry.lower()
    return any(entry_of(line) == wanted for line in text.split("\n"))


def lacks_line(text: str, entry: str) -> bool:
    """Whether the text does not have the entry."""
    return not has_line(text, entry)


def lines_with(text: str, entry: str) -> str:
    """The text with the entry: unchanged if it is there already, else with one more line at its end."""
    if has_line(_whole(text), safe_entry(entry)):
        return text
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{entry}\n"


def lines_without(text: str, entry: str) -> str:
    """The text without the lines that hold the entry."""
    wanted = entry.lower()
    _whole(text)
    return "\n".join(line for line in text.split("\n") if entry_of(line) != wanted)


def _whole(text: str) -> str:
    """The text, if it was read without loss: a file that is not UTF-8 would be written back damaged."""
    if "\ufffd" in text:
        raise Rejected(
            "the list on the server is not UTF-8 text, and is not touched", hint="Convert it to UTF-8 first."
        )
    return text


def pick(rows: Json, name: str, keys: Sequence[str]) -> Json:
    """The one mapping in `rows` that has `name` under one of the keys, whole or as the last segment of a path.

    Raises Rejected if there is none, or more than one: guessing which one was meant is worse than asking.
    """
    maps = [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
    found = [r for r in maps if _named(r, name, keys)]
    if len(found) == 1:
        return found[0]
    there = ", ".join(str(r.get(keys[0], "")).rsplit("/", 1)[-1] for r in maps[:20]) or "nothing"
    what = "more than one" if found else "no"
    raise Rejected(
        f"the server lists {what} {name!r}; it lists {there}", hint="Name it in irtool.yaml as the server does."
    )


def _named(row: Mapping[str, Json], name: str, keys: Sequence[str]) -> bool:
    values = [str(row.get(k, "")) for k in keys]
    return any(v == name or v.rsplit("/", 1)[-1] == name for v in values)


def first_address(network: str) -> str:
    """An address inside an IP network (or the address itself), for a probe. Raises Rejected if it is neither."""
    try:
        return str(ipaddress.ip_network(network, strict=False).network_address)
    except ValueError as error:
        raise Rejected(f"{network!r} is not an IP address or network") from error


FUNCTIONS: Mapping[str, Callable[..., Json]] = {
    "has_line": has_line,
    "lacks_line": lacks_line,
    "lines_with": lines_with,
    "lines_without": lines_without,
    "pick": pick,
    "first_address": first_address,
}
"""The functions by the names that manifests use."""
