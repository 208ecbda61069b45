"""irtool notices update, bounces, ack, unreachable: what follows after the first notice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say
from irtool.errors import UsageError

if TYPE_CHECKING:
    from irtool.tell.ledger import Unreached
    from irtool.wiring.mailing import Matched


def add_to(commands: typer.Typer) -> None:
    """Register these commands."""
    for name, function in (
        ("update", update),
        ("bounces", bounces),
        ("ack", ack),
        ("unreachable", unreachable),
    ):
        commands.command(name)(function)


def update(
    incident: IncidentArgument = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[LANG=]FILE", help="What is new, as text; one file, or one for each language. - is stdin."
        ),
    ] = None,
    customer: Annotated[list[str] | None, typer.Option(help="Only to this customer; repeat for more.")] = None,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan an update to the customers who were told. Nothing is sent without a yes.

    Example: irtool notices update INC-2026-0001 --file en=news.txt --file it=novita.txt
    """
    from irtool.cli.views import change_lines
    from irtool.wiring import open_desk
    from irtool.wiring.mailing import Mailing

    with door(), open_desk(config) as desk:
        if not file:
            raise UsageError("an update of what? Give its text", hint="irtool notices update INCIDENT --file TEXT")
        name = desk.pick(incident, any_state=True)
        step = Mailing(desk).update(name, _texts(file), desk.who(person), customer or [])
        if as_json:
            answer({"incident": name, "step": step})
            return
        for change in step.changes:
            say("\n".join(change_lines(change)))
        say(f"{name}: {step.id} is planned, nothing was sent")
        next_is(
            f"irtool notices preview {name}",
            f"irtool approve {name} {step.id} --as PERSON",
            f"irtool resume {name}",
        )


def _texts(files: Sequence[str]) -> dict[str, str]:
    import re
    import sys

    from irtool.wiring.mailing import MAX_TEXT

    found: dict[str, str] = {}
    for given in files:
        lang, equals, path = given.partition("=")
        if not equals or not re.fullmatch(r"[a-z]{2}", lang):
            lang, path = "", given
        if lang in found:
            raise UsageError(f"--file {given}: there are two texts for {lang or 'all languages'}")
        try:
            raw = (
                sys.stdin.buffer.read(4 * MAX_TEXT + 1) if path == "-" else Path(path).read_bytes()[: 4 * MAX_TEXT + 1]
            )
            found[lang] = raw.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", "") or "it is not UTF-8"
            raise UsageError(f"{path}: {why}", hint="name a text file, UTF-8") from error
    return found


def bounces(
    source: Annotated[str, typer.Argument(metavar="FILE", help="A message, an mbox, a folder or Maildir; - is stdin.")],
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read mail that came back and record what it says of our notices. Read twice, it counts once.

    Example: irtool notices bounces ~/Maildir/.bounces
    """
    from irtool.cli.sources import read_all
    from irtool.wiring import open_desk
    from irtool.wiring.mailing import Mailing

    with door(), open_desk(config) as desk:
        found = Mailing(desk).bounces(read_all([source]), desk.who(person))
        if as_json:
            answer([_returned(match) for match in found])
            return
        for match in found:
            if match.outcome != "unknown":
                data(_line(match))
        counts = {word: sum(m.outcome == word for m in found) for word in dict.fromkeys(m.outcome for m in found)}
        say(", ".join(f"{n} {word}" for word, n in counts.items()) or "nothing there")
        incident = next((m.incident for m in found if m.outcome in {"bounced", "delayed"}), "")
        next_is(f"irtool notices unreachable {incident}".strip())


def _line(match: Matched) -> str:
    row, message = match.row, match.message
    name = clean(row.name or row.customer) if row else ""
    said = f"{message.status} {message.said}".strip()
    if match.outcome == "answer":
        said = f"an answer: read it, then: irtool notices ack {match.incident} {row.customer if row else ''}"
    return f"{match.incident}  {name:<30} {match.outcome:<10} {clean(said)}".rstrip()


def _returned(match: Matched) -> dict[str, object]:
    message, row = match.message, match.row
    return {
        "source": message.source,
        "outcome": match.outcome,
        "incident": match.incident,
        "customer": row.customer if row else None,
        "version": row.version if row else None,
        "status": message.status,
        "said": message.said,
        "recipient": message.recipient,
    }


def ack(
    names: Annotated[list[str], typer.Argument(metavar="[INCIDENT] CUSTOMER", help="Who has the notice.")],
    note: Annotated[str, typer.Option(help="How you know: who said it, on which telephone.")] = "",
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record that a customer has the notice, however they were reached.

    Example: irtool notices ack INC-2026-0001 c-0017 --note "Ms Rossi, by telephone"
    """
    from irtool.cli.cases import is_incident
    from irtool.wiring import open_desk
    from irtool.wiring.mailing import Mailing

    with door(), open_desk(config) as desk:
        incident = next((n for n in names if is_incident(n)), None)
        customers = [n for n in names if n != incident]
        if len(customers) != 1:
            raise UsageError("which customer? Name one", hint="irtool notices ack INCIDENT CUSTOMER")
        name = desk.pick(incident, any_state=True)
        by = desk.who(person)
        row = Mailing(desk).acknowledge(name, customers[0], by, note)
        if as_json:
            answer({"incident": name, "customer": row.customer, "version": row.version, "by": by, "note": note})
            return
        say(f"{name}: {clean(row.name or row.customer)} has it, says {clean(by)}")
        next_is(f"irtool notices unreachable {name}")


def unreachable(
    incident: IncidentArgument = None,
    after: Annotated[str, typer.Option(help="Count as silent who has not answered for so long.")] = "3d",
    escalate: Annotated[bool, typer.Option("--escalate", help="Put on the timeline who has to be telephoned.")] = False,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the customers whom somebody has to reach by other means.

    Refused, bounced, without an address, in doubt, or silent for too long.

    Example: irtool notices unreachable INC-2026-0001 --after 2d --escalate
    """
    from irtool.playbook.durations import duration
    from irtool.wiring import open_desk
    from irtool.wiring.mailing import Mailing

    with door(), open_desk(config) as desk:
        name, mailing = desk.pick(incident, any_state=True), Mailing(desk)
        found = mailing.unreachable(name, duration(after))
        new = mailing.escalate(name, found, desk.who(person)) if escalate else 0
        if as_json:
            answer([_unreached(one) for one in found])
            return
        for one in found:
            row = one.row
            since = f"since {one.since:%Y-%m-%d %H:%MZ}" if one.since else ""
            data(f"{clean(row.customer):<14} {clean(row.name):<30} {one.reason}, {since}".rstrip(", "))
            for detail in (row.recipient, row.said):
                if detail:
                    data(f"{'':<14} {clean(detail)[:160]}")
        if escalate:
            say(f"{new} put on the timeline")
        if not found:
            say(f"{name}: everybody was reached, as far as anybody can tell")
        first = found[0].row.customer if found else ""
        next_is(f"irtool notices ack {name} {clean(first)}" if found else f"irtool report {name}")


def _unreached(one: Unreached) -> dict[str, object]:
    row = one.row
    return {
        "customer": row.customer,
        "label": row.name,
        "reason": one.reason,
        "since": one.since,
        "recipient": row.recipient,
        "said": row.said,
        "version": row.version,
        "escalated_at": row.escalated_at,
    }
