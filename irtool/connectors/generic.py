"""The connector that a manifest describes."""

from __future__ import annotations

from collections.abc import Mapping

from irtool.connectors.compiled import CompiledManifest, CompiledVerb, Phase
from irtool.connectors.conversation import Conversation, Requests
from irtool.connectors.http_call import VERB as HTTP_CALL
from irtool.connectors.http_call import HttpCall
from irtool.connectors.settings import Address
from irtool.errors import PlaybookError, Rejected
from irtool.ports import Exchange
from irtool.records import Json, Look, Traits


class ManifestConnector:
    """One product's admin API as a manifest describes it (ports.Connector). Yields Calls and never sends them."""

    def __init__(self, name: str, compiled: CompiledManifest, settings: Mapping[str, Json], address: Address) -> None:
        self.name = name
        self.title = compiled.manifest.title or compiled.manifest.connector
        self.address = address
        self._settings = dict(settings)
        self._http = HttpCall(name)
        self._compiled = compiled
        self._verbs = {n: v for n, v in compiled.verbs.items() if v.when is None or v.when(settings=self._settings)}

    def verbs(self) -> frozenset[str]:
        """The verbs it can do with these settings; any of them takes http.call, which names its connector."""
        return frozenset({*self._verbs, HTTP_CALL})

    def traits(self, verb: str) -> Traits:
        """How that verb behaves here."""
        if verb == HTTP_CALL:
            return self._http.traits()
        compiled = self._verb(verb)
        spec = self._compiled.manifest.verbs[verb]
        limits = spec.limits or self._compiled.manifest.limits
        return Traits(
            in_doubt=spec.in_doubt,
            lock=str(compiled.lock(settings=self._settings)) if compiled.lock else "",
            concurrency=limits.concurrency,
            per_second=limits.per_second,
            undoable=compiled.undo is not None,
            verifies=self._effect(compiled) is not None,
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

    def ping(self) -> Exchange[str]:
        """One read that proves address and credentials."""
        phase = self._compiled.ping
        conversation = Conversation(self.name, {"settings": self._settings})
        yield from self._run(conversation, phase)
        return str(conversation.value(phase.state)) if phase.state else ""

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
