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
        first = f"CASE WHEN prefix({value}, '[\"') THEN TRY(json_extract_string({value}, '$[0]')) ELSE {value} END"
        return f"CASE WHEN prefix({value}, '[') THEN NULLIF({first}, '[]') ELSE {value} END"
    return value if kind == "VARCHAR" else f"CAST({value} AS VARCHAR)"


def several(value: str, kind: str, name: str) -> str:
    """SQL for `name` where a value is a list of more than one; NULL elsewhere."""
    if kind.endswith("[]"):
        return f"CASE WHEN len({value}) > 1 THEN {name} END"
    if kind != "JSON":
        return "NULL"
    return f"CASE WHEN prefix({value}, '[\"') AND contains({value}, '\",\"') THEN {name} END"


def moment(value: str, kind: str, spelling: str = "", number: str = "") -> str:
    """SQL for a UTC TIMESTAMP of a timestamp, an ISO 8601 text (in the session's zone unless it has an offset),
    seconds, milliseconds, microseconds or nanoseconds since 1970, or a text in one of the spellings (strptime, with
    `|` between). NULL if it is none of these. `number` is SQL for the value as a DOUBLE if that is at hand."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"make_timestamp(epoch_us({value}))"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return value if kind == "TIMESTAMP" else f"CAST({value} AS TIMESTAMP)"
    number = number or f"TRY_CAST({value} AS DOUBLE)"
    units = ((1e11, "1e6"), (1e14, "1e3"), (1e17, "1"), (9e18, "1e-3"))
    cases = " ".join(
        f"WHEN {number} < {top} THEN make_timestamp(CAST({number} * {unit} AS BIGINT))" for top, unit in units
    )
    since_1970 = f"CASE WHEN {number} < -6e10 THEN NULL {cases} END"
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
    messages, and `plain_rows` normalises them when they are asked for."""
    if name not in _LOWER or name == "recipient":
        return "false"
    if name not in ADDRESSES:
        return f"{value} <> {_normal(name, value, 'VARCHAR')}"
    signs = " OR ".join(f"contains({value}, '{sign}')" for sign in "<> ")
    return f"({value} <> lower({value}) OR {signs} OR suffix({value}, '.'))"


def plain_rows(table: str, held: Mapping[str, tuple[str, str]], kept: Sequence[str] = ()) -> str:
    """The SELECT for files whose columns are in normal form: hardly more than other names for them. It has `origin` and
    the `kept` columns beside those of the log, and is a whole log but for the domains that are not kept."""
    inner = [f"{value} AS {identifier(name)}" for name, (value, _) in held.items()]
    values = {name: _as_is(name, identifier(name), kind) for name, (_, kind) in held.items()}
    if "recipient" in held:
        column, kind = held["recipient"]
        end, text = identifier("recipient end"), _as_text(identifier("recipient"), kind)
        inner.append(f"split_part({_as_text(column, kind)}, '@', -1) AS {end}")
        values["recipient"] = f"NULLIF({_address(text)}, '')"
        if "recipient_domain" not in held or not kept:
            found = [values["recipient_domain"]] if "recipient_domain" in held else []
            values["recipient_domain"] = f"COALESCE({', '.join([*found, _recipient_domain(text, end)])})"
    more = [identifier(name) for name in kept]
    rows = f"(SELECT {', '.join([*inner, *more, 'filename AS origin'])} FROM {table})"
    return f"SELECT {', '.join([_select(values), *more, 'origin'])} FROM {rows}"


def _recipient_domain(value: str, end: str) -> str:
    """The domain of a recipient, without normalising all of it where `end`, what stands behind its last `@`, is it."""
    signs = " OR ".join(f"contains({end}, '{sign}')" for sign in " >")
    hard = f"{value} = '' OR contains({value}, '<') OR {signs} OR suffix({end}, '.')"
    whole = f"NULLIF({_address(value)}, '')"
    return f"CASE WHEN {hard} THEN {_domain(whole)} ELSE lower({end}) END"


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
    steps = {name: step for name, kind in kinds.items() if (step := _step(name, identifier(name), kind))}
    aside = {name: identifier(f"{name} step") for name in steps}
    last = _select(
        {name: _normal(name, identifier(name), kind, spelling, aside.get(name, "")) for name, kind in kinds.items()}
    )
    inner = f"SELECT {', '.join([*first, *passed]) or '1'} FROM {table}"
    cut = ["*", *(f"{step} AS {aside[name]}" for name, step in steps.items())]
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


