"""The command line as a whole. Each command lives in its own file and imports what it needs when it runs."""

from __future__ import annotations

import sys

import typer

from irtool import __version__
from irtool.cli import (
    anchor,
    approve,
    check,
    close,
    demo,
    doctor,
    evidence,
    expire,
    hunt,
    indicators,
    ingest,
    leases,
    note,
    notices,
    plan,
    policy,
    ratify,
    report,
    resume,
    sandbox,
    schema,
    slack,
    status,
    templates,
    timeline,
    triage,
    undo,
    verify,
    watch,
)
from irtool.cli import (
    run as run_command,
)
from irtool.cli.broken import broken

EPILOG = """\b
Start here:   irtool demo
Exit codes:   0 done                    1 a step failed
              2 usage, configuration    3 waiting for a person
              4 an outcome is unknown   5 refused by a guard
              130 interrupted"""

app = typer.Typer(
    name="irtool",
    help="Incident response for e-mail abuse: one complaint in, campaign contained, customers told, report written.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for name, function in (
    ("demo", demo.demo),
    ("doctor", doctor.doctor),
    ("ingest", ingest.ingest),
    ("triage", triage.triage),
    ("hunt", hunt.hunt),
    ("plan", plan.plan),
    ("run", run_command.run),
    ("resume", resume.resume),
    ("approve", approve.approve),
    ("refuse", approve.refuse),
    ("ratify", ratify.ratify),
    ("status", status.status),
    ("timeline", timeline.timeline),
    ("note", note.note),
    ("watch", watch.watch),
    ("verify", verify.verify),
    ("anchor", anchor.anchor),
    ("evidence", evidence.evidence),
    ("close", close.close),
    ("undo", undo.undo),
    ("leases", leases.leases),
    ("expire", expire.expire),
    ("report", report.report),
    ("notices", notices.notices),
    ("indicators", indicators.indicators),
    ("check", check.check),
    ("schema", schema.schema),
    ("sandbox", sandbox.sandbox),
):
    app.command(name)(function)
app.add_typer(policy.commands, name="policy")
app.add_typer(report.commands, name="report")
app.add_typer(notices.commands, name="notices")
app.add_typer(templates.commands, name="templates")


def run(serve_slack: slack.ServeSlack) -> None:
    """Read the command line and do what it says; `--version` answers before anything is loaded."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"irtool {__version__}\n")
        return
    app.command("slack")(slack.command(serve_slack))
    with broken():
        app()
