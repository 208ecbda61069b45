"""irtool templates: the texts of notices and reports, which are yours to change."""

from __future__ import annotations

from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, leave, next_is, say
from irtool.errors import UsageError

commands = typer.Typer(
    help="The texts of notices and reports, which are yours to change.\n\n"
    "Example: irtool templates copy customer-notice",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="notices/en/customer-notice.txt.j2, notices/en, or customer-notice."),
]


@commands.callback()
def templates() -> None:
    """The texts of notices and reports, which are yours to change."""


@commands.command("list")
def listing(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the templates and where each comes from: shipped, copied, edited, or your own.

    Example: irtool templates list
    """
    from irtool import config as configuration
    from irtool.wiring.templating import entries, own_folder

    with door():
        found = configuration.load(config)
        every = entries(found)
        if as_json:
            answer(
                [{"name": e.name, "source": e.source, "lang": e.lang, "path": str(e.own or e.shipped)} for e in every]
            )
            return
        for entry in every:
            data(f"{clean(entry.name):<52} {entry.source}")
        own = own_folder(found)
        say(f"your own are in {own}" if own else "irtool.yaml names no folder for your own (templates: ./templates)")
        next_is("irtool templates copy customer-notice")


@commands.command()
def copy(
    names: Names = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy shipped templates to where you may edit them: the folder `templates` of irtool.yaml.

    Example: irtool templates copy customer-notice
    """
    from irtool import config as configuration
    from irtool.wiring.templating import copy as copied

    with door():
        if not names:
            raise UsageError("copy which templates?", hint="irtool templates list")
        written = copied(configuration.load(config), names, force=force)
        if as_json:
            answer([str(path) for path in written])
            return
        for path in written:
            data(clean(str(path)))
        next_is("irtool templates check", f"irtool templates variables {clean(names[0])}")


@commands.command()
def diff(names: Names = None, config: ConfigOption = None) -> None:
    """Show what your templates change in the shipped ones.

    Example: irtool templates diff customer-notice
    """
    from irtool import config as configuration
    from irtool.wiring.templating import diff as difference
    from irtool.wiring.templating import entries, pick

    with door():
        found = configuration.load(config)
        chosen = pick(found, names) if names else entries(found)
        texts = [text for entry in chosen if (text := difference(entry))]
        for text in texts:
            data("\n".join(clean(line) for line in text.splitlines()))
        if not texts:
            say("no difference")


@commands.command()
def check(names: Names = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check templates: syntax, filters, variables, and a trial with examples. All faults at once.

    Example: irtool templates check
    """
    from irtool import config as configuration
    from irtool.wiring.letters import templates as folders
    from irtool.wiring.templating import entries, faults, pick

    with door():
        found = configuration.load(config)
        chosen = pick(found, names) if names else entries(found)
        results = {entry.name: faults(folders(found), entry) for entry in chosen}
        if as_json:
            answer([{"name": name, "ok": not lines, "faults": lines} for name, lines in results.items()])
        for lines in results.values():
            for line in () if as_json else lines:
                data(clean(line))
        faulty = sum(bool(lines) for lines in results.values())
        say(f"{len(results)} templates, {faulty or 'none'} faulty")
        if faulty:
            leave(2)


@commands.command()
def variables(
    name: Annotated[str, typer.Argument(metavar="NAME", help="customer-notice, relay-report, page …")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the variables that a template may use, with what they mean.

    Example: irtool templates variables customer-notice
    """
    from irtool import config as configuration
    from irtool.tell import variables as documented
    from irtool.wiring.templating import pick

    with door():
        entry = pick(configuration.load(config), [name])[0]
        known = documented.of(entry.short) if entry.is_mail else None
        if known is None:
            raise UsageError(
                f"{entry.name} is no mail: reports are filled with all facts of the incident",
                hint="irtool report --format json",
            )
        lines = documented.lines(known)
        if as_json:
            answer([{"name": variable, "about": about} for variable, about in lines])
            return
        for variable, about in lines:
            data(f"{variable:<28} {about}")
        next_is(f"irtool templates copy {clean(name)}")
