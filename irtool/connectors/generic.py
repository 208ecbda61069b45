"""The connector that a manifest describes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from irtool.connectors.compiled import CompiledManifest, CompiledVerb, Phase
from irtool.connectors.conversation import Conversation, Requests
from irtool.connectors.http_call import VERB as HTTP_CALL
from irtool.connectors.http_call import HttpCall
from irtool.connectors.settings import Address
from irtool.connectors.shape import Limits
from irtool.errors import PlaybookError, Rejected
from irtool.ports import Exchange
from irtool.records import Json, Look, Traits

N = TypeVar("N", int, float)

_UNTOLD = "nothing tells beforehand what the server lets this credential do"


def _least(one: N, other: N) -> N:
    """The smaller limit; 0 is none."""
    return min(one, other) if one and other else one or other


class ManifestConnector:
    """One product's admin API as a manifest describes it (ports.Connector). Yields Calls and never sends them."""

    def __init__(
        self,
        name: str,
        compiled: CompiledManifest,
        settings: Mapping[str, Json],
        address: Address,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self.title = compiled.manifest.title or compiled.manifest.connector
        self.address = address
        self._settings = dict(settings)
        self._limits = limits or Limits(concurrency=0)
        self._http = HttpCall(name)
        self._identities: dict[str, Mapping[str, Json]] = {}
        self._compiled = compiled
        self._verbs = {n: v for n, v in compiled.verbs.items() if v.when is None or v.when(settings=self._settings)}

    def verbs(self) -> frozenset[str]:
        """The verbs it can do with these settings; any of them takes http.call, which names its connector."""
        return frozenset({*self._verbs, HTTP_CALL})

    def traits(self, verb: str) -> Traits:
        """How that verb behaves here."""
        if verb == HTTP_CALL:
            return self._limited(self._http.traits())
        compiled = self._verb(verb)
        spec = self._compiled.manifest.verbs[verb]
        limits = spec.limits or self._compiled.manifest.limits
        traits = Traits(
            in_doubt=spec.in_doubt,
            lock=str(compiled.lock(settings=self._settings)) if compiled.lock else "",
            concurrency=limits.concurrency,
            per_second=limits.per_second,
            undoable=compiled.undo is not None,
            verifies=self._effect(compiled) is not None,
        )
        return self._limited(traits)

    def _limited(self, traits: Traits) -> Traits:
        """Not more than irtool.yaml allows."""
        return replace(
            traits,
            concurrency=_least(traits.concurrency, self._limits.concurrency),
            per_second=_least(traits.per_second, self._limits.per_second),
        )

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """The target's present state."""
        if verb == HTTP_CALL:
            return self._http.look(target, params)
        return self._look(self._verb(verb).look, target, params)

    def verify(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """The state again: the effect where the manifest says how to see it, else another look."""
        if verb == HTTP_CALL:
            return self._http.verify(target, params)
        compiled = self._verb(verb)
        return self._look(self._effect(compiled) or compiled.look, target, params)

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Bring the target into the verb's state. Raises Rejected or InDoubt."""
        if verb == HTTP_CALL:
            return self._http.change(target, params, seen, key)
        phase = self._verb(verb).change
        return self._act(phase, target, params, {"seen": dict(seen.data)}, key)

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """Restore what was there before. Raises Rejected if the manifest has no undo for the verb."""
        if verb == HTTP_CALL:
            return self._http.undo(target, params, before, key)
        phase = self._verb(verb).undo
        if phase is None:
            raise Rejected(f"{self.name} cannot undo {verb}")
        return self._act(phase, target, params, {"before": dict(before.data)}, key)

    def identity(self, verb: str, target: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Where its calls go and by which rules: the addresses, the settings, the manifest's words for this verb."""
        del target, params
        if verb not in self._identities:
            self._identities[verb] = self._identify(verb)
        return self._identities[verb]

    def _identify(self, verb: str) -> Mapping[str, Json]:
        manifest = self._compiled.manifest
        spec = manifest.verbs[verb].model_dump_json(exclude={"able"}) if verb in manifest.verbs else ""
        rules = [spec, *(f"{n} {b.model_dump_json()}" for n, asks in manifest.blocks.items() for b in asks)]
        proof = self.address.proof
        return {
            "product": self.title,
            "bases": dict(self.address.bases),
            "proof": [proof.kind, proof.header, proof.prefix, proof.username],
            "proven to": [*sorted(self.address.authenticated)],
            "settings": self._settings,
            "rules": hashlib.sha256("\n".join(rules).encode()).hexdigest(),
        }

    def ping(self) -> Exchange[str]:
        """One read that proves address and credentials."""
        phase = self._compiled.ping
        conversation = Conversation(self.name, {"settings": self._settings})
        yield from self._run(conversation, phase)
        return str(conversation.value(phase.state)) if phase.state else ""

    def able(self, verb: str) -> Exchange[str]:
        """Whether the credential may do a verb and its undo: what the manifest asks for the connector, then for the
        verb. Without either nothing is asked, and nothing proven. Raises Rejected if not."""
        compiled = self._verb(verb) if verb != HTTP_CALL else None
        phases = [p for p in (self._compiled.able, compiled.able if compiled else None) if p]
        open_ = [_UNTOLD] if compiled is None or not phases else []
        for phase in phases:
            conversation = Conversation(self.name, {"settings": self._settings})
            yield from self._run(conversation, phase)
            open_.append(conversation.text(phase.detail))
        return "; ".join(text for text in dict.fromkeys(open_) if text)

    def _verb(self, verb: str) -> CompiledVerb:
        if verb not in self._verbs:
            raise PlaybookError(f"connector {self.name!r} cannot {verb}")
        return self._verbs[verb]

    def _effect(self, compiled: CompiledVerb) -> Phase | None:
        verify = compiled.verify
        if verify is None or (verify.when is not None and not verify.when(settings=self._settings)):
            return None
        return verify

    def _look(self, phase: Phase, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        conversation = self._conversation(target, params)
        if not (yield from conversation.run(phase.asks)):
            if not phase.missing:
                raise Rejected(f"{self.name} does not know {target!r}", status=404)
            return Look(phase.missing, {}, "not found")
        state = str(conversation.value(phase.state)) if phase.state else ""
        return Look(state, conversation.values(phase.data), conversation.text(phase.detail))

    def _act(
        self, phase: Phase, target: str, params: Mapping[str, Json], more: Mapping[str, object], key: str
    ) -> Exchange[Json]:
        conversation = self._conversation(target, params, key)
        conversation.variables.update({**more, "key": key})
        there = yield from self._run(conversation, phase)
        answer: Json = (
            {"requests": conversation.changed} if there else {"requests": conversation.changed, "missing": True}
        )
        return conversation.answer(phase.data) or answer

    def _run(self, conversation: Conversation, phase: Phase) -> Requests[bool]:
        there = yield from conversation.run(phase.asks)
        if not there and phase.missing != "done":
            target = conversation.variables.get("target", "it")
            raise conversation.partly(Rejected(f"{self.name} does not know {target!r}", status=404))
        return there

    def _conversation(self, target: str, params: Mapping[str, Json], key: str | None = None) -> Conversation:
        return Conversation(self.name, {"target": target, "params": dict(params), "settings": self._settings}, key=key)
