"""Coverage-guided fuzzing of everything that reads complaints: `tests/run soak [SECONDS]` (atheris, libFuzzer).

Starts from the samples of tests/intake and one small file of each other format. Anything but an InputError is a crash,
more than HANG seconds for one input a hang, more than 1 GB a leak; libFuzzer then writes the input beside itself and
ends with an error.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["irtool.intake"]):
    from irtool.errors import InputError
    from irtool.intake import read_complaints, read_headers
    from irtool.intake.refang import refang

HANG = 5
MAX_LENGTH = 20_000
SAMPLES = Path(__file__).parent.parent / "intake" / "samples"
MESSAGE = (
    b"Received: from a (b [192.0.2.1]) by c with ESMTPA id 1; Mon, 14 Apr 2025 15:31:04 +0000\r\n"
    b"From: =?utf-8?q?A?= <a@b.example>\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nhxxp://evil[.]example/\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n\r\n"
    b"--b--\r\n"
)
FORWARD = (
    b"From: r@b.example\r\nTo: abuse@c.example\r\nSubject: WG: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<p>Bitte</p><b>Von:</b> A &lt;a@b.example&gt;<br><b>Gesendet:</b> Montag<br><b>An:</b> c@d.example<br>"
    b"<b>Betreff:</b> y<br><br>hxxp://evil[.]example/\r\n> Received: from a (b [192.0.2.1]) by c; x\r\n"
    b"> From: x@y.example\r\n"
)
DMARC = (
    b"<?xml version='1.0'?><feedback><report_metadata><org_name>o</org_name></report_metadata><record><row>"
    b"<source_ip>192.0.2.1</source_ip><count>2</count></row></record></feedback>"
)
XARF = json.dumps(
    {
        "xarf_version": "4.0.0",
        "reporter": {"contact": "r@b.example"},
        "source_identifier": "192.0.2.1",
        "timestamp": "2025-04-14T15:31:04Z",
        "evidence": [{"content_type": "message/rfc822", "payload": base64.b64encode(MESSAGE).decode()}],
    }
).encode()
WORDS = ["From: ", "Received: from ", "Content-Type: ", "boundary=", "message/rfc822", "=?utf-8?b?", "[CHIOCCIOLA]"]
WORDS += ["base64", "PK\\x03\\x04", "<feedback>", "\\x0d\\x0a\\x0d\\x0a", "urldefense.com/v3/__", "xn--", "From a@b "]
WORDS += ["Envoy\\xc3\\xa9 : ", "Betreff:", "To: abuse@", "<br>"]


def seeds() -> list[bytes]:
    """One file of each format."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.eml", MESSAGE)
        archive.writestr("b.xml", DMARC)
    mbox = b"From a@b.example Mon Apr 14 15:00:00 2025\n" + MESSAGE + b"\n"
    own = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
    return [*own, MESSAGE, FORWARD, mbox * 2, DMARC, XARF, gzip.compress(DMARC), packed.getvalue()]


def one(content: bytes) -> None:
    """What is fuzzed: every door of the room."""
    with contextlib.suppress(InputError):
        read_complaints([("x", content)], own_domains=["example.com"])
    read_headers("x", content)
    refang(content[:5_000].decode("utf-8", "replace"))


def main() -> None:
    """Run for the seconds given as the argument (300), in a corpus of its own."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for n, content in enumerate(seeds()):
            (corpus / str(n)).write_bytes(content)
        words = Path(folder) / "words"
        words.write_text("".join(f'"{word}"\n' for word in WORDS))
        limits = [f"-max_total_time={seconds}", f"-timeout={HANG}", "-rss_limit_mb=1024", f"-max_len={MAX_LENGTH}"]
        quiet = ["-print_final_stats=1", "-verbosity=0", f"-dict={words}", f"-artifact_prefix={Path.cwd()}/"]
        atheris.Setup([sys.argv[0], *limits, *quiet, str(corpus)], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
