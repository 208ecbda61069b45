"""Incidents, plans and requests as Slack messages. Every figure is counted from events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from irtool.chat.blocks import Message, Ref, button, menu, row, section, sections
from irtool.chat.words import foreign, plain_target, plural, sizes, target
from irtool.history import Approval, ChangeStatus, History
from irtool.records import Event, Plan, PlanStep, to_json
from irtool.run.approvals import pending
from irtool.verbs import CATALOGUE

_SIGNS = {"do": "+", "already": "=", "skipped": "!", "refused": "x"}
_WORDS = {"do": "to do", "already": "already so", "skipped": "skipped", "refused": "refused"}
_TROUBLE = frozenset({"failed", "unknown", "in flight", "undoing", "undo unknown"})
_STOPPED = frozenset({"failed", "unknown", "interrupted"})
_SHOWN = 6


def progress(history: History) -> str:
    """`4/8`: changes that are as planned, of those that were to be made; "" if there were none."""
    todo = [s for s in history.changes.values() if s.change.action == "do"]
    done = sum(1 for s in todo if s.state in {"done", "already"})
    return f"{done}/{len(todo)}" if todo else ""


def standing(history: History) -> str:
    """One incident in one line."""
    opened = f"opened {history.opened_at:%Y-%m-%d %H:%M}Z" if history.opened_at else ""
    who = f"{opened} by {foreign(history.started_by)}"
    return f"*{history.incident}*  {foreign(history.title)}  *{history.status.upper()}* {progress(history)}  {who}"


def headline(history: History, stamp: str) -> Message:
    """The one message about an incident in the channel, as things stand; `stamp` is its own, once it has one."""
    title = foreign(history.title)
    first = f"*{history.incident}*  {title}  *{history.status.upper()}* {progress(history)}".rstrip()
    lines = [first, sizes(history.findings)]
    if history.plan:
        lines.append(counts(history.plan))
    if history.opened_at:
        lines.append(f"opened {history.opened_at:%Y-%m-%d %H:%M}Z by {foreign(history.started_by)}{_span(history)}")
    lines += list(alone(history))
    lines += list(trouble(history))
    blocks = [section("\n".join(lines))]
    if history.plan:
        blocks.append(row(*_headline_buttons(history, history.plan, stamp)))
    return Message(f"{history.incident} {title}: {history.status} {progress(history)}".rstrip(), blocks)


def alone(history: History) -> Iterator[str]:
    """Every break-glass that nobody else has ratified, and those that somebody does not stand by."""
    for use in history.break_glass:
        if use.is_open:
            yield (
                f":rotating_light: *BREAK-GLASS* by {foreign(use.by)} alone ({foreign(', '.join(use.steps))}): "
                f"{foreign(use.why)}. Not ratified: `/irtool ratify {history.incident}`"
            )
        elif use.disowned_by:
            yield f":rotating_light: *BREAK-GLASS* by {foreign(use.by)}, disowned by {foreign(use.disowned_by)}"


def moved_lines(events: Iterable[Event]) -> Iterator[str]:
    """What is not as it was planned, as the last refused plan says, and where to go from there."""
    refused = [e for e in events if e.kind == "plan.refused"]
    diff = refused[-1].data.get("diff") if refused else None
    rows = [d for d in diff if isinstance(d, dict)] if isinstance(diff, list) else []
    yield "The world has moved since the plan. Nothing was changed; there is a new plan."
    for one in rows[:_SHOWN]:
        yield f"• {foreign(one.get('sentence'))}"
    if len(rows) > _SHOWN:
        yield f"… and {len(rows) - _SHOWN:,} more"
    if refused:
        yield f"Next: See the plan, then `/irtool run {refused[-1].incident}`"


def _needs(step: PlanStep) -> str:
    many = f" of {step.quorum} persons" if step.quorum > 1 else ""
    within = f" within {step.expires}" if step.expires else ""
    who = {"self": "your yes", "peer": "a second person"}.get(step.approval, "")
    who = f"the yes{many}" if many and who else who
    return f"needs {who}{within}" if who else ""


def _headline_buttons(history: History, plan: Plan, stamp: str) -> Iterator[dict[str, object]]:
    ref = Ref(history.incident, hash=plan.hash, headline=stamp)
    todo = sum(1 for c in plan.changes if c.action == "do")
    if history.status == "planned" and todo:
        label = f"Start {plural(todo, 'change')}"
        yield button("start", label, ref, style="primary", confirm=f"{label}? {_approvals(plan)}".strip())
    if history.status in _STOPPED:
        yield button("resume", "Resume", ref, style="primary")
    yield button("plan", "See the plan", ref)


def _approvals(plan: Plan) -> str:
    need = Counter(s.approval for s in plan.steps for c in s.changes if c.action == "do")
    parts = [f"{need['self']} need your yes"] if need["self"] else []
    parts += [f"{need['peer']} need somebody else"] if need["peer"] else []
    return (", ".join(parts) + ".") if parts else ""


def _span(history: History) -> str:
    ends = [s.at for s in history.changes.values() if s.at]
    if history.status != "contained" or not history.opened_at or not ends:
        return ""
    seconds = max(0, int((max(ends) - history.opened_at).total_seconds()))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f", contained in {hours}h{minutes:02d}m" if hours else f", contained in {minutes}m{seconds % 60:02d}s"


def counts(plan: Plan) -> str:
    """`8 to do, 1 already so`."""
    found = Counter(c.action for c in plan.changes)
    return ", ".join(f"{found[a]:,} {word}" for a, word in _WORDS.items() if found[a] or a == "do")


def trouble(history: History) -> Iterator[str]:
    """What a person must look at, the first few."""
    bad = [s for s in history.changes.values() if s.state in _TROUBLE or (s.state == "done" and s.effective is False)]
    if history.status == "running":
        bad = [s for s in bad if s.state != "in flight"]
    for status in bad[:_SHOWN]:
        yield f"*{_state(status).upper()}*  {foreign(status.change.step)}: {target(status.change)}  {_why(status)}"
    if len(bad) > _SHOWN:
        yield f"… and {len(bad) - _SHOWN:,} more: `irtool status {history.incident}`"


def _state(status: ChangeStatus) -> str:
    return "no effect" if status.state == "done" else status.state


def _why(status: ChangeStatus) -> str:
    return foreign(status.error) if status.error else ""


def plan_lines(plan: Plan, steps: Sequence[PlanStep] | None = None) -> Iterator[str]:
    """The plan, or some of its steps: every target with its present and future state."""
    for step in plan.steps if steps is None else steps:
        need = f"  ({_needs(step)})" if _needs(step) else ""
        yield f"*{foreign(step.title)}*{need}" if step.changes else f"{foreign(step.title)}: nothing to do"
        if step.approval_reason:
            yield foreign(step.approval_reason)
        for change in step.changes:
            text = f"{change.before} → {change.after}" if change.action == "do" else _WORDS[change.action]
            reason = f": {foreign(change.reason)}" if change.reason and change.action != "do" else ""
            extra = f", also {plural(change.collateral, 'innocent message')}" if change.collateral else ""
            yield f"{_SIGNS[change.action]} {target(change)}  {foreign(text)}{extra}{reason}"
    if steps is None:
        yield f"{counts(plan)}.  plan {plan.hash[:8]}"


def step_lines(history: History) -> Iterator[str]:
    """Each step with its counts by state."""
    for step in history.plan.steps if history.plan else ():
        states = Counter(history.changes[c.id].state for c in step.changes)
        yield f"{foreign(step.id)}: " + (", ".join(f"{n:,} {s}" for s, n in states.items()) or "nothing to do")


def request(
    history: History, step: PlanStep, asked: Sequence[str], headline_stamp: str, given: Sequence[Approval] = ()
) -> Message:
    """The question to those who may answer it (`asked`: mentions), bound to exactly this plan of the step.

    `given` are the yes of those who have said it while more are needed.
    """
    todo = pending(history, step)
    who = " ".join(asked) or "Nobody in irtool.yaml with a Slack id may answer this."
    question = f"{foreign(step.title)}: {plural(len(todo), 'change')}?"
    names = ", ".join(target(c) for c in todo[:_SHOWN]) + (", …" if len(todo) > _SHOWN else "")
    verb = CATALOGUE.get(step.uses)
    final = "" if verb and verb.undo else " This cannot be undone."
    lines = [f"{who}  *{question}*{final}", names, f"{history.incident}, asked for by {foreign(history.started_by)}"]
    if step.approval_reason:
        lines.insert(1, foreign(step.approval_reason))
    if step.quorum > 1 or step.expires:
        so_far = f"; so far: {', '.join(foreign(a.person) for a in given)}" if given else ""
        lines.append(f"It {_needs(step)}{so_far}")
    ref = Ref(history.incident, step.id, step.hash, headline_stamp)
    buttons = row(
        button("approve", "Approve", ref, style="primary", confirm=f"{question}{final}"),
        button("refuse", "Refuse", ref, style="danger", confirm=f"Refuse: {question}"),
        button("show", "Show", ref),
    )
    blocks = [section("\n".join(line for line in lines if line)), buttons]
    if len(todo) > 1:
        numbers = {c.item: n for n, c in enumerate(step.changes)}
        options = [(plain_target(c), str(numbers[c.item])) for c in todo]
        blocks.append(menu("veto", "Leave one out …", ref, options, confirm="Leave this one out? The rest goes on."))
    return Message(f"{history.incident}: {question}", blocks)


def answered(history: History, step: str, step_hash: str) -> Message:
    """The same request when it is decided, or when there is nothing to decide any more: no buttons."""
    planned = next((s for s in history.plan.steps if s.id == step), None) if history.plan else None
    title = foreign(planned.title if planned else step)
    given = [a for a in history.approvals if a.step == step and a.hash == step_hash]
    lines = [_answer(a) for a in given] or ["The plan has changed; this request is void."]
    text = f"{history.incident}: {title}"
    return Message(f"{text}: {lines[-1]}", sections([f"*{title}*  {history.incident}", *lines])[0])


def _answer(given: Approval) -> str:
    word = "Approved" if given.approved else "Refused"
    word = "BREAK-GLASS, approved" if given.break_glass else word
    word = f"Taken back: {word.lower()}" if given.revoked else word
    which = f" for {', '.join(foreign(i) for i in given.items[:_SHOWN])}" if given.items else ""
    why = f": {foreign(given.break_glass or given.reason)}" if given.break_glass or given.reason else ""
    return f"{word}{which} by {foreign(given.person)} at {str(to_json(given.at))[11:19]}Z{why}"
