"""A tree as SQL over the log, with every value a named parameter and every name from the fixed list of fields.

The tables are those of the gateway log: `log`, `accounts`, `domains`. NULL is never an answer: where a test is negated
its NULL counts as false first, elsewhere NULL and false both leave the row out. Owners are looked up once for each
domain, the nearest parent that is hosted counts.
"""

# ruff: noqa: S608 - all names come from fields.py and all values are parameters

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from irtool.records import Json
from irtool.triage.rules.fields import FIELDS, is_exact
from irtool.triage.rules.matchers import part_sql
from irtool.triage.rules.tree import All, No, OfHop, Pair, Present, Some, Test, Tree, fields

COUNTS = (
    "count(*) AS messages, count(DISTINCT l.account) AS accounts, min(l.time) AS first_seen, max(l.time) AS last_seen"
)
_OWNERS = {
    "env_owner": ("e", "envelope_domain"),
    "from_owner": ("f", "from_domain"),
    "sender_owner": ("s", "sender_domain"),
}
_ACCOUNT = frozenset({"account_plan", "account_status", "account_partner"})


@dataclass(frozen=True, slots=True)
class Question:
    """A rule as SQL. `condition` is the WHERE of a SELECT over `source`, after the common tables `before`."""

    before: str
    source: str
    condition: str
    parameters: Mapping[str, Json]

    def select(self, what: str = COUNTS, tail: str = "") -> str:
        """The whole query for a select list over `l` (the log row); `tail` follows the WHERE."""
        return f"{self.before}SELECT {what} FROM {self.source} WHERE {self.condition} {tail}".strip()


def question(tree: Tree, more: Iterable[str] = ()) -> Question:
    """The SQL of a tree that asks for nothing but what log rows have; `more` are fields that the select list names."""
    parameters = _Parameters()
    condition = _condition(tree, parameters)
    asked = {*fields(tree), *more}
    owners = [_OWNERS[name] for name in sorted(asked & _OWNERS.keys())]
    source = "log l" + "".join(f" LEFT JOIN owned {alias} ON {alias}.domain = l.{column}" for alias, column in owners)
    if asked & _ACCOUNT:
        source += " LEFT JOIN accounts a ON a.account = l.account"
    return Question(_owned(column for _, column in owners), source, condition, parameters.values)


def _owned(columns: Iterable[str]) -> str:
    """Defines `owned`: for each domain of these columns the account that owns it or its nearest hosted parent."""
    seen = " UNION ".join(f"SELECT DISTINCT {column} AS domain FROM log" for column in columns)
    if not seen:
        return ""
    return f"""WITH RECURSIVE seen AS ({seen}),
parents AS (
  SELECT domain, domain AS parent, 0 AS distance FROM seen WHERE domain <> ''
  UNION ALL
  SELECT domain, substr(parent, position('.' IN parent) + 1) AS parent, distance + 1 AS distance
  FROM parents WHERE position('.' IN parent) > 0
),
hosted AS (SELECT p.domain, p.distance, d.account FROM parents p JOIN domains d ON d.domain = p.parent),
nearest AS (SELECT domain, min(distance) AS distance FROM hosted GROUP BY domain),
owned AS (
  SELECT h.domain, h.account FROM hosted h JOIN nearest n ON n.domain = h.domain AND n.distance = h.distance
)
"""


@dataclass(slots=True)
class _Parameters:
    values: dict[str, Json] = field(default_factory=dict)

    def bind(self, value: Json) -> str:
        name = f"rule_{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def _condition(tree: Tree, parameters: _Parameters, *, negative: bool = False) -> str:
    """`negative` is true below a NOT: what is there must be true or false, not NULL."""
    if isinstance(tree, No):
        return f"NOT {_condition(tree.part, parameters, negative=True)}"
    if isinstance(tree, All | Some):
        parts = [_condition(part, parameters, negative=negative) for part in tree.parts]
        if not parts:
            return "TRUE" if isinstance(tree, All) else "FALSE"
        return "(" + (" AND " if isinstance(tree, All) else " OR ").join(parts) + ")"
    if isinstance(tree, OfHop):
        raise TypeError("log rows have no hops")
    if isinstance(tree, Present):
        return f"(({FIELDS[tree.field].sql}) IS NOT NULL)"
    if isinstance(tree, Test):
        test = tree.matcher.sql(_value(tree.field, raw=tree.matcher.raw), parameters.bind)
    else:
        test = _pair(tree)
    return f"COALESCE({test}, FALSE)" if negative else f"({test})"


def value_sql(name: str) -> str:
    """A field's value in a log row, texts in lower case: what values are compared and grouped by."""
    return _value(name, raw=False)


def _value(name: str, *, raw: bool) -> str:
    one = FIELDS[name]
    return str(one.sql) if one.lower or is_exact(name, raw=raw) else f"lower({one.sql})"


def _pair(pair: Pair) -> str:
    left, right = (_value(name, raw=pair.raw) for name in (pair.field, pair.other))
    if pair.how in {"same", "differs"}:
        return f"{left} {'=' if pair.how == 'same' else '<>'} {right}"
    return f"{right} <> '' AND {part_sql(left, right, pair.how)}"
