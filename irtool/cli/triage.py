"""irtool triage: what is this complaint about, and how large is the campaign? Changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, data, door, next_is, say


def triage(
    complaints: Annotated[list[str], typer.Argument(help="Files, folders, or - for stdin.")],
    since: Annotated[str, typer.Option(help="How far back to search the logs from the complaint.")] = "72h",
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write the evidence for each impersonated customer, and the complaints."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read complaints and find the campaign in the logs.

    Changes nothing, sends nothing. Complaints of several campaigns are told apart: the figures are of the campaign
    with most complaints.

    Example: irtool triage complaint.eml
    """
    from irtool.cli.progress import bar
    from irtool.cli.sources import read_all
    from irtool.cli.triage_view import lines
    from irtool.cli.views import plural
    from irtool.wiring import open_desk

    with door(), open_desk(config) as desk, bar() as progress:
        sources = read_all(complaints)
        read = desk.read(sources)
        seen, findings = desk.triage(read, since, progress)
        progress.close()
        if evidence:
            from irtool.cli.packs import write, write_originals

            packs, raw = write(evidence, findings), write_originals(evidence / "complaints", sources)
            say(f"{plural(len(packs), 'file')} of evidence written to {clean(evidence)}; nothing was sent")
            say(f"  complaints/ has {plural(len(raw), 'complaint')} as they came in, unredacted: not for customers")
        if as_json:
            answer({"complaints": seen, "findings": findings})
            return
        data("\n".join(lines(seen, findings)))
        shown = " ".join(clean(c) for c in complaints)
        elsewhere = any("yarix-2014" in c.signatures for c in seen)
        book = "spoofed-campaign" if elsewhere else "email-abuse"
        next_is(f"irtool plan {book} {shown}" if desk.config.path else "irtool doctor")
