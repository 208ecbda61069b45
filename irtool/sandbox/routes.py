"""The admin API, path by path: what each request does to the provider."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from irtool.records import Json
from irtool.sandbox import body, names
from irtool.sandbox.blocks import Block
from irtool.sandbox.problems import Problem
from irtool.sandbox.provider import POLICIES, State
from irtool.sandbox.queue import MAX_IDS, Which
from irtool.sandbox.requests import Answer
from irtool.sandbox.submissions import FIELDS, probe, submission

VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Request:
    """One request, taken apart. `path` is decoded and without the leading `/v1/`, split at slashes."""

    method: str
    path: tuple[str, ...]
    query: dict[str, str]
    content: bytes
    read_only: bool = False
    if_match: str = ""

    def page(self) -> tuple[str, int]:
        """`after` and `limit` of a list."""
        return self.query.get("after", ""), body.number(self.query.get("limit", "100"), "limit", 1, 1000)


Handler = Callable[[State, Request], Answer]


def handle(state: State, request: Request) -> Answer:
    """Carry the request out. Raises Problem for everything that is wrong with it."""
    handlers = _match(request.path)
    handler = handlers.get(request.method)
    if handler is None:
        raise Problem(405, f"allowed: {', '.join(sorted(handlers))}")
    if request.read_only and not (request.method == "GET" or _is_probe(request)):
        raise Problem(403, "this token may only read")
    return handler(state, request)


def _is_probe(request: Request) -> bool:
    return request.path == ("submit",) and request.query.get("dry_run") == "1"


def _match(path: tuple[str, ...]) -> dict[str, Handler]:
    for pattern, handlers in ROUTES:
        if _fits(pattern, path):
            return handlers
    raise Problem(404, f"no such resource; under /v1/ there are {', '.join(pattern for pattern, _ in ROUTES)}")


def _fits(pattern: str, path: Sequence[str]) -> bool:
    """`*` stands for one part of the path, `**` for one or more: networks and addresses may hold slashes."""
    parts = pattern.split("/")
    if parts[-1] == "**" and len(path) >= len(parts):
        path = (*path[: len(parts) - 1], "/".join(path[len(parts) - 1 :]))
    return len(parts) == len(path) and all(part in ("*", "**", given) for part, given in zip(parts, path, strict=True))


# --- block lists ----------------------------------------------------------------------------------------------------


def _value(request: Request) -> tuple[str, str]:
    return request.path[1], "/".join(request.path[2:])


def _blocks(state: State, request: Request) -> Answer:
    after, limit = request.page()
    entries: list[Json] = [*state.blocks.page(request.path[1], after=after, limit=limit)]
    return Answer(200, {"entries": entries})


def _block_get(state: State, request: Request) -> Answer:
    return Answer(200, state.blocks.get(*_value(request)))


def _block_put(state: State, request: Request) -> Answer:
    given = body.fields(request.content, {"note": str, "owner": str, "expires": str})
    expires = given.get("expires")
    block = Block(
        note=str(given.get("note", ""))[:1000],
        owner=str(given.get("owner", ""))[:200],
        expires=body.moment(str(expires), state.now) if expires else None,
    )
    after, before = state.blocks.put(*_value(request), block)
    return Answer(200 if before else 201, after, applied=after != before)


def _block_delete(state: State, request: Request) -> Answer:
    state.blocks.delete(*_value(request))
    return Answer(204, applied=True)


def _list(state: State, request: Request) -> Answer:
    """A whole list at once, as many products have it: its values, and an ETag for who wants to write it back."""
    return _listed(state, request.path[1])


def _list_put(state: State, request: Request) -> Answer:
    """Exactly these values, if the list is still as it was read (If-Match, RFC 9110 §13.1.1)."""
    kind = request.path[1]
    before = _listed(state, kind)
    if not request.if_match:
        raise Problem(428, "say with If-Match which state of the list this replaces")
    if request.if_match != before.etag:
        raise Problem(412, "somebody has changed the list since: read it again")
    given = body.fields(request.content, {"values": list}).get("values")
    state.blocks.become(kind, body.texts(given, "values", 10_000))
    after = _listed(state, kind)
    return replace(after, applied=after.etag != before.etag)


def _listed(state: State, kind: str) -> Answer:
    values = state.blocks.values(kind)
    shown: list[Json] = [*values]
    digest = hashlib.sha256("\n".join(values).encode()).hexdigest()[:24]
    return Answer(200, {"values": shown}, etag=f'"{digest}"')


# --- accounts -------------------------------------------------------------------------------------------------------


def _accounts(state: State, request: Request) -> Answer:
    after, limit = request.page()
    found: list[Json] = [*state.accounts.page(after=after, limit=limit, plan=request.query.get("plan", ""))]
    return Answer(200, {"accounts": found})


def _account_get(state: State, request: Request) -> Answer:
    return Answer(200, state.accounts.get(request.path[1]))


def _account_patch(state: State, request: Request) -> Answer:
    given = body.fields(request.content, {"status": str})
    return _changed(state, request, state.accounts.set_status(request.path[1], str(given.get("status", ""))))


def _limit_put(state: State, request: Request) -> Answer:
    per_hour = body.fields(request.content, {"per_hour": int}).get("per_hour")
    if type(per_hour) is not int or not 0 <= per_hour <= 1_000_000:
        raise Problem(400, "per_hour: a number from 0 to 1000000")
    return _changed(state, request, state.accounts.set_limit(request.path[1], per_hour))


def _limit_delete(state: State, request: Request) -> Answer:
    return _changed(state, request, state.accounts.set_limit(request.path[1], None))


def _changed(state: State, request: Request, before: dict[str, Json]) -> Answer:
    after = state.accounts.get(request.path[1])
    was: dict[str, Json] = {name: before[name] for name in ("status", "per_hour")}
    return Answer(200, after | {"before": was}, applied=after != before)


def _revoke(state: State, request: Request) -> Answer:
    revoked = state.accounts.revoke_sessions(request.path[1])
    return Answer(200, {"revoked": revoked}, applied=revoked > 0)


def _domain(state: State, request: Request) -> Answer:
    owner = state.owner(names.domain(request.path[1]))
    if owner is None:
        raise Problem(404, "not hosted here")
    return Answer(200, {"domain": request.path[1], "account": owner})


# --- queue ----------------------------------------------------------------------------------------------------------


def _queue(state: State, request: Request) -> Answer:
    """Counts and ids of what matches, and the first messages of it. `as_of` names the moment, to name a hold after."""
    which = Which(
        sender=request.query.get("sender", ""),
        domain=request.query.get("domain", ""),
        held_by=request.query.get("held_by", ""),
    )
    queued, messages = state.queue.find(which, ["queued"])
    held, more = state.queue.find(which, ["held"])
    shown: list[Json] = [*(messages + more)[: request.page()[1]]]
    counts: dict[str, Json] = {"queued": queued, "held": held, "as_of": state.now.isoformat()}
    return Answer(200, counts | {"messages": shown})


def _which(request: Request) -> tuple[Which, str]:
    known = {"ids": list, "sender": str, "domain": str, "held_by": str, "hold": str}
    given = body.fields(request.content, known)
    which = Which(
        ids=body.numbers(given.get("ids", []), "ids"),
        sender=str(given.get("sender", "")),
        domain=str(given.get("domain", "")),
        held_by=str(given.get("held_by", "")),
    )
    if which == Which() or given.get("ids") == []:
        raise Problem(400, f"say which messages: ids (at most {MAX_IDS}), sender, domain or held_by")
    return which, str(given.get("hold", ""))[:300]


def _hold(state: State, request: Request) -> Answer:
    which, name = _which(request)
    return _moved(state.queue.hold(which, name or "admin"))


def _release(state: State, request: Request) -> Answer:
    return _moved(state.queue.release(_which(request)[0]))


def _purge(state: State, request: Request) -> Answer:
    return _moved(state.queue.purge(_which(request)[0]))


def _flush(state: State, _: Request) -> Answer:
    sent = state.queue.deliver()
    return Answer(200, {"sent": sent}, applied=sent > 0)


def _moved(ids: list[int]) -> Answer:
    shown: list[Json] = [*ids[:1000]]
    return Answer(200, {"count": len(ids), "ids": shown}, applied=bool(ids))


# --- mail, policy, books --------------------------------------------------------------------------------------------


def _submit(state: State, request: Request) -> Answer:
    dry_run = request.query.get("dry_run") == "1"
    message = submission(body.fields(request.content, FIELDS), probe(state) if dry_run else {})
    code, text = state.submit(message, dry_run=dry_run)
    return Answer(200, {"code": code, "text": text, "policy": state.rule()}, applied=not dry_run)


def _policy_get(state: State, request: Request) -> Answer:
    name = request.path[1]
    value = state.policy(name)
    return Answer(200, {"name": name, "value": value, "values": [*POLICIES[name]]})


def _policy_put(state: State, request: Request) -> Answer:
    name = request.path[1]
    before = state.policy(name)
    value = str(body.fields(request.content, {"value": str}).get("value", ""))
    if value != before:
        state.set_policy(name, value)
    return Answer(200, {"name": name, "value": value, "before": before}, applied=value != before)


def _log(state: State, request: Request) -> Answer:
    places = {"": ("refused", "queued", "held", "purged", "sent"), "outbox": ("sent",)}
    place = request.query.get("place", "")
    total, rows = state.queue.find(_filter(request), places.get(place, (place,)), limit=request.page()[1])
    return Answer(200, {"count": total, "messages": [*rows]})


def _filter(request: Request) -> Which:
    return Which(sender=request.query.get("sender", ""), domain=request.query.get("domain", ""))


def _changes(state: State, request: Request) -> Answer:
    after, limit = request.page()
    since = body.number(after or "0", "after", 0, 2**62)
    return Answer(200, {"changes": state.requests.page(after=since, limit=limit)})


def _changes_count(state: State, request: Request) -> Answer:
    return Answer(200, state.requests.count(request.query.get("method", ""), request.query.get("path", "")))


def _faults_get(state: State, _: Request) -> Answer:
    return Answer(200, {"faults": state.requests.faults()})


def _faults_post(state: State, request: Request) -> Answer:
    known: body.Fields = {"kind": str, "times": int, "match": str, "method": str, "seconds": (int, float)}
    given = body.fields(request.content, known)
    times, seconds = given.get("times", 1), given.get("seconds", 1.0)
    if type(times) is not int or not 1 <= times <= 1_000_000:
        raise Problem(400, "times: a number from 1 to 1000000")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 60:
        raise Problem(400, "seconds: a number from 0 to 60")
    match, method = str(given.get("match", "/v1/")), str(given.get("method", ""))
    state.requests.order_fault(str(given.get("kind", "")), times, match, method, float(seconds))
    return Answer(201, {"faults": state.requests.faults()})


def _faults_delete(state: State, _: Request) -> Answer:
    state.requests.clear_faults()
    return Answer(204)


def _ping(state: State, request: Request) -> Answer:
    known = {"product": "irtool sandbox", "version": VERSION, "policy": state.rule()}
    return Answer(200, {**known, "read_only": request.read_only})


ROUTES: Sequence[tuple[str, dict[str, Handler]]] = (
    ("ping", {"GET": _ping}),
    ("blocks/*", {"GET": _blocks}),
    ("blocks/*/**", {"GET": _block_get, "PUT": _block_put, "DELETE": _block_delete}),
    ("lists/*", {"GET": _list, "PUT": _list_put}),
    ("accounts", {"GET": _accounts}),
    ("accounts/*", {"GET": _account_get, "PATCH": _account_patch}),
    ("accounts/*/limit", {"PUT": _limit_put, "DELETE": _limit_delete}),
    ("accounts/*/sessions/revoke", {"POST": _revoke}),
    ("domains/*", {"GET": _domain}),
    ("queue", {"GET": _queue}),
    ("queue/hold", {"POST": _hold}),
    ("queue/release", {"POST": _release}),
    ("queue/purge", {"POST": _purge}),
    ("queue/flush", {"POST": _flush}),
    ("policy/*", {"GET": _policy_get, "PUT": _policy_put}),
    ("submit", {"POST": _submit}),
    ("log", {"GET": _log}),
    ("changes", {"GET": _changes}),
    ("changes/count", {"GET": _changes_count}),
    ("faults", {"GET": _faults_get, "POST": _faults_post, "DELETE": _faults_delete}),
)
"""Every path under /v1/ and what may be done with it."""
