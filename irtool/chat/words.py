"""Text for Slack: everything foreign is made literal and unclickable here, once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from irtool.errors import FaultsError, IrtoolError
from irtool.records import Change
from irtool.tell.clean import defang, slack, terminal

LONGEST = 300
"""Characters of one piece of foreign text."""

_OUR_FILES = re.compile(r"\[\.\](?=(?:ya?ml|db|eml)\b)")
_USER = re.compile(r"[UW][A-Z0-9]{2,20}\Z")
_FAULTS = 12


def foreign(text: object, longest: int = LONGEST) -> str:
    """Any text as literal mrkdwn on one line, its domains, addresses and URLs defanged (file names of ours are not)."""
    given = str(text)
    given = given if len(given) <= longest else f"{given[: longest - 1]}…"
    return slack(_OUR_FILES.sub(".", defang(given)))


def code(text: str) -> str:
    """One line for a code block: it cannot end the block."""
    return foreign(text).replace("`", "'")


def mention(slack_id: str) -> str:
    """A mention of a user id of irtool.yaml; "" if that is not the shape of one."""
    return f"<@{slack_id}>" if _USER.match(slack_id) else ""


def target(change: Change) -> str:
    """What a change is applied to."""
    return foreign(change.label or change.target)


def plain_target(change: Change) -> str:
    """The same where Slack takes plain text: nothing in it is markup there."""
    return terminal(defang(change.label or change.target))


def plural(number: int, one: str, many: str = "") -> str:
    """`1 change`, `1,240 changes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def problem(error: IrtoolError) -> list[str]:
    """What happened, what was already done, what to type next."""
    lines = [foreign(fault) for fault in error.faults[:_FAULTS]] if isinstance(error, FaultsError) else []
    lines.append(foreign(error.message))
    if error.done:
        lines.append(foreign(error.done))
    if error.hint:
        lines.append(f"Next: {foreign(error.hint)}")
    return lines


def sizes(findings: Mapping[str, object]) -> str:
    """The campaign in one line; what there is none of is left out."""
    nouns = {
        "accounts": ("account", ""),
        "source_ips": ("source IP", ""),
        "sender_addresses": ("sender address", "sender addresses"),
        "destination_domains": ("destination domain", ""),
        "affected_customers": ("affected customer", ""),
    }
    messages = findings.get("messages")
    parts = [plural(messages, "message")] if isinstance(messages, int) and messages else []
    for key, (one, many) in nouns.items():
        found = findings.get(key)
        if isinstance(found, list) and found:
            parts.append(plural(len(found), one, many))
    return ", ".join(parts) or "no campaign found"
