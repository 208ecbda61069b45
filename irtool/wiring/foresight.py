"""What `irtool doctor` can tell of the future: what the connectors may do, what is due, what is not in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from irtool.connectors import hold
from irtool.errors import IrtoolError
from irtool.run.able import CAN, CANNOT, UNPROVEN, UNTOLD, Ability, grouped, survey
from irtool.wiring.desk import Desk
from irtool.wiring.leasing import in_force
from irtool.wiring.plumbing import Pool

_LEVELS = {CAN: "ok", UNPROVEN: "unproven", CANNOT: "fault", UNTOLD: "fault"}
_EXTRAS = {"anchor": "rfc3161_client", "dkim": "dkim", "keyring": "keyring"}
"""The library that each extra of the package is about."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `level`: ok, unproven, warn or fault. Of a connector's `verbs`, `able` says what is known:
    can, cannot, unproven or untold (see run.able)."""

    level: str
    what: str
    says: str
    hint: str = ""
    verbs: tuple[str, ...] = ()
    able: str = ""


def connectors(desk: Desk) -> Iterator[Check]:
    """Address and credentials of each connector, and each verb that they may, or may not, do and undo."""
    try:
        found = desk.connectors("")
        pool = Pool(desk.config, found)
    except IrtoolError as error:
        for fault in getattr(error, "faults", ()) or (error.message,):
            yield Check("fault", "connectors", fault, error.hint)
        return
    abilities = survey(found, pool, desk.clock)
    for name, connector in found.items():
        sender = pool.sender()
        refused = ""
        try:
            yield Check("ok", name, hold(connector.ping(), sender))
        except IrtoolError as error:
            refused = error.message
            yield Check("fault", name, error.message, error.hint)
        finally:
            sender.close()
        yield from _verbs(name, [a for a in abilities if a.connector == name], refused)
        asked = {a.verb for a in abilities if a.connector == name}
        unasked = tuple(sorted(connector.verbs() - asked))
        if unasked:
            says = f"{', '.join(unasked)}: cannot be proven: the connector has no way to ask"
            yield Check("unproven", name, says, "", unasked, UNPROVEN)


def _verbs(name: str, abilities: list[Ability], refused: str) -> Iterator[Check]:
    for word, level in _LEVELS.items():
        meant = [a for a in abilities if a.word == word]
        for (_, says), verbs in grouped(meant).items():
            hint = next(a.hint for a in meant if a.says == says)
            yield Check(level, name, _sentence(word, verbs, says, refused), hint, tuple(verbs), word)


def _sentence(word: str, verbs: list[str], says: str, refused: str) -> str:
    which = ", ".join(verbs)
    if word == CAN:
        return f"can do {which}"
    if word == UNPROVEN:
        return f"{which}: cannot be proven by reading: {says}"
    why = "the same" if says == refused else says
    return f"cannot do {which}: {why}" if word == CANNOT else f"of {which} it cannot be told now: {why}"


def due(desk: Desk) -> Iterator[Check]:
    """What was to end by now and is still in force."""
    try:
        over = [lease for lease in in_force(desk) if lease.is_due(desk.clock.now())]
    except IrtoolError:  # the journal has been told of as a fault
        return
    if over:
        which = ", ".join(dict.fromkeys(lease.incident for lease in over))
        says = f"{len(over)} still in force although the time is up ({which})"
        yield Check("warn", "leases", says, "irtool expire, best every few minutes from cron")


def shadows(desk: Desk) -> Iterator[Check]:
    """What is in shadow mode now."""
    shadow = desk.config.settings.shadow
    if shadow:
        yield Check("warn", "shadow", f"nothing is really changed by {', '.join(shadow)}", "take it out of shadow:")


def extras(desk: Desk) -> Iterator[Check]:
    """Libraries that the configuration asks for and that are not installed with irtool itself."""
    settings = desk.config.settings
    references = [ref for spec in desk.config.connectors() for ref in spec.secrets.values()]
    references += [settings.notices.password or ""] if settings.notices else []
    asked = {
        "anchor": "timestamps:" if settings.timestamps else "",
        "dkim": "notices.dkim:" if settings.notices and settings.notices.dkim else "",
        "keyring": next((ref for ref in references if ref.startswith("keyring:")), ""),
    }
    for extra, why in asked.items():
        if why and find_spec(_EXTRAS[extra]) is None:
            yield Check("fault", "extras", f"{why} needs a library", f"pip install 'irtool[{extra}]'")
