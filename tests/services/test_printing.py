"""Reports on paper and in Word, by the real programs: read back, and harmless whatever stands in them."""

from __future__ import annotations

import io
import re
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from irtool.shipped import folder
from irtool.tell import clean
from irtool.tell.page import page, spoken
from irtool.tell.pictures import pictures
from irtool.wiring.printing import docx, pdf

HOSTILE = "<script>alert(1)</script> =1+1 {{ 7*7 }} \u202e\x1b[31m\r\nBcc: x ![i](http://127.0.0.1:{port}/i.png)"
INSTALL = "apt-get install pandoc libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
MARKDOWN = """# Post-incident report

INC-2025-0001

## Timeline

<!-- picture: hit -->

| Time | Event |
| --- | --- |
| 14 April 2025 | {cell} |

### Details

> **TODO:** say what happened.

{text}
"""

pytestmark = pytest.mark.services


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    """They must be there: a test that is skipped proves nothing."""
    assert shutil.which("pandoc"), f"pandoc is missing: {INSTALL}"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A port, and what knocks at it."""
    seen: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    ended = threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                peer, _ = server.accept()
            except TimeoutError:
                continue
            with peer:
                peer.settimeout(1)
                seen.append(peer.recv(1000))

    thread = threading.Thread(target=accept)
    thread.start()
    yield server.getsockname()[1], seen
    ended.set()
    thread.join()
    server.close()


def facts() -> dict[str, Any]:
    """Twelve customers for a picture."""
    return {"campaign": {"affected_customers": [{"id": str(n), "messages": 30 - n} for n in range(12)]}}


def html(markdown: str, *, lang: str = "it", marking: str = "TLP:AMBER") -> str:
    """The page as irtool writes it."""
    found = pictures(facts(), lang)
    return page(markdown, lang=lang, templates=[folder("templates")], pictures=found, marking=marking)


def test_a_report_on_paper() -> None:
    """Text, numbered sheets with the marking, bookmarks, title, language, tags; twice the same bytes."""
    long = "\n\n".join(f"Capoverso {n} con un po’ di testo, però breve." for n in range(120))
    text = html(MARKDOWN.format(cell="Segnalato", text=long))
    content = pdf(text)
    assert content.startswith(b"%PDF-")
    assert content == pdf(text)
    reader = PdfReader(io.BytesIO(content))
    sheets = [sheet.extract_text() for sheet in reader.pages]
    assert len(sheets) > 2
    assert all(f"{n} / {len(sheets)}" in sheet and "TLP:AMBER" in sheet for n, sheet in enumerate(sheets, 1))
    assert "Capoverso 119" in " ".join(sheets)
    assert "Cliente 12" in sheets[0]
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "it"
    assert root["/MarkInfo"]["/Marked"]
    assert reader.metadata
    assert reader.metadata.title == "Post-incident report"
    assert _titles(reader.outline) == ["Post-incident report", "Timeline", "Details"]


def _titles(outline: Any) -> list[str]:
    return [title for one in outline for title in (_titles(one) if isinstance(one, list) else [one.title])]


def test_pictures_on_paper_have_words() -> None:
    """Tagged as figures with a description."""
    content = pdf(html(MARKDOWN.format(cell="x", text="y")))
    reader = PdfReader(io.BytesIO(content))
    root: Any = reader.trailer["/Root"]
    assert list(_described(root["/StructTreeRoot"])) == ["Chi è stato imitato"]


def _described(element: Any) -> Iterator[str]:
    """What is read out for each figure."""
    if isinstance(element, dict):
        if "/Alt" in element:
            yield str(element["/Alt"])
        children = element.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            yield from _described(child.get_object() if hasattr(child, "get_object") else child)


def test_nothing_is_fetched_for_paper(listener: tuple[int, list[bytes]], tmp_path: Path) -> None:
    """Even from a page that somebody tampered with: no network, no file."""
    port, seen = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("do not tell")
    bad = (
        f'<style>@import "http://127.0.0.1:{port}/c.css"; p {{ background: url(http://127.0.0.1:{port}/b) }}</style>'
        f'<link rel="stylesheet" href="http://127.0.0.1:{port}/l.css"><img src="http://127.0.0.1:{port}/i.png" alt="i">'
        f'<img src="file://{secret}" alt="f"><object data="http://127.0.0.1:{port}/o"></object>'
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:{port}/s.png"/></svg>'
        f'<link rel="attachment" href="file://{secret}">'
    )
    content = pdf(html(MARKDOWN.format(cell="x", text="y")).replace("</main>", f"{bad}</main>"))
    assert seen == []
    reader = PdfReader(io.BytesIO(content))
    assert not reader.attachments
    assert "do not tell" not in " ".join(sheet.extract_text() for sheet in reader.pages)


def test_hostile_text_on_paper(listener: tuple[int, list[bytes]]) -> None:
    """It is shown; no links, no scripts, no actions come of it."""
    port, seen = listener
    safe = clean.markdown(HOSTILE.replace("{port}", str(port)))
    content = pdf(html(MARKDOWN.format(cell=safe, text=safe)))
    reader = PdfReader(io.BytesIO(content))
    text = "".join(" ".join(sheet.extract_text() for sheet in reader.pages).split())
    assert text.count("<script>alert(1)</script>") == 2
    assert r"\u202e\x1b[31m\r\nBcc:x" in text
    assert seen == []
    kinds = [k for sheet in reader.pages for a in sheet.get("/Annots", ()) for k in (a.get_object().get("/Subtype"),)]
    assert kinds == []
    assert not re.search(rb"/(JavaScript|JS|Launch|URI|EmbeddedFile)\b", content)


def test_a_report_in_word() -> None:
    """Title, headings, table, language; the picture in words."""
    markdown = MARKDOWN.format(cell="Segnalato", text="Però")
    content = docx(f"**TLP:AMBER**\n\n{spoken(markdown, pictures(facts(), 'it'))}", "it")
    body, core = parts(content, "word/document.xml", "docProps/core.xml")
    assert "<dc:title>Post-incident report</dc:title>" in core
    assert 'w:val="it"' in parts(content, "word/styles.xml")[0]
    styles = re.findall(r'<w:pStyle w:val="(\w+)"', body)
    assert [s for s in styles if s.startswith(("Title", "Heading"))] == ["Title", "Heading1", "Heading2"]
    for said in ("Segnalato", "Però", "Grafico a barre di 12 clienti", "say what happened", "TLP:AMBER"):
        assert said in body
    assert "<w:tbl>" in body


def test_nothing_is_fetched_or_read_for_word(listener: tuple[int, list[bytes]], tmp_path: Path) -> None:
    """Images become their text, raw markup is left out; no file of this machine gets into the document."""
    port, seen = listener
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"do not tell")
    markdown = (
        f"# x\n\n![one](http://127.0.0.1:{port}/i.png) ![two]({secret}) ![three](file://{secret})\n\n"
        f'<img src="http://127.0.0.1:{port}/raw.png">\n\n`<w:p/>`{{=openxml}}\n\n[a]: {secret}\n\n![four][a]\n'
    )
    content = docx(markdown, "en")
    assert seen == []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [n for n in archive.namelist() if n.startswith("word/media")]
        assert not any(b"do not tell" in archive.read(n) for n in archive.namelist())
    body, links = parts(content, "word/document.xml", "word/_rels/document.xml.rels")
    assert "one" in body
    assert "four" in body
    assert "raw.png" not in body
    assert "127.0.0.1" not in links


def test_hostile_text_in_word() -> None:
    """Literal: no field, no link, no markup of Word's."""
    nasty = '</w:t><w:fldSimple w:instr="DDEAUTO c:\\calc"/>' + HOSTILE + " [x](http://x.example)"
    content = docx(MARKDOWN.format(cell=clean.markdown(nasty), text=clean.markdown(nasty)), "en")
    body, links = parts(content, "word/document.xml", "word/_rels/document.xml.rels")
    assert body.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    assert not re.search(r"<w:(fldSimple|instrText|hyperlink|object)\b", body)
    assert "x.example" not in links


def parts(content: bytes, *names: str) -> list[str]:
    """Files in the document."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name).decode() for name in names]
