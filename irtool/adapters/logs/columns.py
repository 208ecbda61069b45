"""How one file's columns become the normalised columns of `log`, `accounts` and `domains`: SQL text, no database.

Names and paths come from a configuration file and are only ever used quoted; what a column holds is hostile and is only
ever data. Addresses are lower-cased; in header columns the address is the last `<x@y>` outside quotes, which is right
more often than any RFC 5322 parser on real abuse.
"""

# ruff: noqa: S608 - names are quoted here; SQL has no parameters in their places

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from irtool.errors import InputError

LOG = (
    "time", "id", "account", "source_ip", "envelope_from", "header_from", "header_sender", "recipient",
    "recipient_domain", "subject", "size", "status",
)  # fmt: skip
STORED = (*LOG, "envelope_domain", "from_domain", "sender_domain")
ACCOUNTS = ("account", "name", "plan", "status", "created", "contact", "locale", "partner")
DOMAINS = ("domain", "account")


def identifier(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """A list of quoted SQL strings."""
    return "[" + ", ".join(literal(t) for t in texts) + "]"


def quoted_key(key: str) -> str:
    """A quoted key of a JSON path."""
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def json_path(place: str) -> str:
    """The JSON path of a place: keys and numbers of list elements, with dots between."""
    return "$" + "".join(f"[{step}]" if step.isdigit() else f".{quoted_key(step)}" for step in place.split("."))


def resolve(wanted: Sequence[str], mapping: Mapping[str, str], there: Sequence[str], place: str) -> dict[str, str]:
    """Which column of the file holds which wanted column; wanted columns that no file column holds are left out.

    A wanted column that is not mapped is looked for under its own name. Raises InputError naming `place` (the file)
    if the mapping names a column that is not `there`, or maps something nobody asks for.
    """
    unknown = [key for key in mapping if key not in wanted]
    if unknown:
        raise InputError(
            f"{place}: the mapping has {unknown[0]!r}, which is no column of this table{_similar(unknown[0], wanted)}",
            hint=f"the left side of a mapping is one of: {', '.join(wanted)}",
        )
    absent = {key: name for key, name in mapping.items() if name not in there}
    if absent:
        key, name = next(iter(absent.items()))
        others = f" (and {len(absent) - 1} more that are not there)" if len(absent) > 1 else ""
        raise InputError(
            f"{place}: no column {name!r}, which the mapping wants as {key}{others}{_similar(name, there)}",
            hint=f"the file has: {', '.join(there) or 'no columns'}",
        )
    own = {key: key for key in wanted if key in there}
    return {key: mapping.get(key, own.get(key, "")) for key in wanted if key in mapping or key in own}


def _similar(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f". Did you mean {close[0]!r}?" if close else ""


def _as_text(value: str, kind: str) -> str:
    """SQL for a value as text. Of a list (a `[` array in text, or a list column) it is the first element."""
    if kind.endswith("[]"):
        return f"CAST({value}[1] AS VARCHAR)"
    if kind == "JSON":
        first = f"TRY(json_extract_string({value}, '$[0]'))"
        return f"CASE WHEN prefix({value}, '[\"') THEN {first} ELSE NULLIF({value}, '[]') END"
    return value if kind == "VARCHAR" else f"CAST({value} AS VARCHAR)"


def moment(value: str, kind: str, spelling: str = "") -> str:
    """SQL for a UTC TIMESTAMP of a timestamp, an ISO 8601 text (in the session's zone unless it has an offset),
    seconds, milliseconds or microseconds since 1970, or a text in one of the spellings (strptime, separated by `|`).
    NULL if it is none of these."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({value}))"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return value if kind == "TIMESTAMP" else f"CAST({value} AS TIMESTAMP)"
    number = f"TRY_CAST({value} AS DOUBLE)"
    unit = f"CASE WHEN {number} < 1e11 THEN 1e6 WHEN {number} < 1e14 THEN 1e3 ELSE 1 END"
    since_1970 = f"TRY(make_timestamp(TRY_CAST({number} * {unit} AS BIGINT)))"
    if kind not in {"VARCHAR", "JSON"}:
        return since_1970
    written = _as_text(value, kind)
    ways = [since_1970, f"TRY(make_timestamp(epoch_us(TRY_CAST({written} AS TIMESTAMPTZ))))"]
    for one in filter(None, spelling.split("|")):
        local = f"CAST(CAST(try_strptime({written}, {literal(one)}) AS VARCHAR) AS TIMESTAMPTZ)"
        aware = f"try_strptime({written}, {literal(one)})" if "%z" in one else local
        ways.append(f"TRY(make_timestamp(epoch_us({aware})))")
    return f"COALESCE({', '.join(ways)})"


ADDRESSES = frozenset({"envelope_from", "header_from", "header_sender", "recipient"})
_LOWER = ADDRESSES | {"recipient_domain", "source_ip"}
_PLAIN_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})
_NUMBERS = frozenset({"time", "size"})
_DOMAINS = {"envelope_domain": "envelope_from", "from_domain": "header_from", "sender_domain": "header_sender"}


def is_plain(name: str, kind: str) -> bool:
    """Whether a column of this type may already be in normal form, so that only its values decide."""
    if name == "time":
        return kind in _PLAIN_TIMES
    return kind == "VARCHAR" or name not in _LOWER


def odd(name: str, value: str) -> str:
    """SQL that is true for a value that is not in normal form. Recipients are not looked at: there are as many as
    messages, and `plain_select` normalises them when they are asked for."""
    if name not in _LOWER or name == "recipient":
        return "false"
    ends = f"suffix({value}, '.')"
    return f"({value} <> lower({value}) OR contains({value}, '<') OR contains({value}, ' ') OR {ends})"


def plain_select(held: Mapping[str, tuple[str, str]]) -> str:
    """The select list for files whose columns are in normal form: hardly more than other names for them."""
    values = {name: _as_is(name, *column) for name, column in held.items()}
    if "recipient" in held:
        values["recipient"] = _normal("recipient", *held["recipient"])
    return _select(values)


def normalised(
    table: str, held: Mapping[str, tuple[str, str]], spelling: str = "", more: Mapping[str, str] | None = None
) -> str:
    """The SELECT that normalises a table. `held` gives SQL and type of each column that it has, `more` the SQL of
    columns that pass through. In steps, because the database computes an expression as often as it is written."""
    more = more or {}
    passed = [f"{value} AS {identifier(name)}" for name, value in more.items()]
    kept = [identifier(name) for name in more]
    first = [f"{value} AS {identifier(name)}" for name, (value, _) in held.items()]
    texts = [
        f"{_as_text(identifier(name), kind) if name not in _NUMBERS else identifier(name)} AS {identifier(name)}"
        for name, (_, kind) in held.items()
    ]
    kinds = {name: kind if name in _NUMBERS else "VARCHAR" for name, (_, kind) in held.items()}
    pieces = {name: identifier(f"{name} piece") for name in _PIECED if name in held}
    cut = ["*", *(f"{_piece(identifier(name))} AS {piece}" for name, piece in pieces.items())]
    last = _select(
        {
            name: _normal(name, identifier(name), kind, spelling, pieces.get(name, "NULL"))
            for name, kind in kinds.items()
        }
    )
    inner = f"SELECT {', '.join([*first, *passed]) or '1'} FROM {table}"
    middle = f"SELECT {', '.join(cut)} FROM (SELECT {', '.join([*texts, *kept]) or '1'} FROM ({inner}))"
    return f"SELECT {', '.join([last, *kept])} FROM ({middle})"


def log_view(there: Iterable[str]) -> str:
    """The select list that makes a whole log of the columns of `log_select`: domains that are not there are derived
    when they are asked for, which costs less than to write them down."""
    return _derived({name: identifier(name) for name in LOG}, set(there))


def store_select() -> str:
    """The select list of a log to be kept: all columns, domains too, so that plain SQL can group by them anywhere."""
    return ", ".join(identifier(name) for name in STORED)


def _select(values: Mapping[str, str]) -> str:
    types = {"time": "TIMESTAMP", "size": "BIGINT"}
    empty = {name: f"CAST(NULL AS {types.get(name, 'VARCHAR')})" for name in LOG}
    return ", ".join(f"{values.get(name, empty[name])} AS {identifier(name)}" for name in LOG)


NO_ROWS = f"SELECT {_select({})} WHERE false"
"""A log with nothing in it."""


def _derived(shown: Mapping[str, str], held: set[str]) -> str:
    domains = {name: identifier(name) if name in held else _domain(identifier(base)) for name, base in _DOMAINS.items()}
    target = shown["recipient_domain"]
    if "recipient_domain" not in held:
        target = f"COALESCE({target}, {_domain(shown['recipient'])})"
    every = {**shown, "recipient_domain": target, **domains}
    return ", ".join(f"{value} AS {identifier(name)}" for name, value in every.items())


def _domain(address: str) -> str:
    return f"split_part({address}, '@', -1)"


def _as_is(name: str, value: str, kind: str, spelling: str = "") -> str:
    if name == "time":
        return moment(value, kind, spelling)
    if name == "size":
        return f"TRY_CAST({value} AS BIGINT)"
    return f"NULLIF({value}, '')" if name.startswith("header_") else _as_text(value, kind)


def _normal(name: str, value: str, kind: str, spelling: str = "", piece: str = "NULL") -> str:
    if name in _NUMBERS:
        return _as_is(name, value, kind, spelling)
    value = _as_text(value, kind)
    if name in ADDRESSES:
        return _address(value) if name == "envelope_from" else f"NULLIF({_address(value, piece)}, '')"
    if name == "source_ip":
        return _ip(value)
    return _trimmed(value, " []") if name in _LOWER else value


_PIECED = ("header_from", "header_sender")


def _piece(value: str) -> str:
    """SQL for `x@y>` of a plain `Name <x@y>`; NULL if it takes more care."""
    return f"CASE WHEN suffix({value}, '>') AND NOT contains({value}, '\"') THEN split_part({value}, '<', -1) END"


def _address(value: str, piece: str = "NULL") -> str:
    """In header columns the last `<x@y>` outside quotes; else what is there, trimmed.

    The regular expressions are the rule. The cases before them give the same answer for nearly every row and cost a
    tenth of it; `piece` is SQL for `_piece` of the value if that is at hand.
    """
    bare = rf"regexp_replace({value}, '\"(\\.|[^\"\\])*\"', '', 'g')"
    last = rf"regexp_extract({bare}, '.*<([^<>\s]+@[^<>\s]+)>', 1, 's')"
    ruled = f"rtrim(lower(trim(COALESCE(NULLIF({last}, ''), {value}), ' <>')), '.')"
    spaces = " OR ".join(f"contains({piece}, chr({code}))" for code in (9, 10, 12, 13, 32))
    hard = f"prefix({piece}, '@') OR suffix({piece}, '@>') OR suffix({piece}, '.>') OR {spaces}"
    easy = f"WHEN contains({piece}, '@') AND NOT ({hard}) THEN lower(left({piece}, -1)) " if piece != "NULL" else ""
    return f"CASE {easy}WHEN contains({value}, '<') THEN {ruled} ELSE {_trimmed(value, ' <>')} END"


def _trimmed(value: str, ends: str) -> str:
    """Lower case, without these characters at the ends and without a final dot. To look first is far cheaper."""
    there = " OR ".join(f"contains({value}, {literal(c)})" for c in ends)
    whole = f"rtrim(lower(trim({value}, {literal(ends)})), '.')"
    return f"CASE WHEN {there} OR suffix({value}, '.') THEN {whole} ELSE lower({value}) END"


def _ip(value: str) -> str:
    """An address without brackets and without the port that some servers write behind it."""
    ported = rf"regexp_replace({value}, '^\[?(\d+\.\d+\.\d+\.\d+|[0-9a-fA-F:.]+\])(:\d+)$', '\1')"
    whole = f"rtrim(lower(trim({ported}, ' []')), '.')"
    odd = f"contains({value}, ':') OR contains({value}, ' ') OR prefix({value}, '[') OR suffix({value}, '.')"
    return f"CASE WHEN {odd} THEN {whole} ELSE lower({value}) END"


def directory_select(wanted: Sequence[str], held: Mapping[str, tuple[str, str]]) -> str:
    """The select list of `accounts` or `domains`; empty texts become NULL."""
    return ", ".join(f"{_directory_column(name, held)} AS {identifier(name)}" for name in wanted)


def _directory_column(name: str, held: Mapping[str, tuple[str, str]]) -> str:
    if name not in held:
        return f"CAST(NULL AS {'TIMESTAMP' if name == 'created' else 'VARCHAR'})"
    value, kind = held[name]
    if kind == "JSON":  # numbers and texts in one column
        value, kind = f"({value} ->> '$')", "VARCHAR"
    if name == "created":
        return moment(value, kind)
    plain = f"NULLIF(trim({_as_text(value, kind)}), '')"
    return f"trim(lower({plain}), '.@*')" if name == "domain" else plain
