"""How plans, changes and incidents look to people: 80 columns, UTC, no meaning in colour alone."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from irtool.cli.out import clean, colour, say
from irtool.history import ChangeStatus, History
from irtool.records import Change, Event, Json, Plan, PlanStep

WIDTH = 80
_TARGET = 36
_TELLS = frozenset({"notice.send", "abuse.report", "chat.post", "note.add", "bulletin.write"})
SHOWN = 6
"""How many targets of a step a plan shows before it counts the rest."""

_SIGN = {"do": "+", "already": "=", "skipped": "!", "refused": "x"}
_SIGN_COLOUR = {"+": "green", "~": "yellow", "=": "dim", "!": "yellow", "x": "red", ">": "green"}
_ENDS = {
    "change.already": "already so",
    "change.skipped": "skipped",
    "change.refused": "refused",
    "change.shadowed": "SHADOW, NOT SENT",
    "change.failed": "FAILED",
    "change.unknown": "UNKNOWN",
    "undo.failed": "UNDO FAILED",
    "undo.unknown": "UNDO UNKNOWN",
}


def target(change: Change) -> str:
    """What a change is applied to, as `irtool undo` takes it, defanged and clean; with its name if it has one."""
    from irtool.tell.clean import defang

    shown = clean(defang(change.target))
    if change.label and change.label != change.target:
        shown += f" {clean(defang(change.label))}"
    return shown + (f" ({change.connector})" if change.item.endswith(f"@{change.connector}") else "")


def undo_line(change: Change) -> str:
    """What an undo would do to it. What was told to people stays told: they get a correction."""
    after = change.after or "done"
    if change.verb in _TELLS:
        return f"  - {target(change):<36} {after}, a correction follows"
    return f"  - {target(change):<36} {after} -> {change.before}, as it was before"


def thousands(number: object) -> str:
    """1900000 -> 1,900,000."""
    return f"{number:,}" if isinstance(number, int) else str(number)


def plural(number: int, one: str, many: str = "") -> str:
    """`1 account`, `24 accounts`."""
    return f"{thousands(number)} {one if number == 1 else many or one + 's'}"


def findings_lines(findings: Mapping[str, Json], counted: str = "message") -> Iterator[str]:
    """The campaign in a few lines; `counted` is what its figures count."""

    def size(key: str) -> int:
        found = findings.get(key)
        return len(found) if isinstance(found, list) else 0

    messages = findings.get("messages")
    yield f"{plural(messages if isinstance(messages, int) else 0, counted)}, {span(findings)}"
    yield (
        f"{plural(size('accounts'), 'account')}, {plural(size('source_ips'), 'source IP')}, "
        f"{plural(size('sender_addresses'), 'sender address', 'sender addresses')}, "
        f"{plural(size('destination_domains'), 'destination domain')}"
    )
    customers = findings.get("affected_customers")
    rows = [c for c in customers if isinstance(c, dict)] if isinstance(customers, list) else []
    hit = sum(c["messages"] for c in rows if isinstance(c.get("messages"), int))  # type: ignore[misc]  # Json narrowed
    yield f"{plural(len(rows), 'affected customer')}" + (f", impersonated in {plural(hit, counted)}" if rows else "")
    rejected = findings.get("rejected_rows")
    if isinstance(rejected, int) and rejected:
        yield f"{plural(rejected, 'log row')} could not be read"
    unanswered = findings.get("unanswered")
    for sentence in unanswered if isinstance(unanswered, list) else []:
        yield f"! {clean(sentence)}"


def span(findings: Mapping[str, Json]) -> str:
    """From when to when, UTC, to the minute."""
    first, last = findings.get("first_seen"), findings.get("last_seen")
    if not first or not last:
        return "no times known"
    start, end = datetime.fromisoformat(str(first)), datetime.fromisoformat(str(last))
    until = "" if end - start < timedelta(minutes=1) else f" to {end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M}{until} UTC"


def show_plan(plan: Plan, *, whole: bool = False, fresh: bool = True, marked: Collection[str] = ()) -> None:
    """Every step, its targets, their present and future state. A plan that is not `fresh` may be carried out by now.

    `marked` are changes (`step/item`) that stand out with a `*`.
    """
    for step in plan.steps:
        if step.uses == "triage.complaint":
            continue
        for line in _step_lines(step, whole=whole, marked=marked):
            say(line)
    counts = {name: sum(1 for c in plan.changes if c.action == name) for name in _SIGN}
    words = [f"{counts['do']} to do", f"{counts['already']} already so", f"{counts['skipped']} skipped"]
    words.append(f"{counts['refused']} refused")
    say(f"{', '.join(words)}")
    so_far = (
        f"Nothing changed ({plural(plan.reads, 'read')})." if fresh else f"As planned {plan.made_at:%Y-%m-%d %H:%MZ}."
    )
    say(f"{so_far}  plan {plan.hash[:8]}")


def _step_lines(step: PlanStep, *, whole: bool, marked: Collection[str] = ()) -> Iterator[str]:
    todo = [c for c in step.changes if c.action == "do"]
    needs = _needs(step) if todo else ""
    expiry = {c.expires_at for c in todo}
    until = f"until {next(iter(expiry)):%d %b}" if len(expiry) == 1 and None not in expiry else ""
    shadow = "SHADOW, sends nothing" if any(c.shadow for c in todo) else ""
    remarks = ", ".join(r for r in (until, needs, shadow, "" if step.changes else "nothing to do") if r)
    room = WIDTH - 18 - (len(remarks) + 2 if remarks else 0)
    title = clean(step.title)
    title = title if len(title) <= room else title[: room - 1] + "…"
    yield f"{step.id:<17} {title}" + (f"  {colour(remarks, 'yellow' if needs else 'dim')}" if remarks else "")
    if step.approval_reason:
        yield from wrapped(clean(step.approval_reason), "    ! ", "      ")
    ordered = sorted(step.changes, key=lambda c: c.id not in marked)
    shown = ordered if whole or len(ordered) <= SHOWN else ordered[: SHOWN - 1]
    for change in shown:
        first, *others = change_lines(change)
        yield f"  {colour('*', 'yellow')} {first[4:]}" if change.id in marked else first
        yield from others
    rest = ordered[len(shown) :]
    if rest:
        counts = [f"{sum(1 for c in rest if c.action == a)} {a}" for a in ("refused", "skipped", "already")]
        more = ", ".join(c for c in counts if not c.startswith("0 "))
        yield f"    … and {len(rest)} more{f', {more}' if more else ''}  (--all shows them)"


def _needs(step: PlanStep) -> str:
    """Whose yes a step needs, in a few words."""
    who = {"self": "your yes", "peer": "a second person"}.get(step.approval, "")
    if who and step.quorum > 1:
        who = f"{step.quorum} persons"
    within = f" within {step.expires}" if step.expires else ""
    return f"needs {who}{within}" if who else ""


def change_lines(change: Change) -> Iterator[str]:
    """One target of a plan: its sign, its name, its present and future state, whom else it would hit."""
    sign = _SIGN[change.action]
    if change.action == "do" and not change.before.startswith(("absent", "active", "queued", "held", "open")):
        sign = ">" if change.verb in _TELLS else "~"
    shown = target(change)
    head = f"    {colour(sign, _SIGN_COLOUR[sign])} "
    if change.action in {"skipped", "refused"}:
        yield f"{head}{shown}"
        yield from wrapped(f"{change.action}: {clean(change.reason)}", "        ", "        ")
        return
    text = f"{change.before} -> {change.after or 'done'}"
    if change.action == "already":
        text = f"already so: {clean(change.reason)}" if change.reason else "already so"
    hit = f"  {colour(f'({thousands(change.collateral)} innocent)', 'yellow')}" if change.collateral else ""
    text = text if len(text) <= WIDTH - _TARGET - 7 else text[: WIDTH - _TARGET - 8] + "…"
    if len(shown) > _TARGET:
        yield f"{head}{shown}"
        yield f"      {'':<{_TARGET}} {text:<19}{hit if change.action == 'do' else ''}".rstrip()
    else:
        yield f"{head}{shown:<{_TARGET}} {text:<19}{hit if change.action == 'do' else ''}".rstrip()


def wrapped(text: str, first: str, then: str) -> Sequence[str]:
    """The text folded to the width of the terminal we write for."""
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=then)


class Lines:
    """ports.Listener: one line per finished change while a run goes on."""

    def __init__(self, changes: Mapping[str, Change]) -> None:
        self._changes = dict(changes)
        self._started: dict[str, datetime] = {}

    def told(self, event: Event) -> None:
        """Print what a person wants to know of the event."""
        name = f"{event.step}/{event.item}"
        if event.kind in {"change.intended", "undo.intended"}:
            self._started[name] = event.recorded_at
        elif event.kind.startswith(("change.", "undo.")):
            self._finished(event, name)
        elif event.kind in {"approval.given", "approval.refused", "approval.revoked"}:
            say(f"{event.recorded_at:%H:%M:%S}Z  {event.step or '':<16} {_word(event)} by {clean(event.actor or '?')}")

    def _finished(self, event: Event, name: str) -> None:
        change = self._changes.get(name)
        shown = target(change) if change else clean(event.item or "")
        end = self._end(event, change)
        began = self._started.pop(name, None)
        took = f"{(event.recorded_at - began).total_seconds():5.1f}s" if began else ""
        step = (event.step or "")[:16]
        room = WIDTH - 28 - len(end) - len(took) - 2
        shown = shown if len(shown) <= room - 4 else shown[: room - 5] + "…"
        dots = "." * max(3, room - len(shown) - 1)
        word = colour(end, "red") if end.isupper() else end
        say(f"{event.recorded_at:%H:%M:%S}Z  {step:<16} {shown} {dots} {word} {took}".rstrip())
        reason = event.data.get("error") or (event.data.get("reason") if event.kind == "change.refused" else None)
        if reason:
            say("\n".join(wrapped(clean(reason), " " * 28, " " * 28)))

    def _end(self, event: Event, change: Change | None) -> str:
        if event.kind == "change.done":
            word = str(event.data.get("after") or (change.after if change else "") or "done")
            return clean(word) if event.data.get("effective") is not False else f"{clean(word)}, LEAKING".upper()
        if event.kind == "undo.done":
            told = change is not None and change.verb in _TELLS
            return "corrected" if told else clean(event.data.get("state") or "undone")
        return _ENDS.get(event.kind, event.kind)


def _word(event: Event) -> str:
    """What a person has decided."""
    items = event.data.get("items")
    some = f"{len(items)} " if isinstance(items, list) and items else ""
    if event.kind == "approval.revoked":
        return "approval taken back" if event.data.get("of") != "no" else "veto taken back"
    if event.kind == "approval.refused":
        return f"{some}left out" if some else "refused"
    alone = "approved in BREAK-GLASS" if event.data.get("break_glass") else "approved"
    return f"{some}{alone}"


def status_line(history: History) -> str:
    """One incident in one line."""
    todo = [s for s in history.changes.values() if s.change.action == "do"]
    done = sum(1 for s in todo if s.state in {"done", "already"})
    opened = f"{history.opened_at:%Y-%m-%d %H:%MZ}" if history.opened_at else ""
    counts = f"{done}/{len(todo)}" if todo else "-"
    return (
        f"{history.incident}  {clean(history.playbook):<16} {history.status:<11} {counts:>7}  "
        f"{opened} by {clean(history.started_by)}"
    )


def step_states(history: History) -> Iterator[str]:
    """Each step with its counts by state."""
    for step in history.plan.steps if history.plan else ():
        if step.uses == "triage.complaint":
            continue
        states: dict[str, int] = {}
        for change in step.changes:
            state = history.changes[change.id].state
            states[state] = states.get(state, 0) + 1
        counts = ", ".join(f"{n} {state}" for state, n in states.items()) or "nothing to do"
        yield f"  {step.id:<18} {counts}"


def trouble(history: History) -> Sequence[ChangeStatus]:
    """The changes a person must look at."""
    return [
        s for s in history.changes.values() if s.state in {"failed", "unknown", "in flight", "undo unknown", "undoing"}
    ]
