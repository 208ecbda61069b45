"""What people type in Slack -> words; the terminal's grammar, with the complaint pasted after it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

VERBS = (
    "plan", "run", "resume", "status", "timeline", "approve", "refuse", "veto", "revoke", "break-glass", "ratify",
    "disown", "help",
)  # fmt: skip

HELP = (
    "*irtool* takes the words of the terminal, as `/irtool …` or `@irtool …`:",
    "`plan PLAYBOOK` and the complaint pasted after it: find the campaign, show what would be done",
    "`run PLAYBOOK` and the complaint: the same, and start at once;  `run INC-…`: start what is planned",
    "`resume INC-…`: go on with a run that was stopped",
    "`status` or `status INC-…`: where everything stands;  `timeline INC-…`: what happened",
    "`approve INC-… STEP`, `refuse INC-… STEP why`: answer a request;  `revoke INC-… STEP`: take your yes back",
    "`veto INC-… STEP TARGET why`: leave one target out, as long as it was not begun; the rest goes on",
    "`break-glass INC-… STEP why`: alone, without the approval of others",
    "`ratify INC-…`, `disown INC-… why`: stand by a break-glass of somebody else, or not",
    "In a thread, `@irtool plan email-abuse` takes the thread's first message as the complaint.",
)

_LINK = re.compile(r"<((?:https?|ftp|mailto|tel):[^<>|\s]+)(?:\|([^<>]*))?>")
_INPUT = re.compile(r"\s*(?:--|—)input[ =]+([\w-]+)=(\S+)")
_FENCE = re.compile(r"\A\s*```[ \t]*\n?(.*?)\n?[ \t]*```\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """A verb, the words after it, the values of `--input NAME=VALUE`, and what was pasted."""

    verb: str
    args: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    pasted: str = ""


def plain(text: str) -> str:
    """The text as it was typed: Slack's own links and escapes (`<mailto:a@b|a@b>`, `&lt;`) are taken back."""
    typed = _LINK.sub(_typed, text)
    return typed.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _typed(link: re.Match[str]) -> str:
    url, label = link[1], link[2] or ""
    bare = re.sub(r"\A(?:mailto|tel):", "", url)
    if not label or label == bare:
        return bare
    return label if label.rstrip("/") == re.sub(r"\A\w+://", "", url).rstrip("/") else f"{label} {bare}"


def parse(text: str) -> Words:
    """The words of a command. The verb is "help" if nothing was said."""
    verb, rest = _word(text)
    verb = verb.lower() or "help"
    if verb not in {"plan", "run"}:
        return Words(verb, tuple(rest.split()))
    book, rest = _word(rest)
    inputs = {}
    while found := _INPUT.match(rest):
        inputs[found[1]] = found[2]
        rest = rest[found.end() :]
    return Words(verb, (book,) if book else (), inputs, _unfenced(rest))


def _word(text: str) -> tuple[str, str]:
    """The first word, and all after it; a code block is not a word."""
    found = re.match(r"\s*((?:(?!```)\S)+)", text)
    return (found[1], text[found.end() :]) if found else ("", text)


def _unfenced(text: str) -> str:
    fenced = _FENCE.match(text)
    return (fenced[1] if fenced else text).strip("\r\n").lstrip(" \t")
