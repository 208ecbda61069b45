"""Reading what a client sent: JSON with limits, fields of the right type. Everything wrong is a Problem 400."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, cast
from urllib.parse import parse_qsl

from irtool.records import Json
from irtool.sandbox.problems import Problem

MAX_BODY = 2 * 1024 * 1024
"""Bytes of a request body."""

Fields = Mapping[str, type | tuple[type, ...]]
"""The names a body may hold and the types of their values."""

_DURATION = re.compile(r"([0-9]{1,6})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read(environ: Mapping[str, object]) -> bytes:
    """The whole body. Raises Problem 411, 413, 400."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        raise Problem(411, "send a Content-Length")
    text = str(environ.get("CONTENT_LENGTH") or "0")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Problem(400, "Content-Length is not a number")
    if int(text) > MAX_BODY:
        raise Problem(413, f"at most {MAX_BODY} bytes")
    content = cast("BinaryIO", environ["wsgi.input"]).read(int(text))
    if len(content) < int(text):
        raise Problem(400, "the body is shorter than its Content-Length")
    return content


def query(environ: Mapping[str, object]) -> dict[str, str]:
    """The parameters of the URL; each at most once."""
    try:
        pairs = parse_qsl(
            str(environ.get("QUERY_STRING", "")), keep_blank_values=True, max_num_fields=20, errors="strict"
        )
    except ValueError:
        raise Problem(400, "the query cannot be read") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise Problem(400, "a parameter is given twice")
    return dict(pairs)


def fields(content: bytes, known: Fields) -> dict[str, Json]:
    """The JSON object in the body. Its keys must be known and its values of their type; null is as good as absent."""
    try:
        data = json.loads(content or b"{}", parse_constant=_refuse)
        json.dumps(data, ensure_ascii=False).encode()  # half of a surrogate pair is not text
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(data, dict):
        raise Problem(400, "the body must be a JSON object")
    for name, value in data.items():
        if name not in known:
            raise Problem(400, f"unknown field; known: {', '.join(known)}")
        kinds = known[name] if isinstance(known[name], tuple) else (known[name],)
        if value is not None and type(value) not in cast("tuple[type, ...]", kinds):
            raise Problem(400, f"{name}: wrong type")
        if isinstance(value, str) and not value.isprintable() and name != "message":
            raise Problem(400, f"{name}: holds characters that cannot be printed")
    return {name: value for name, value in data.items() if value is not None}


def texts(value: Json, name: str, most: int = 100) -> list[str]:
    """A list of texts, or one text as a list of it."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) > most:
        raise Problem(400, f"{name}: a list of at most {most} texts")
    found = [item for item in items if isinstance(item, str) and len(item) <= 1000]
    if len(found) < len(items):
        raise Problem(400, f"{name}: a list of texts")
    return found


def numbers(value: Json, name: str) -> tuple[int, ...]:
    """A list of whole numbers that fit into SQLite's."""
    items = value if isinstance(value, list) else []
    found = tuple(item for item in items if type(item) is int and 0 <= item < 2**63)
    if not isinstance(value, list) or len(found) < len(items):
        raise Problem(400, f"{name}: a list of whole numbers")
    return found


def number(text: str, name: str, least: int, most: int) -> int:
    """A whole number in a URL."""
    if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
        raise Problem(400, f"{name}: a number from {least} to {most}")
    return int(text)


def moment(text: str, now: datetime) -> datetime:
    """A time: ISO 8601 with its zone, or a duration from now (`90s`, `15m`, `72h`, `30d`). Whole seconds, UTC."""
    try:
        if found := _DURATION.match(text):
            return now + timedelta(**{_UNITS[found[2]]: int(found[1])})
        given = datetime.fromisoformat(text)
        if given.tzinfo is not None:
            return given.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    raise Problem(400, "expires: a time with its zone (2026-01-31T12:00:00Z) or a duration (30d)")


def _refuse(constant: str) -> Json:
    raise ValueError(constant)
