"""The questions put to the log: SQL files, and asking them with exactly the parameters they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from irtool.ports import LogSource
from irtool.records import Json

_FOLDER = Path(__file__).with_name("sql")
_PARAMETER = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"--[^\n]*")


@cache
def sql(name: str, campaign: str = "") -> str:
    """The SQL of a question; with `campaign`, after the file that defines its `pattern`."""
    text = _read(name)
    if campaign:
        text = _read(campaign).replace("/* owners */", _read("owners")) + text
    return text


def ask(log: LogSource, text: str, values: Mapping[str, Json]) -> list[dict[str, object]]:
    """The answer to a question. `values` may hold more than it asks for."""
    return log.query(text, {name: values[name] for name in _PARAMETER.findall(text)})


def _read(name: str) -> str:
    return _COMMENT.sub("", (_FOLDER / f"{name}.sql").read_text("utf-8"))