def _as_is(name: str, value: str, kind: str, spelling: str = "", step: str = "") -> str:
    if name == "time":
        return moment(value, kind, spelling, step)
    if name == "size":
        return f"TRY_CAST({value} AS BIGINT)"
    return f"NULLIF({value}, '')" if name.startswith("header_") else _as_text(value, kind)


def _normal(name: str, value: str, kind: str, spelling: str = "", step: str = "") -> str:
    if name in _NUMBERS:
        return _as_is(name, value, kind, spelling, step)
    value = _as_text(value, kind)
    if name in ADDRESSES:
        return _address(value) if name == "envelope_from" else f"NULLIF({_address(value, step)}, '')"
    if name == "source_ip":
        return _ip(value)
    return _trimmed(value, " []") if name in _LOWER else value


def _step(name: str, value: str, kind: str) -> str:
    """SQL that `_normal` would compute several times: of a time in text its number, of a header without quotes the
    `x@y>` behind its last `<` (the whole if there is none; NULL if it takes more care)."""
    if name == "time" and kind in {"VARCHAR", "JSON"}:
        return f"TRY_CAST({value} AS DOUBLE)"
    if name in {"header_from", "header_sender"}:
        return f"CASE WHEN NOT contains({value}, '\"') THEN split_part({value}, '<', -1) END"
    return ""


def _address(value: str, piece: str = "") -> str:
    """In header columns the last `<x@y>` outside quotes; else what is there, trimmed.

    The regular expressions are the rule. The cases before them give the same answer for nearly every row and cost a
    tenth of it; `piece` is SQL for the value's `_step`.
    """
    bare = rf"regexp_replace({value}, '\"(\\.|[^\"\\])*\"', '', 'gs')"
    last = rf"regexp_extract({bare}, '.*<([^<>\s]+@[^<>\s]+)>', 1, 's')"
    found = f"CASE WHEN contains({value}, '<') THEN COALESCE(NULLIF({last}, ''), {value}) ELSE {value} END"
    ruled = f"rtrim(lower(trim({found}, ' <>')), '.')"
    whole = f"strlen({piece}) < strlen({value}) AND position('>' IN {piece}) = length({piece})"
    hard = " OR ".join([
        f"prefix({piece}, '@')", *(f"contains({piece}, '{sign}')" for sign in ("@>", ".>", " ", "\t", "\n", "\r", "\f"))
    ])  # fmt: skip
    easy = f"WHEN {whole} AND contains({piece}, '@') AND NOT ({hard}) THEN lower(left({piece}, -1)) " if piece else ""
    odd = " OR ".join([*(f"contains({value}, '{c}')" for c in " <>"), f"suffix({value}, '.')"])
    return f"CASE {easy}WHEN {odd} THEN {ruled} ELSE lower({value}) END"


def _trimmed(value: str, ends: str) -> str:
    """Lower case, without these characters at the ends and without a final dot. To look first is far cheaper."""
    there = " OR ".join(f"contains({value}, {literal(c)})" for c in ends)
    whole = f"rtrim(lower(trim({value}, {literal(ends)})), '.')"
    return f"CASE WHEN {there} OR suffix({value}, '.') THEN {whole} ELSE lower({value}) END"


def _ip(value: str) -> str:
    """An address without brackets and without the port that some servers write behind it; an IPv4 address in an IPv6
    socket (`::ffff:192.0.2.1`) as what it is."""
    ported = rf"regexp_replace({value}, '^\[?(\d+\.\d+\.\d+\.\d+|[0-9a-fA-F:.]+\])(:\d+)$', '\1')"
    plain = f"rtrim(lower(trim({ported}, ' []')), '.')"
    whole = rf"regexp_replace({plain}, '^::ffff:(\d+\.\d+\.\d+\.\d+)(:\d+)?$', '\1')"
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
