"""YAML -> CompiledManifest. Finds everything that is wrong with a manifest before anything is called, all at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from irtool.connectors.compiled import Ask, CompiledManifest, CompiledVerb, Compute, Computes, Phase, Terms, segment
from irtool.connectors.helpers import FUNCTIONS
from irtool.connectors.shape import (
    AblePhase,
    ActPhase,
    Computed,
    LookPhase,
    Manifest,
    PingPhase,
    Probe,
    Request,
    VerbSpec,
)
from irtool.errors import ConfigError, FaultsError
from irtool.language.expressions import Expression, Text, compile_value, expression, text
from irtool.language.models import validate
from irtool.language.yamlfile import Document, read, suggest
from irtool.verbs import CATALOGUE

Path = tuple[str | int, ...]
Names = frozenset[tuple[str, ...]]

_COMMON = frozenset({"target", "params", "settings", "got"})
_ACT = _COMMON | {"key"}
_TOLD = frozenset({*range(200, 300), *range(500, 600)})
"""Answers of an SMTP server that are final (RFC 5321 §4.2.1); 4xx says "ask later"."""
_BLOCK = _ACT | {"seen", "before", "given"}


def compile_manifest(source: str, name: str) -> CompiledManifest:
    """The manifest in a file's text, checked and compiled. `name` is the file's name in faults.

    Raises ConfigError with all faults, each `name:line:column  what`.
    """
    try:
        doc = read(source, name)
        manifest, faults = validate(Manifest, doc)
    except FaultsError as error:
        raise ConfigError(error.message, error.faults, hint=error.hint) from None
    if manifest is None:
        raise ConfigError(f"{name} is not a valid manifest", faults)
    loader = _Loader(doc, manifest)
    compiled = loader.manifest_()
    if loader.faults:
        raise ConfigError(f"{name} is not a valid manifest", loader.faults)
    return compiled


@dataclass(slots=True)
class _Scope:
    """The variables that may be read at a place, and what has been captured so far."""

    roots: frozenset[str]
    got: set[str] = field(default_factory=set)

    def also(self, *roots: str) -> _Scope:
        """The same place with further variables; captures are shared."""
        return _Scope(self.roots | set(roots), self.got)


@dataclass(slots=True)
class _Block:
    asks: tuple[Ask, ...] = ()
    got: frozenset[str] = frozenset()
    given: set[str] = field(default_factory=set)
    busy: bool = True


@dataclass(slots=True)
class _Loader:
    doc: Document
    manifest: Manifest
    faults: list[str] = field(default_factory=list)
    blocks: dict[str, _Block] = field(default_factory=dict)
    inside: list[_Block] = field(default_factory=list)

    def manifest_(self) -> CompiledManifest:
        for name in self.manifest.blocks:
            self._block(name)
        for name, base in self.manifest.bases.items():
            if base.setting not in self.manifest.settings:
                self._fault(("bases", name, "setting"), f'there is no setting "{base.setting}"')
        ping = self._ping(self.manifest.ping)
        verbs = {name: self._verb(name, spec) for name, spec in self.manifest.verbs.items()}
        return CompiledManifest(self.manifest, ping, verbs, self._able(self.manifest.able, ("able",)))

    # --- phases -----------------------------------------------------------------------------------------------------

    def _verb(self, name: str, spec: VerbSpec) -> CompiledVerb:
        at: Path = ("verbs", name)
        if name not in CATALOGUE:
            self._fault(at, f'there is no verb "{name}".{suggest(name, CATALOGUE)}')
        if spec.undo and name in CATALOGUE and not CATALOGUE[name].undo:
            self._fault((*at, "undo"), f"{name} cannot be undone")
        fixed = _Scope(frozenset({"settings"}))
        return CompiledVerb(
            look=self._look(spec.look, (*at, "look")),
            change=self._act(spec.change, (*at, "change"), "seen"),
            undo=self._act(spec.undo, (*at, "undo"), "before") if spec.undo else None,
            verify=self._verify(spec, (*at, "verify")),
            when=self._expression(spec.when, (*at, "when"), fixed),
            lock=self._text(spec.lock, (*at, "lock"), fixed),
            able=self._able(spec.able, (*at, "able")),
        )

    def _look(self, spec: LookPhase, at: Path) -> Phase:
        scope = _Scope(_COMMON)
        asks = self._asks(spec.requests, (*at, "requests"), scope)
        self._only_reads(asks, at)
        after = scope.also("reply")
        return Phase(
            asks=asks,
            state=self._compute(spec.state, (*at, "state"), after),
            data=self._computes(spec.data, (*at, "data"), after),
            detail=self._text(spec.detail, (*at, "detail"), after),
            missing=spec.missing,
        )

    def _verify(self, spec: VerbSpec, at: Path) -> Phase | None:
        if spec.verify is None:
            return None
        when = self._expression(spec.verify.when, (*at, "when"), _Scope(frozenset({"settings"})))
        return dataclasses.replace(self._look(spec.verify, at), when=when)

    def _act(self, spec: ActPhase, at: Path, sees: str) -> Phase:
        scope = _Scope(_ACT | {sees})
        asks = self._asks(spec.requests, (*at, "requests"), scope)
        answer = self._computes(spec.answer, (*at, "answer"), scope.also("reply"))
        return Phase(asks=asks, data=answer, missing=spec.missing)

    def _ping(self, spec: PingPhase) -> Phase:
        scope = _Scope(frozenset({"settings", "got"}))
        asks = self._asks(spec.requests, ("ping", "requests"), scope)
        self._only_reads(asks, ("ping",))
        return Phase(asks=asks, state=self._compute(spec.answer, ("ping", "answer"), scope.also("reply")))

    def _able(self, spec: AblePhase | None, at: Path) -> Phase | None:
        if spec is None:
            return None
        scope = _Scope(frozenset({"settings", "got"}))
        asks = self._asks(spec.requests, (*at, "requests"), scope)
        self._only_reads(asks, at)
        return Phase(asks=asks, detail=self._text(spec.unproven, (*at, "unproven"), scope))

    def _only_reads(self, asks: Sequence[Ask], at: Path) -> None:
        if any(a.changes or (a.block and any(b.changes for b in a.block)) for a in asks):
            self._fault(at, "a request here changes something; if it only reads, say so with reads: true")

    # --- requests ---------------------------------------------------------------------------------------------------

    def _asks(self, requests: Sequence[Request], at: Path, scope: _Scope) -> tuple[Ask, ...]:
        return tuple(self._ask(request, (*at, i), scope) for i, request in enumerate(requests))

    def _ask(self, spec: Request, at: Path, scope: _Scope) -> Ask:
        when = self._expression(spec.when, (*at, "when"), scope)
        if spec.use:
            return self._use(spec, at, scope, when)
        let = self._computes(spec.let, (*at, "let"), scope, into=scope.got)
        place = self.doc.where(at)
        if spec.smtp is not None:
            return self._probe(spec, spec.smtp, at, scope, Ask(place, when=when, let=let))
        if not spec.method:
            if spec.path or not spec.let:
                self._fault(at, 'a request needs "method" and "path"; else it is a "use" or a "let"')
            return Ask(place, when=when, let=let)
        self._check_request(spec, at)
        after = scope.also("reply")
        ask = Ask(
            place,
            method=spec.method,
            path=self._text(spec.path, (*at, "path"), scope, path=True),
            query=self._texts(spec.query, (*at, "query"), scope),
            headers=self._texts(spec.headers, (*at, "headers"), scope),
            base=spec.base,
            changes=spec.method not in {"GET", "HEAD"} and not spec.reads,
            when=when,
            let=let,
            terms=self._terms(spec, at, after),
            merges=self._expression(spec.merges, (*at, "merges"), scope),
            varies=self._expressions(spec.varies, (*at, "varies"), scope),
            until=self._expression(spec.until, (*at, "until"), after),
            tries=spec.tries,
            capture=self._computes(spec.capture, (*at, "capture"), after, into=scope.got),
        )
        return self._with_body(ask, spec, at, scope)

    def _probe(self, spec: Request, probe: Probe, at: Path, scope: _Scope, ask: Ask) -> Ask:
        """A question to an SMTP server. Any answer to RCPT TO that stays is one: 2xx, or 5xx."""
        if spec.method or spec.path or spec.body is not None or spec.base or spec.query or spec.headers:
            self._fault(at, '"smtp" has no "method", "path", "query", "headers", "body" or "base" beside it')
        if probe.base not in self.manifest.bases:
            known = suggest(probe.base, self.manifest.bases)
            self._fault((*at, "smtp", "base"), f'there is no base "{probe.base}".{known}')
        elif probe.login_as and not self.manifest.bases[probe.base].auth:
            self._fault((*at, "smtp", "login_as"), f"the base {probe.base} needs auth: true for that")
        said = {"Mail-From": probe.mail_from, "Client-IP": probe.client_ip, "Login-As": probe.login_as}
        after = scope.also("reply")
        terms = self._terms(spec, at, after)
        return dataclasses.replace(
            ask,
            transport="smtp-probe",
            method="RCPT",
            path=self._text(probe.rcpt_to, (*at, "smtp", "rcpt_to"), scope),
            headers=self._texts({n: t for n, t in said.items() if t}, (*at, "smtp"), scope),
            base=probe.base,
            terms=terms if terms.status else dataclasses.replace(terms, status=_TOLD),
            until=self._expression(spec.until, (*at, "until"), after),
            tries=spec.tries,
            capture=self._computes(spec.capture, (*at, "capture"), after, into=scope.got),
        )

    def _with_body(self, ask: Ask, spec: Request, at: Path, scope: _Scope) -> Ask:
        if spec.body is None:
            return ask
        if isinstance(spec.body, str):
            return dataclasses.replace(ask, body=self._text(spec.body, (*at, "body"), scope))
        try:
            body = compile_value(spec.body, lambda inner: self.doc.where((*at, "body", *inner)))
        except FaultsError as error:
            self.faults += error.faults
            return ask
        self._names(body.names, (*at, "body"), scope)
        return dataclasses.replace(ask, body=body, json_body=True)

    def _check_request(self, spec: Request, at: Path) -> None:
        if not spec.path.startswith("/"):
            self._fault((*at, "path"), 'a path begins with "/"')
        if "?" in spec.path.partition("${{")[0] or "#" in spec.path.partition("${{")[0]:
            self._fault((*at, "path"), "what follows ? goes under query")
        if spec.base and spec.base not in self.manifest.bases:
            self._fault((*at, "base"), f'there is no base "{spec.base}".{suggest(spec.base, self.manifest.bases)}')
        if (spec.until or spec.tries > 1) and not (spec.reads or spec.method in {"GET", "HEAD"}):
            self._fault((*at, "until"), "only a read can be repeated")
        if (spec.merges or spec.varies) and (spec.reads or spec.method in {"GET", "HEAD"}):
            self._fault(at, '"merges" and "varies" are for a request that changes something')
        if spec.given or spec.each or spec.into:
            self._fault(at, '"given", "each" and "into" go with "use"')

    def _terms(self, spec: Request, at: Path, scope: _Scope) -> Terms:
        expect, missing, conflict = spec.expect, spec.missing, spec.conflict
        return Terms(
            status=frozenset(expect.status),
            that=self._expression(expect.that, (*at, "expect", "that"), scope),
            unless=self._expression(expect.unless, (*at, "expect", "unless"), scope),
            because=self._text(expect.because, (*at, "expect", "because"), scope),
            already=self._expression(spec.already, (*at, "already"), scope),
            missing_status=frozenset(missing.status),
            missing_that=self._expression(missing.that, (*at, "missing", "that"), scope),
            conflict_status=frozenset(conflict.status),
            conflict_that=self._compute(conflict.that, (*at, "conflict", "that"), scope) if conflict.that else None,
            tries=conflict.tries,
        )

    def _use(self, spec: Request, at: Path, scope: _Scope, when: Expression | None) -> Ask:
        if spec.method or spec.path or spec.let or spec.capture:
            self._fault(at, 'a "use" has no "method", "path", "let" or "capture" of its own')
        if spec.each and not spec.into:
            self._fault((*at, "each"), '"each" needs "into": the name of the list of what was got')
        each = self._expression(spec.each, (*at, "each"), scope)
        given = self._computes(spec.given, (*at, "given"), scope.also("item") if spec.each else scope)
        block = self._block(spec.use)
        if block is None:
            self._fault((*at, "use"), f'there is no block "{spec.use}".{suggest(spec.use, self.manifest.blocks)}')
            return Ask(self.doc.where(at))
        if block.busy:
            self._fault((*at, "use"), f'the block "{spec.use}" uses itself')
        for name in sorted(block.given - set(spec.given)):
            self._fault((*at, "use"), f'the block "{spec.use}" needs given: {{{name}: …}}')
        scope.got |= {spec.into} if spec.into else block.got
        return Ask(self.doc.where(at), when=when, block=block.asks, given=given, each=each, into=spec.into)

    def _block(self, name: str) -> _Block | None:
        if name in self.blocks or name not in self.manifest.blocks:
            return self.blocks.get(name)
        block = self.blocks[name] = _Block()
        self.inside.append(block)
        scope = _Scope(_BLOCK)
        block.asks = self._asks(self.manifest.blocks[name], ("blocks", name), scope)
        self.inside.pop()
        block.got = frozenset(scope.got)
        block.busy = False
        return block

    # --- expressions ------------------------------------------------------------------------------------------------

    def _expression(self, source: str, at: Path, scope: _Scope) -> Expression | None:
        if not source:
            return None
        try:
            compiled = expression(source, self.doc.where(at))
        except FaultsError as error:
            self.faults += error.faults
            return None
        self._names(compiled.names, at, scope)
        return compiled

    def _text(self, source: str, at: Path, scope: _Scope, *, path: bool = False) -> Text | None:
        if not source:
            return None
        try:
            compiled = text(source, self.doc.where(at), finalize=segment if path else None)
        except FaultsError as error:
            self.faults += error.faults
            return None
        self._names(compiled.names, at, scope)
        return compiled

    def _expressions(self, sources: Mapping[str, str], at: Path, scope: _Scope) -> Mapping[str, Expression]:
        found = {name: self._expression(source, (*at, name), scope) for name, source in sources.items()}
        return {name: compiled for name, compiled in found.items() if compiled}

    def _texts(self, sources: Mapping[str, str], at: Path, scope: _Scope) -> Mapping[str, Text]:
        found = {name: self._text(source, (*at, name), scope) for name, source in sources.items()}
        return {name: compiled for name, compiled in found.items() if compiled}

    def _compute(self, source: Computed, at: Path, scope: _Scope) -> Compute | None:
        if isinstance(source, str):
            if not source:
                self._fault(at, "an expression is missing here")
            compiled = self._expression(source, at, scope)
            return Compute((compiled,)) if compiled else None
        name = next(iter(source), "")
        if len(source) != 1 or name not in FUNCTIONS:
            self._fault(at, f'"{name}" is not one function.{suggest(name, FUNCTIONS)}')
            return None
        compiled_all = [self._expression(s, (*at, name, i), scope) for i, s in enumerate(source[name])]
        return Compute(tuple(c for c in compiled_all if c), FUNCTIONS[name], self.doc.where(at))

    def _computes(
        self, sources: Mapping[str, Computed], at: Path, scope: _Scope, *, into: set[str] | None = None
    ) -> Computes:
        found = {}
        for name, source in sources.items():
            if compiled := self._compute(source, (*at, name), scope):
                found[name] = compiled
            if into is not None:
                into.add(name)
        return found

    def _names(self, names: Names, at: Path, scope: _Scope) -> None:
        for root, *rest in sorted(names):
            first = rest[0] if rest else ""
            if root not in scope.roots:
                self._fault(at, f'"{root}" is not known here.{suggest(root, scope.roots)}')
            elif root == "settings" and first and first != "*" and first not in self.manifest.settings:
                self._fault(at, f'there is no setting "{first}".{suggest(first, self.manifest.settings)}')
            elif root == "got" and first and first != "*" and first not in scope.got:
                self._fault(at, f'nothing was got as "{first}" before this.{suggest(first, scope.got)}')
            elif root == "given" and first and self.inside:
                self.inside[-1].given.add(first)

    def _fault(self, at: Path, what: str) -> None:
        self.faults.append(f"{self.doc.where(at)}  {what}")
