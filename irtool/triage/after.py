"""The campaign's mail that was accepted after it was contained: how much, and by whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from irtool.ports import LogSource
from irtool.records import Flow, Json, NewMail
from irtool.triage.questions import ask, integer, lacking, sql
from irtool.triage.seeds import texts

MOST = 50
"""So many values are named at the most."""
REFUSED = (
    "rej", "reje", "soft", "hard", "refu", "bloc", "deni", "deny", "drop", "disc", "quar", "fail", "perm", "defe",
    "dela", "temp", "tran", "grey", "rate", "boun", "expi", "held", "hold", "erro", "inva", "admi", "filt", "not ",
    "not_", "pend", "rend", "supp", "unde", "undi",
)  # fmt: skip
"""How the words begin (four letters) with which gateways log that a message did not go out: rejected, deferred,
bounced, TransientFailure and AdminBounce (KumoMTA), FilteredAsSpam (Exchange), Rendering Failure (SES). Any other word,
or none, counts as accepted; so does an answer code of 2xx."""
GRACE = timedelta(minutes=2)
"""Mail that was under way when something was blocked may still be accepted for so long."""
_COLUMNS = (("account", "account"), ("source_ip", "ip"), ("header_sender", "address"), ("recipient_domain", "domain"))


def accepted_after(log: LogSource, moment: datetime, known: Collection[str]) -> NewMail:
    """What the log has of the campaign since that moment; triage has to have found the campaign in this log before.

    `known` are the targets that some change is about already; the values of the answer are the others, those with most
    messages first.
    """
    if "time" in log.missing():
        return NewMail(moment, error="the log has no time: mail after the containment cannot be told from mail before")
    values: dict[str, Json] = {
        "moment": _stamp(moment),
        "no_account": "account" in lacking(log),
        "refused": [*REFUSED],
    }
    rows = ask(log, sql("after"), values)
    there = {target.lower() for target in known}
    counted: dict[str, int] = {}
    for row in rows:
        for column, word in _COLUMNS:
            value = row[column]
            if value and str(value).lower() not in there:
                counted[f"{word} {value}"] = counted.get(f"{word} {value}", 0) + integer(row["messages"])
    last = max((row["last_seen"] for row in rows if isinstance(row["last_seen"], datetime)), default=None)
    ordered = sorted(counted, key=lambda name: (-counted[name], name))
    return NewMail(moment, sum(integer(r["messages"]) for r in rows), last, tuple(ordered[:MOST]))


def flows(log: LogSource, column: str, values: Collection[str], moment: datetime) -> dict[str, Flow]:
    """By value of that column: how much mail there was before that moment, and how much was accepted after it."""
    if {"time", column} & log.missing() or column not in dict(_COLUMNS) or not values:
        return {}
    last = log.query("SELECT max(time) AS last FROM log")[0]["last"]
    asked: dict[str, Json] = {
        "column": column,
        "values": texts(values),
        "refused": [*REFUSED],
        "moment": _stamp(moment),
        "later": _stamp(moment + GRACE),
    }
    rows = ask(log, sql("flow"), asked)
    until = last if isinstance(last, datetime) else None
    return {str(r["value"]): Flow(moment, integer(r["earlier"]), integer(r["since"]), until) for r in rows}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
