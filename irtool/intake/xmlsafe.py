"""XML from strangers as a stream of (path, text): no document type, no entities, bounded depth and events.

The standard library's expat is safe once nothing can be declared: every XML bomb needs a DOCTYPE, and so does every
reference to something outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MAX_DEPTH = 30
MAX_EVENTS = 600_000
_CHUNK = 65_536
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


_MANY = 100_000
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_OTHER_CHARSET = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)


class Unsafe(ValueError):
    """The document is refused or broken; says why."""


class Enough(Exception):
    """Raised by a listener that has seen what it needs."""


def mended(content: bytes) -> bytes:
    """The document without what programs most often get wrong: `AT&T` in a text, Latin-1 that calls itself UTF-8.

    Nothing is declared, so a reference to anything but the five predefined entities can only be text.
    """
    if content.startswith(_UTF16) or _OTHER_CHARSET.match(content[:300].lstrip(b"\xef\xbb\xbf \t\r\n")):
        return content
    try:
        content.decode()
    except UnicodeDecodeError:
        content = content.decode("latin-1").encode()
    return _BARE_AMPERSAND.sub(b"&amp;", content) if 0 < content.count(b"&") < _MANY else content


def read(content: bytes, end: Callable[[Sequence[str], str], None]) -> None:
    """Call `end(path, text)` at the end of each element, `path` in lower case and without namespaces.

    `text` is the element's own text, stripped, at most 2,000 characters. Raises Unsafe; what came before it was told.
    """
    from xml.parsers import expat

    path: list[str] = []
    texts: list[str] = []
    events = 0

    def started(name: str, _attributes: object) -> None:
        nonlocal events
        events += 1
        if len(path) >= MAX_DEPTH:
            raise Unsafe(f"elements are nested more than {MAX_DEPTH} deep")
        if events > MAX_EVENTS:
            raise Unsafe(f"it has more than {MAX_EVENTS} elements")
        path.append(name.rpartition(":")[2].lower()[:100])
        texts.append("")

    def ended(_name: str) -> None:
        end(path, texts.pop().strip())
        path.pop()

    def said(text: str) -> None:
        nonlocal events
        events += 1
        if texts and len(texts[-1]) < 2_000:
            texts[-1] += text[:2_000]

    def declared(*_what: object) -> None:
        raise Unsafe("it declares a document type or entities, as XML bombs do")

    recoded = b'encoding="utf-16"' in content[:200].lower().replace(b"'", b'"') and not content.startswith(_UTF16)
    parser = expat.ParserCreate("utf-8" if recoded else None)
    parser.buffer_text = True
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = said
    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    try:
        for at in range(0, len(content), _CHUNK):
            parser.Parse(content[at : at + _CHUNK])
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Unsafe(f"it is not well-formed XML: {error}") from error
    except Enough:
        return
    except (LookupError, ValueError) as error:
        raise error if isinstance(error, Unsafe) else Unsafe(f"its encoding cannot be read: {error}") from error
