"""irtool notices: what customers are told, before it is sent and after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from irtool.cli import notices_after
from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say
from irtool.errors import UsageError

if TYPE_CHECKING:
    from irtool.tell.ledger import Told
    from irtool.wiring import Desk


class _ListFirst(TyperGroup):
    """`irtool notices INC-…` lists, as `irtool notices list INC-…` does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word `list` in where no command is named."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


commands = typer.Typer(
    cls=_ListFirst,
    help="What customers are told, before it is sent and after.\n\nWithout a command it lists the notices.\n\n"
    "Example: irtool notices INC-2026-0001",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def notices() -> None:
    """What customers are told, before it is sent and after."""


@commands.command("list")
def listing(
    incident: IncidentArgument = None,
    customer: Annotated[str | None, typer.Option(help="Show the notice to this customer as it reads now.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the notices with what became of each. Sends nothing.

    Example: irtool notices --customer c-0017
    """
    from irtool.tell.notices import preview as shown
    from irtool.wiring import open_desk
    from irtool.wiring.mailing import Mailing

    with door(), open_desk(config) as desk:
        name = desk.pick(incident, any_state=True)
        if customer:
            data(shown(desk.notice(name, customer)))
            return
        ledger = Mailing(desk).ledger(name)
        rows = list(ledger.rows.values())
        if as_json:
            answer([as_data(row) for row in rows])
            return
        for row in rows:
            data(line(row))
        if not rows:
            say(f"{name} has no notices")
            return
        next_is(*_next(name, rows))


def line(row: Told) -> str:
    """One notice in one line."""
    version = f" v{row.version}" if row.version > 1 else ""
    return f"{clean(row.customer):<14} {clean(row.name):<30} {row.state}{version}{clean(_detail(row))}"


def _detail(row: Told) -> str:
    if row.state == "deferred" and row.retry_at:
        return f" ({row.code}), ask again after {row.retry_at:%H:%MZ}"
    if row.state in {"refused", "bounced", "delayed"}:
        return f" ({row.code})" if row.code else ""
    if row.state == "acknowledged":
        return f", {row.note}" if row.note else ""
    if row.state in {"in doubt", "sending"}:
        return f" {row.message_id}"
    return f" {row.sent_at:%Y-%m-%d %H:%MZ}" if row.sent_at and row.state == "sent" else ""


def as_data(row: Told) -> dict[str, object]:
    """One notice for machines."""
    return {
        "customer": row.customer,
        "label": row.name,
        "state": row.state,
        "at": row.at,
        "version": row.version,
        "template": row.template,
        "change": row.change,
        "recipient": row.recipient,
        "message_id": row.message_id,
        "sent_at": row.sent_at,
        "attempts": row.attempts,
        "code": row.code,
        "said": row.said,
        "retry_at": row.retry_at,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by,
        "note": row.note,
        "escalated_at": row.escalated_at,
    }


def _next(name: str, rows: list[Told]) -> list[str]:
    states = {row.state for row in rows}
    doubtful = next((row for row in rows if row.state in {"in doubt", "sending"}), None)
    if doubtful:
        say("Whether those in doubt arrived is in the mail server's log, under their Message-ID. Then:")
        return [f"irtool resume {name} --settle {clean(doubtful.change)}=done", "or =failed, and it is sent again"]
    if states & {"deferred", "failed"}:
        return [f"irtool resume {name}"]
    if "planned" in states:
        return [f"irtool notices preview {name}"]
    return [f"irtool notices unreachable {name}"]


@commands.command()
def preview(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[INCIDENT] [CUSTOMER]", help="Default: all of the only incident.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Write there, as .html and .eml.")
    ] = None,
    test_to: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Send one as a test to this address of ours, to nobody else.")
    ] = None,
    person: AsOption = None,
    config: ConfigOption = None,
) -> None:
    """Show the notices in a browser, or send one to yourself as a test. No customer gets anything.

    Example: irtool notices preview INC-2026-0001 c-0017
    """
    from irtool.wiring import open_desk
    from irtool.wiring.mailing import Mailing

    with door(), open_desk(config) as desk:
        incident, customer = _named(desk, names or [])
        if test_to:
            who = desk.who(person)
            customer = customer or next((s.change.target for s in desk.notices(incident)), "")
            said = Mailing(desk).test(incident, customer, test_to, who)
            say(f"the notice to {clean(customer)} was sent to {clean(test_to)} as a test: {clean(said)}")
            next_is(f"irtool notices {incident}")
            return
        first, count = _write(desk, incident, customer, output)
        say(f"{count} notice{'s' * (count != 1)}, not sent, in {first.parent}")
        if output is None and not _opened(first):
            say("no browser can be opened here; open the file yourself")
        data(str(first))
        next_is(f"irtool notices {incident}")


def _named(desk: Desk, names: list[str]) -> tuple[str, str]:
    from irtool.cli.cases import is_incident

    incident = next((n for n in names if is_incident(n)), None)
    customers = [n for n in names if n != incident]
    if len(customers) > 1:
        raise UsageError(f"one customer at a time, not {', '.join(customers)}", hint="irtool notices preview")
    return desk.pick(incident, any_state=True), customers[0] if customers else ""


def _write(desk: Desk, incident: str, customer: str, output: Path | None) -> tuple[Path, int]:
    """Write the sheets; the page to open first, and how many notices there are."""
    import tempfile

    from irtool.tell.clean import filename
    from irtool.tell.previews import Shown, index, sheet

    if customer:
        desk.notice(incident, customer)
    every = [s for s in desk.notices(incident) if s.change.action in {"do", "already"}]
    chosen = [s for s in every if customer in {"", s.change.target}]
    if not chosen:
        raise UsageError(f"{incident} has no notice to show", hint=f"irtool notices {incident}")
    paper, shown = desk.paper(incident), []
    try:
        folder = output or Path(tempfile.mkdtemp(prefix="irtool-notices-"))
        folder.mkdir(parents=True, exist_ok=True)
        for status in chosen:
            change = status.change
            name = filename(f"{change.step}-{change.target}")
            message = paper.render("notice.send", change.target, change.params)
            (folder / f"{name}.eml").write_text(message, newline="")
            (folder / f"{name}.html").write_text(sheet(message))
            shown.append(Shown(change.target, change.label, status.state, f"{name}.html"))
        (folder / "index.html").write_text(index(incident, shown))
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}", hint="name a folder that can be written") from error
    return folder.absolute() / (shown[0].file if customer else "index.html"), len(shown)


def _opened(page: Path) -> bool:
    """Show the page, if this machine has a screen and a browser."""
    import os
    import sys
    import webbrowser

    screen = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    )
    try:
        return screen and webbrowser.open(page.as_uri())
    except webbrowser.Error:
        return False


notices_after.add_to(commands)
