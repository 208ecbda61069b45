"""irtool report: what is published about an incident, from the journal alone; and the parts that people write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from irtool.cli import report_parts
from irtool.cli.files import save
from irtool.cli.options import AsOption, ConfigOption, IncidentArgument, JsonOption
from irtool.cli.out import clean, data, door, next_is, say
from irtool.errors import Refused, UsageError

if TYPE_CHECKING:
    from irtool.tell.report import Order, Written
    from irtool.wiring.reports import Reports

EXAMPLES = """\b
Example: irtool report --lang it --format html --output report.html
         irtool report edit root_cause
         irtool report --style postmortem --tlp clear --publish -o report.html"""


class _WriteFirst(TyperGroup):
    """`irtool report INC-…` writes, as `irtool report write INC-…` does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the word `write` in where no command is named."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["write", *args]
        return super().parse_args(ctx, args)


commands = typer.Typer(
    cls=_WriteFirst,
    help="Write the post-incident report, and the parts of it that only people know.\n\nWithout a command it writes "
    f"the report; irtool report write --help has its options.\n\n{EXAMPLES}",
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def report() -> None:
    """Write the post-incident report, and the parts of it that only people know."""


@commands.command("write")
def write(
    incident: IncidentArgument = None,
    lang: Annotated[str, typer.Option(help="A language that reports are written in: de, en, es, fr or it.")] = "en",
    format_: Annotated[str, typer.Option("--format", help="md, html, json, pdf or docx")] = "md",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; default stdout.")] = None,
    style: Annotated[
        str, typer.Option(help="report, postmortem, brief (one page), or bulletin (how to recognise it)")
    ] = "report",
    tlp: Annotated[
        str, typer.Option(help="clear, green, amber, amber+strict or red. Up to amber no names of staff or customers.")
    ] = "",
    publish: Annotated[bool, typer.Option("--publish", help="Refuse while anything is open; record it.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="The Sophos intervals of 2025 beside ours.")] = False,
    person: AsOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report.

    Every figure and date in it is checked against the journal. Parts that only a person can know stand in it as boxes
    until somebody writes them.

    Example: irtool report --lang it --format html --output report.html
    """
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk:
        format_ = "json" if as_json else format_
        _possible(format_, output, publish=publish)
        reports = desk.reports(incident or desk.pick(None, any_state=True))
        order = reports.order(style=style, lang=lang, tlp=tlp or ("clear" if publish else ""), compare=compare)
        written = reports.write(order)
        by = desk.who(person, exactly=True) if publish else ""
        if publish:
            _ready(reports, written)
        content = reports.render(written, format_)
        if output is None:
            data(content.decode())
        else:
            save(output, content)
            reports.record(output, format_, content, order, by=by, published=publish)
            _told(output, format_, order, reports, publish=publish)
        if written.boxes:
            say(f"Parts that only a person can know are marked TODO: {', '.join(written.boxes)}")
            next_is(f"irtool report edit {reports.told.incident} {written.boxes[0]} --lang {order.lang}")
        elif output is not None:
            next_is(f"irtool timeline {reports.told.incident}{'' if publish else ' --check'}")


def _ready(reports: Reports, written: Written) -> None:
    """Refuse, with the list, while anything stands against publishing."""
    points, name = reports.open_points(written, reports.findings()), reports.told.incident
    if not points:
        return
    for point in points:
        say(clean(point))
    edit = f"irtool report edit {name} {written.boxes[0]} --lang {written.order.lang}" if written.boxes else ""
    raise Refused(
        f"{name} is not ready to be published: {len(points)} point{'s' if len(points) > 1 else ''} open",
        done="nothing was written",
        hint=edit or f"irtool timeline {name} --check",
    )


def _possible(format_: str, output: Path | None, *, publish: bool) -> None:
    if publish and output is None:
        raise UsageError(
            "what is published is a file; nothing was written", hint="irtool report --publish -o report.html"
        )
    if format_ in {"pdf", "docx"} and output is None:
        raise UsageError(
            f"{format_} goes to a file; nothing was written", hint=f"irtool report --format {format_} -o FILE"
        )


def _told(output: Path, format_: str, order: Order, reports: Reports, *, publish: bool) -> None:
    label = f", TLP:{order.tlp.upper()}" if order.tlp else ""
    done = "published: " if publish else ""
    say(f"{clean(output)}: {done}{order.style} of {reports.told.incident}, {order.lang}, {format_}{label}")


commands.command("edit")(report_parts.edit)
commands.command("parts")(report_parts.parts)
