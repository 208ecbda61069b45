"""The Postfix queue of this machine: hold, release, delete (postqueue(1), postsuper(1)).

Postfix has no API for its queue, so these are commands, with queue ids on standard input and nothing from outside on
the command line. Deleting ids that are not there is a success to postsuper, so what is left is counted afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from irtool.connectors.shape import Setting
from irtool.errors import CallError, InDoubt, PlaybookError, Rejected
from irtool.ports import Exchange
from irtool.records import REHEARSED, Call, Json, Look, Reply, Traits

KIND = "postfix-queue"
TITLE = "Postfix queue on this machine"
SETTINGS: Mapping[str, Setting] = {
    "config_dir": Setting(about="the folder of main.cf, if it is not the default one (postqueue -c)"),
    "prefix": Setting(default=[], about="words before each command, such as [sudo, -n] or [ssh, mx1]"),
}
VERBS = frozenset({"queue.hold", "queue.purge"})
_OPTIONS: Mapping[str, tuple[str, ...]] = {"queue.hold": ("-h", "-H"), "queue.purge": ("-d",)}
_AS_ROOT = "Run irtool as root, or set prefix: [sudo, -n] for it."
_NULL = "MAILER-DAEMON"  # how postqueue shows the null sender


@dataclass(frozen=True, slots=True)
class Message:
    """One message in the queue. `sender` is "" for the null sender; addresses are in lower case."""

    id: str
    queue: str
    sender: str
    recipients: tuple[str, ...]


class PostfixQueue:
    """Verbs on the messages that match a target: an address (its envelope sender), `<>`, or a recipient domain."""

    def __init__(self, name: str, settings: Mapping[str, Json]) -> None:
        self.name = name
        self.title = TITLE
        prefix = settings.get("prefix")
        self._prefix = tuple(str(word) for word in prefix) if isinstance(prefix, list) else ()
        config = str(settings.get("config_dir") or "")
        self._config = ("-c", config) if config else ()

    def verbs(self) -> frozenset[str]:
        """queue.hold and queue.purge."""
        return VERBS

    def traits(self, verb: str) -> Traits:
        """In doubt, look: the queue shows what happened. One command at a time, each reads the whole queue."""
        return Traits(in_doubt="verify", lock="queue", concurrency=1, undoable=verb == "queue.hold", verifies=True)

    def look(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """How many messages match, and where they are.

        The state is "empty" if none does; for hold "queued" as soon as one waits, for purge "held" as soon as one is on
        hold and "queued" if all of them wait.
        """
        del params
        _known(verb)
        found = yield from self._matching(target)
        return _look(verb, found)

    def verify(self, verb: str, target: str, params: Mapping[str, Json]) -> Exchange[Look]:
        """The queue again: with nothing left to do, the state is held or purged."""
        look = yield from self.look(verb, target, params)
        if verb == "queue.purge":
            return Look("held" if look.data["held"] else "purged", look.data, look.detail)
        return Look("held", look.data, look.detail) if look.state == "empty" else look

    def change(self, verb: str, target: str, params: Mapping[str, Json], seen: Look, key: str) -> Exchange[Json]:
        """Hold the messages that the look saw waiting, or delete those on hold. Returns the counts.

        Raises Rejected if there is nothing on hold to delete but messages still wait, or postsuper may not be used.
        """
        del params, key
        _known(verb)
        if verb == "queue.purge":
            return (yield from self._purge(target, seen))
        ids = _ids(seen, "queued")
        if not (yield from self._postsuper("-h", ids)):
            return None
        left = yield from self._matching(target)
        held = sorted(set(ids) & {m.id for m in left if m.queue == "hold"})
        waiting = [m.id for m in left if m.queue != "hold"]
        return {"held": len(held), "gone": len(ids) - len(held) - len(set(ids) & set(waiting)), "left": len(waiting)}

    def undo(self, verb: str, target: str, params: Mapping[str, Json], before: Look, key: str) -> Exchange[Json]:
        """Release the messages that were put on hold, and no other that is on hold. Raises Rejected for purge."""
        del params, key
        if verb != "queue.hold":
            raise Rejected("messages that were deleted cannot be brought back")
        ours = set(_ids(before, "queued"))
        found = yield from self._matching(target)
        ids = [m.id for m in found if m.queue == "hold" and m.id in ours]
        yield from self._postsuper("-H", ids)
        left = yield from self._matching(target)
        still = {m.id for m in left if m.queue == "hold"} & set(ids)
        if still:
            raise InDoubt(f"{len(still)} of {len(ids)} messages are still on hold")
        return {"released": len(ids)}

    def identity(self, verb: str, target: str, params: Mapping[str, Json]) -> Mapping[str, Json]:
        """Whose queue it is."""
        del verb, target, params
        return {"product": self.title, "prefix": list(self._prefix), "config": list(self._config)}

    def able(self, verb: str) -> Exchange[str]:
        """Lists the queue, and gives postsuper the options of the verb and its undo with no message at all: it says
        whether it may be used, and does nothing. Raises Rejected if not."""
        _known(verb)
        yield from self._list()
        for option in _OPTIONS[verb]:
            argv = (*self._prefix, "postsuper", *self._config, option, "-")
            reply = yield Call(self.name, "RUN", "", transport="command", argv=argv, body="")
            if reply.status != 0:
                words = f"{' '.join(argv)} may not be used: it ended with status {reply.status}, {_stderr(reply)}"
                raise Rejected(words, status=reply.status, hint=_AS_ROOT)
        return ""

    def ping(self) -> Exchange[str]:
        """Lists the queue, which proves that the commands are there and may be used."""
        messages = yield from self._list()
        return f"Postfix queue, {len(messages)} messages"

    def _purge(self, target: str, seen: Look) -> Generator[Call, Reply, Json]:
        found = yield from self._matching(target)
        held = [m.id for m in found if m.queue == "hold"]
        if not held and found:
            raise Rejected(
                f"none of the {len(found)} matching messages is on hold, and only those are deleted",
                hint="Put queue.hold before queue.purge.",
            )
        if not (yield from self._postsuper("-d", held)):
            return None
        left = yield from self._matching(target)
        still = {m.id for m in left} & set(held)
        if still:
            raise InDoubt(f"{len(still)} of {len(held)} messages are still in the queue")
        return {"deleted": len(held), "seen": len(_ids(seen, "held")), "left": len(left)}

    def _matching(self, target: str) -> Generator[Call, Reply, list[Message]]:
        wanted = _selector(target)
        messages = yield from self._list()
        return [m for m in messages if _matches(m, wanted)]

    def _list(self) -> Generator[Call, Reply, list[Message]]:
        argv = (*self._prefix, "postqueue", *self._config, "-j")
        reply = yield Call(self.name, "RUN", "", transport="command", argv=argv)
        if reply.status != 0:
            raise Rejected(f"postqueue failed with status {reply.status}: {_stderr(reply)}", status=reply.status)
        return [_message(line) for line in reply.body.splitlines() if line.strip()]

    def _postsuper(self, option: str, ids: list[str]) -> Generator[Call, Reply, bool]:
        """False if it was only rehearsed. Which messages match changes from minute to minute: an approval is of the
        target and the command."""
        if not ids:
            return True
        argv = (*self._prefix, "postsuper", *self._config, option, "-")
        body = "".join(f"{i}\n" for i in ids)
        reply = yield Call(
            self.name, "RUN", "", transport="command", argv=argv, body=body, changes=True,
            varies=(("matching messages", body),),
        )  # fmt: skip
        if reply.status != 0:
            raise _failed(option, reply)
        return reply is not REHEARSED


def _look(verb: str, found: list[Message]) -> Look:
    held = [m.id for m in found if m.queue == "hold"]
    queued = [m.id for m in found if m.queue != "hold"]
    active = sum(m.queue == "active" for m in found)
    data: dict[str, Json] = {"matching": len(found), "held": len(held), "active": active, "queued": len(queued)}
    if verb == "queue.hold":
        state = "queued" if queued else "held" if held else "empty"
        data["queued_ids"] = list(queued)
    else:
        state = "held" if held else "queued" if queued else "empty"
        data["held_ids"] = list(held)
    detail = f"{len(queued)} waiting ({active} being delivered now), {len(held)} on hold"
    return Look(state, data, detail)


def _ids(look: Look, which: str) -> list[str]:
    ids = look.data.get(f"{which}_ids")
    return [i for i in ids if isinstance(i, str) and i.isalnum()] if isinstance(ids, list) else []


def _selector(target: str) -> tuple[str, str]:
    """("sender", address) or ("domain", domain). Raises Rejected for anything else."""
    wanted = target.strip().lower()
    if wanted in {"<>", _NULL.lower()}:
        return "sender", ""
    local, at, domain = wanted.rpartition("@")
    plain = bool(domain) and not any(c.isspace() or ord(c) < 32 for c in wanted)
    if plain and at and local:
        return "sender", wanted
    if plain and not at and "." in domain:
        return "domain", domain
    raise Rejected(f"{target!r} is not an address, <> or a domain")


def _matches(message: Message, wanted: tuple[str, str]) -> bool:
    kind, value = wanted
    if kind == "sender":
        return message.sender == value
    return any(r.rpartition("@")[2] == value for r in message.recipients)


def _message(line: str) -> Message:
    """One line of postqueue -j. Raises CallError if it is not as the manual says: a list with gaps is worth nothing."""
    try:
        row = json.loads(line)
        sender = str(row["sender"]).lower()
        return Message(
            id=str(row["queue_id"]),
            queue=str(row["queue_name"]),
            sender="" if sender == _NULL.lower() else sender,
            recipients=tuple(str(r["address"]).lower() for r in row["recipients"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise CallError("postqueue -j answered with a line that cannot be understood") from None


def _failed(option: str, reply: Reply) -> CallError:
    words = f"postsuper {option} failed with status {reply.status}: {_stderr(reply)}"
    if "superuser" in words:
        return Rejected(words, status=reply.status, hint=_AS_ROOT)
    return InDoubt(f"{words}; part of the messages may be done")


def _stderr(reply: Reply) -> str:
    text = reply.headers.get("stderr", "") or reply.body
    return " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())[:200]


def _known(verb: str) -> None:
    if verb not in VERBS:
        raise PlaybookError(f"the Postfix queue cannot {verb}")
