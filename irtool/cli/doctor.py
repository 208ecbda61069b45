"""irtool doctor: does everything work that a run will need? Before the night it is needed."""

from __future__ import annotations

from irtool.cli.options import ConfigOption, JsonOption
from irtool.cli.out import answer, clean, colour, data, door, leave, next_is


def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check that everything works which a run will need.

    Configuration, people, journal, logs, directory, and the address and credentials of every connector.

    Example: irtool doctor
    """
    from irtool.wiring import open_desk
    from irtool.wiring.preflight import preflight

    with door(), open_desk(config) as desk:
        found = list(preflight(desk))
        bad = [f for f in found if f.level == "fault"]
        if as_json:
            answer({"ok": not bad, "checks": found})
        for check in () if as_json else found:
            mark = {"ok": colour("ok  ", "green"), "warn": colour("warn", "yellow"), "fault": colour("BAD ", "red")}
            data(f"{mark[check.level]}  {clean(check.what):<22} {clean(check.says)}")
            if check.hint:
                data(f"{'':<29}{clean(check.hint)}")
        if bad:
            leave(2)
        if not as_json:
            next_is("irtool plan email-abuse COMPLAINT")
