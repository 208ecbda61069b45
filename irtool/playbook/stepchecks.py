"""What can be wrong with one step: its expressions, the variables in them, its verb and the verb's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from irtool.errors import FaultsError, UsageError
from irtool.language import holes
from irtool.language.expressions import Expression, Text, expression, text
from irtool.language.models import show
from irtool.language.yamlfile import suggest
from irtool.playbook.durations import duration
from irtool.playbook.faults import Faults, Path
from irtool.playbook.model import MOST_PERSONS
from irtool.playbook.scope import ANYTHING, Scope, UndefinedNameError, items, names_target
from irtool.records import Json, Verb

_ON_THINGS = frozenset({"domain", "ip", "address", "queue", "account", "rule", "customer", "relay"})


class StepCheck:
    """The checks of one step, which is raw data at path `at` of the document."""

    def __init__(
        self, at: Path, data: Mapping[str, Json], inputs: Mapping[str, Json], verbs: Mapping[str, Verb], faults: Faults
    ) -> None:
        self.at = at
        self.data = data
        self.verbs = verbs
        self.faults = faults
        self.scope = Scope(inputs)
        self.findings_at: Path = ()

    def check(self) -> Path:
        """Add all faults; returns the path of the first use of `findings`, () if there is none."""
        each = self._expression("each")
        if "each" in self.data:
            self.scope = self._with_item(each)
        self._expression("when")
        params = self.data.get("with")
        params = params if isinstance(params, dict) else {}
        self._values(params, (*self.at, "with"))
        self._verb(self.data.get("uses"), params)
        self._approval(self.data.get("approval"))
        return self.findings_at

    def _expression(self, key: str) -> Expression | None:
        source = self.data.get(key)
        path = (*self.at, key)
        if not isinstance(source, str):
            return None
        if "{{" in source:
            bare = source.replace("${{", "").replace("{{", "").replace("}}", "").strip()
            self.faults.say(path, f"{key} is a bare expression, without braces; write: {key}: {bare}")
            return None
        try:
            compiled = expression(source, self.faults.doc.where(path))
        except FaultsError as error:
            self.faults.lines.extend(error.faults)
            return None
        self._names(compiled, path)
        return compiled

    def _with_item(self, each: Expression | None) -> Scope:
        kind: Any = ANYTHING
        try:
            if each:
                kind = items(each, self.scope)
        except UndefinedNameError as error:
            # A path that leads nowhere was told with the names; here it matters only that it is no list.
            if str(error).startswith("each "):
                self.faults.say((*self.at, "each"), str(error))
        return Scope(self.scope.inputs, kind, ".".join(each.items_of) if each else "")

    def _names(self, compiled: Expression | Text, path: Path) -> None:
        for what in self.scope.faults(compiled.names):
            self.faults.say(path, what)
        if not self.findings_at and any(n[0] == "findings" for n in compiled.names):
            self.findings_at = path

    def _values(self, value: Json, path: Path) -> None:
        """Check the texts anywhere in the step's `with`."""
        if isinstance(value, dict):
            for key, inner in value.items():
                if holes.has_holes(key):
                    self.faults.say((*path, key), f"${{{{ … }}}} is filled in in values, not in keys: {show(key)}")
                self._values(inner, (*path, key))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                self._values(inner, (*path, i))
        elif isinstance(value, str):
            self._text(value, path)

    def _text(self, source: str, path: Path) -> None:
        try:
            compiled = text(source, self.faults.doc.where(path))
        except FaultsError as error:
            self.faults.lines.extend(error.faults)
            return
        self._names(compiled, path)
        if bare := holes.bare(source):
            self.faults.say(path, f"{bare} is not filled in; holes are written with a dollar sign: ${bare}")

    def _verb(self, uses: Json, params: Mapping[str, Json]) -> None:
        if not isinstance(uses, str):
            return
        verb = self.verbs.get(uses)
        if verb is None:
            self.faults.say((*self.at, "uses"), f'unknown verb "{uses}".' + suggest(uses, self.verbs))
            return
        for key, value in params.items():
            here = (*self.at, "with", key)
            if key not in verb.params:
                self.faults.say(here, f'{uses} has no parameter "{key}".' + suggest(key, verb.params))
            elif fault := _misfit(verb.params[key], value):
                self.faults.say(here, f'"{key}" {fault}')
        for key in verb.required:
            if key not in params:
                self.faults.say((*self.at, "with"), f'{uses} needs "{key}" in its with')
        self._target(verb, params)

    def _approval(self, given: Json) -> None:
        if not isinstance(given, dict):
            return
        at = (*self.at, "approval")
        quorum, expires = given.get("quorum"), given.get("expires")
        if isinstance(quorum, int) and not isinstance(quorum, bool) and not 1 <= quorum <= MOST_PERSONS:
            self.faults.say((*at, "quorum"), f'"quorum" must be from 1 to {MOST_PERSONS}, not {quorum}')
        if isinstance(expires, str) and (fault := _misfit("duration", expires)):
            self.faults.say((*at, "expires"), f'"expires" {fault}')
        if given.get("from") == "none" and {"quorum", "expires"} & set(given):
            self.faults.say((*at, "from"), '"none" asks nobody: it goes without quorum and expires')

    def _target(self, verb: Verb, params: Mapping[str, Json]) -> None:
        """A step that acts on something must say on what, before it is 3 a.m."""
        if verb.target not in _ON_THINGS or "target" in params:
            return
        if "each" not in self.data:
            self.faults.say((*self.at, "uses"), f"{verb.name} needs an each, or a target in its with")
        elif self.scope.item is not None and not names_target(self.scope.item):
            self.faults.say(
                (*self.at, "each"),
                f"an item of {self.scope.source} has no id or value; say which {verb.target} is meant with a target",
            )


def _misfit(kind: str, value: Json) -> str:
    """What is wrong with a parameter's value, "" if nothing is or only the run can tell."""
    if kind == "any" or (isinstance(value, str) and holes.has_holes(value)):
        return ""
    if not isinstance(value, str):
        return f"must be text, not {show(value)}"
    if kind == "duration":
        try:
            duration(value)
        except UsageError as error:
            return f"is wrong: {error.message}"
    if kind == "address" and "@" not in value:
        return f"must be a mail address, not {show(value)}"
    return ""
