"""Markdown -> docx with the pandoc of this machine. It reads no file of anybody's and fetches nothing.

First the Markdown is parsed in pandoc's sandbox. Then images and raw markup, all that could make the writer open
something, are taken out of the parsed document, and only that is written: many builds of pandoc cannot write docx
inside the sandbox, because they keep their own data in files.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from irtool.adapters.command import CommandLimits, CommandSender
from irtool.errors import CallError, UsageError
from irtool.records import Call, Json

_INSTALL = "apt-get install pandoc   (Debian and Ubuntu; else pandoc.org/installing)"
_DIALECT = "commonmark+pipe_tables-raw_html"
_LIMITS = CommandLimits(seconds=60, output_bytes=200_000_000)
_HEAP = ("+RTS", "-M1G", "-RTS")
_STRANGE = "pandoc answers what irtool does not know"
_MOST = 5_000_000
"""Characters of Markdown; more is no report."""


def docx(markdown: str, lang: str) -> bytes:
    """The Markdown as a Word document, its first heading as the title; images become their text.

    Raises UsageError if pandoc is missing, too old for its sandbox, or cannot do it.
    """
    program = shutil.which("pandoc")
    if program is None:
        raise UsageError("docx needs pandoc, which is not installed; nothing was written", hint=_INSTALL)
    if len(markdown) > _MOST:
        raise UsageError("the report is too long for docx; nothing was written", hint="irtool report --format md")
    parse = ("--sandbox", f"--from={_DIALECT}", "--to=json", f"--metadata=lang:{lang}")
    parsed = _titled(_harmless(_document(_run((program, *parse, *_HEAP), markdown))))
    with tempfile.TemporaryDirectory(prefix="irtool-docx-") as folder:
        path = Path(folder) / "report.docx"
        _run((program, "--from=json", "--to=docx", f"--output={path}", *_HEAP), json.dumps(parsed))
        return path.read_bytes()


def _run(argv: tuple[str, ...], text: str) -> str:
    try:
        reply = CommandSender(_LIMITS).send(Call("pandoc", "", "", transport="command", argv=argv, body=text))
    except CallError as error:
        raise UsageError(f"{error.message}; nothing was written", hint="irtool report --format md") from None
    if reply.status:
        said = reply.headers.get("stderr", "").strip().splitlines()
        what = said[0] if said else f"it ended with {reply.status}"
        raise UsageError(f"pandoc cannot write this: {what[:200]}; nothing was written", hint="pandoc --version")
    return reply.body


def _document(text: str) -> Json:
    try:
        found: Json = json.loads(text)
    except ValueError:
        raise UsageError(f"{_STRANGE}; nothing was written", hint="pandoc --version") from None
    return found


def _harmless(node: Json) -> Json:
    """The document with every image as its text, and nothing raw."""
    if isinstance(node, list):
        return [_harmless(n) for n in node if not (isinstance(n, dict) and n.get("t") in {"RawBlock", "RawInline"})]
    if not isinstance(node, dict):
        return node
    content = node.get("c")
    if node.get("t") == "Image" and isinstance(content, list):
        return {"t": "Span", "c": [["", [], []], _harmless(content[1])]}
    return {key: _harmless(value) for key, value in node.items()}


def _titled(document: Json) -> Json:
    """The document with its first heading as the title, and the headings below it a level up."""
    blocks = document.get("blocks") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(blocks, list):
        raise UsageError(f"{_STRANGE}; nothing was written", hint="pandoc --version")
    title: Json = None
    kept: list[Json] = []
    for block in blocks:
        content = block.get("c") if isinstance(block, dict) and block.get("t") == "Header" else None
        if not isinstance(content, list):
            kept.append(block)
        elif title is None:
            title = content[-1]
        else:
            kept.append({"t": "Header", "c": [max(int(str(content[0])) - 1, 1), *content[1:]]})
    meta = document.get("meta")
    named: dict[str, Json] = {"title": {"t": "MetaInlines", "c": title}} if title is not None else {}
    return {**document, "meta": {**(meta if isinstance(meta, dict) else {}), **named}, "blocks": kept}
