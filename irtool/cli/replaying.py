"""What `irtool policy replay` was asked, put to the log: which campaign, which rules, which span."""

from __future__ import annotations

from collections.abc import Sequence

from irtool.cli.sources import read_all
from irtool.errors import UsageError
from irtool.language.yamlfile import suggest
from irtool.playbook.durations import duration
from irtool.ports import Progress
from irtool.records import Complaint, from_json
from irtool.triage import replay
from irtool.triage.relay_policy import RULES
from irtool.triage.replay import Replay, last_moment
from irtool.triage.seeds import span_start
from irtool.wiring.desk import Desk


def replayed(
    desk: Desk,
    incident: str | None,
    names: Sequence[str],
    rules: Sequence[str],
    since: str | None,
    progress: Progress,
) -> Replay:
    """The rules over the configured log. Raises UsageError for an unknown rule, or without log or directory."""
    for rule in rules:
        if rule not in RULES:
            raise UsageError(f"there is no relay rule {rule}{suggest(rule, RULES)}", hint=f"one of: {', '.join(RULES)}")
    settings = desk.config.settings
    if not settings.logs or not settings.directory.domains:
        raise UsageError(
            "a replay needs a gateway log and the directory's domains", hint="irtool.yaml: add logs: and directory:"
        )
    complaints = _complaints(desk, incident, names)
    log = desk.evidence.log
    begin, campaign = None, False
    if complaints:
        span = duration(since or "72h")
        _, findings = desk.triage(complaints, since or "72h", progress)
        begin, campaign = span_start(complaints, span, desk.clock.now()), findings.from_log
    elif since and (last := last_moment(log)):
        begin = last - duration(since)
    return replay(
        log,
        own_domains=settings.org.domains,
        since=begin,
        campaign=campaign,
        rules=tuple(rules) or tuple(RULES),
        progress=progress,
    )


def _complaints(desk: Desk, incident: str | None, names: Sequence[str]) -> tuple[Complaint, ...]:
    if names:
        return desk.read(read_all(names))
    if incident is None:
        return ()
    return tuple(from_json(Complaint, dict(data)) for data in desk.history(desk.pick(incident)).complaints)
