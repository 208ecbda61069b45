"""Input made to hang, crash or mislead a mail parser: answered quickly, or refused with a reason."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irtool.errors import InputError
from irtool.intake import headers, read_complaint, read_headers
from irtool.records import Complaint

END = b"\n\nbody http://evil.example/\n"


def parts(count: int) -> bytes:
    return b"From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * count


def nested(count: int) -> bytes:
    return b"From: a@b.example\nSubject: x\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(count)
    )


def html(body: bytes) -> bytes:
    return b"From: a@b.example\nSubject: x\nContent-Type: text/html\n\n" + body


def attached(kind: bytes, content: bytes) -> bytes:
    """A mail with this file, in one line of base64."""
    head = b"From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: " + kind
    body = base64.b64encode(content)
    return head + b"; name=a\nContent-Transfer-Encoding: base64\n\n" + body + b"\n--b--\n"


def packed(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.eml", content)
    return file.getvalue()


def packed_and_mailed(times: int) -> bytes:
    """A zip in a mail in a zip in a mail ..."""
    content = b"Received: from x\nFrom: deep@b.example\nSubject: x\n\nhttp://deep.example/\n"
    for _ in range(times):
        content = attached(b"application/zip", packed(content))
    return content


def xml_bomb_in_gzip() -> bytes:
    """A DMARC report of 200 MB in 200 KB."""
    return gzip.compress(b"<?xml version='1.0'?><feedback><record>" + b" " * 200_000_000, 9)


BROKEN_BASE64 = b"--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n!!\n"
HOSTILE = {
    "encoded words in a part": parts(1).replace(b"--b\n\n", b"--b\nSubject: " + b"=?" * 1_000_000 + b"\n\n"),
    "commas": b"Subject: x\nFrom: " + b"a," * 50_000 + b"<real@evil.example>" + END,
    "addresses": b"Subject: x\nFrom: " + b"a@b.example," * 50_000 + END,
    "parentheses": b"Subject: x\nFrom: " + b"(" * 20_000 + b" <real@evil.example>" + END,
    "quotes": b"Subject: x\nFrom: " + b'"\\' * 200_000 + b" <real@evil.example>" + END,
    "angles": b"Subject: x\nFrom: " + b"<" * 400_000 + b"real@evil.example>" + END,
    "received": b"Received: from x (y [192.0.2.1]) by z; x\n" * 20_000 + b"From: a@b.example" + END,
    "received parentheses": b"From: a@b.example\nReceived: from x " + b"(a" * 400_000 + END,
    "header of 10 MB": b"From: a@b.example\nSubject: " + b"x" * 10_000_000 + END,
    "headers of 10 MB": b"From: a@b.example\nSubject: x\n" + b"X: a\n" * 2_000_000 + END,
    "encoded words": b"From: a@b.example\nSubject: " + b"=?idna?q?" + b"a" * 900_000 + END,
    "many encoded words": b"From: a@b.example\nSubject: " + b"=?punycode?b?YQ==?= " * 40_000 + END,
    "folds": b"From: a@b.example\nSubject: x\n" + b" \n" * 400_000 + END,
    "parts": parts(100_000),
    "parts and broken base64": parts(100_000) + BROKEN_BASE64,
    "few parts and broken base64": parts(1_000) + BROKEN_BASE64,
    "nested": nested(3_000),
    "nested rfc822": b"From: a@b.example\nSubject: x\n" + b"Content-Type: message/rfc822\n\n" * 1_500,
    "1,500 nested rfc822 in multiparts": b"From: a@b.example\nSubject: x\n"
    + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\nContent-Type: message/rfc822\n\n" % (n, n)
        for n in range(1_500)
    ),
    "RFC 2231": b"From: a@b.example\nSubject: x\nContent-Type: text/plain; "
    + b"; ".join(b"name*%d*=a%%20" % n for n in range(10_000))
    + END,
    "RFC 2231 in a part": parts(1).replace(
        b"--b\n\n", b"--b\nContent-Type: a/b; " + b"; ".join(b"name*%d*=a%%20" % n for n in range(10_000)) + b"\n\n"
    ),
    "400 KB of =?": b"From: a@b.example\nSubject: " + b"=?" * 200_000 + END,
    "400 KB of =? in From": b"Subject: x\nFrom: " + b"=?" * 200_000 + b" <real@evil.example>" + END,
    "From of =?x?q?": b"Subject: x\nFrom: " + b"=?x?q?a@b?=" * 40_000 + END,
    "20 k (": b"From: a@b.example\nReceived: " + b"(" * 20_000 + b"from x" + END,
    "received that never close": (b"Received: from x " + b"(a" * 1_900 + b"\n") * 250 + b"From: a@b.example" + END,
    "received of dates": (b"Received: from x; " + b"Mon, " * 780 + b"\n") * 250 + b"From: a@b.example" + END,
    "returns": b"From: a@b.example\nSubject: x" + b"\r" * 5_000_000 + END,
    "digest": b"From: a@b.example\nSubject: x\nContent-Type: multipart/digest; boundary=b\n\n"
    + b"--b\n\nFrom: x@y.example\n\nx\n" * 20_000,
    "attachments that look like archives": parts(0)
    + b"--b\nContent-Type: application/zip; name=a.zip\n\nPK\x03\x04PK\x01\x02\n" * 20_000,
    "attachments that look like mail": parts(0) + b"--b\nContent-Type: a/b; name=a\n\n" + b"X: y\n" * 800_000,
    "zip in mail in zip in mail": packed_and_mailed(20),
    "DMARC bomb in gzip": attached(b"application/gzip", xml_bomb_in_gzip()),
    "a million defanged URLs": b"".join(b"hxxp://e%d[.]example/\n" % n for n in range(1_000_000)),
    "a base64 line of 20 MB": attached(b"application/octet-stream", b"A" * 15_000_000),
    "a base64 line of text": attached(b"text/plain", b"a.b " * 3_000_000).replace(b"; name=a", b""),
    "base64 of =": attached(b"text/plain", b"").replace(b"base64\n\n", b"base64\n\n" + b"=" * 10_000_000),
    "quoted printable of =": parts(0) + b"--b\nContent-Transfer-Encoding: quoted-printable\n\n" + b"=" * 10_000_000,
    "null bytes": b"From: a@b.example\nSubject: x\n" + b"X-A: \0\0\n" * 100_000 + b"\n" + b"\0" * 10_000_000,
    "null bytes in the boundary": b'From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary="\0\0"\n\n'
    + b"--\0\0\n\nx\n" * 100_000,
    "a boundary of 900 KB": b"From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary="
    + b"b" * 900_000
    + b"\n\n"
    + (b"--" + b"b" * 900_000 + b"\n\nx\n") * 10,
    "lines that begin like boundaries": b'From: a@b.example\nSubject: x\nContent-Type: multipart/mixed; boundary="'
    + b"-" * 70
    + b'"\n\n'
    + b"-" * 10_000_000,
    "charsets": parts(0)
    + b"".join(b"--b\nContent-Type: text/plain; charset=x%d\n\n\xff\xfe\n" % n for n in range(50_000)),
    "charset of 100 KB": parts(0) + b"--b\nContent-Type: text/plain; charset=" + b"x" * 100_000 + b"\n\n\xff\n",
    "slow charsets": parts(0)
    + b"".join(
        b"--b\nContent-Type: text/plain; charset=%s\n\n" % name + b"+AG" * 100_000 + b"\n"
        for name in (
            b"utf-7",
            b"punycode",
            b"idna",
            b"unicode_escape",
            b"hz",
            b"iso2022_jp_3",
            b"undefined",
            b"rot13",
            b"zlib",
            b"base64",
            b"bz2",
            b"hex",
            b"quopri",
            b"utf-32",
        )
    ),
    "text of forwards": b"From: a@b.example\nTo: abuse@c.example\nSubject: Fwd: x\n\n"
    + b"From: x@y.example\nDate: x\nSubject: Fwd: x\n\n" * 25_000,
    "html of forwards": b"From: a@b.example\nTo: abuse@c.example\nSubject: Fwd: x\nContent-Type: text/html\n\n"
    + b"<br>De : x<br>A" * 70_000,
    "text of zero width": b"bad 192.0.2.1\n" + "a\u200b".encode() * 400_000,
    "text of homographs": "\n".join(f"а{n}b.example" for n in range(60_000)).encode(),
    "text of brackets and words": b"bad 192.0.2.1\n" + b"a [[ 'trattino basso' ]] " * 60_000,
    "text of AT": b"bad 192.0.2.1 DOT x\n" + b"a AT " * 300_000,
    "text of letters a": b"bad 192.0.2.1\n" + b"a(a)" * 300_000,
    "text of version 3": b"bad 192.0.2.1\n"
    + (b"https://urldefense.com/v3/__" + b"*" * 3_000 + b"__;" + b"A" * 2_900 + b"! ") * 160,
    "html of <": html(b"<" * 2_000_000),
    "html of href": html((b"<" + b"href=" + b"a" * 2_000) * 1_000),
    "html of comments": html(b"<![=\nendif]-->" * 100_000),
    "html of scripts": html(b"<script>" * 200_000),
    "html of entities": html(b"&#" * 900_000),
    "text of a": b"bad 192.0.2.1\n" + b"a" * 2_000_000,
    "text of dots": b"bad 192.0.2.1\n" + b"a." * 1_000_000,
    "text of at": b"bad 192.0.2.1\n" + b"a@" * 1_000_000,
    "text of colons": b"bad 192.0.2.1\n" + b"1:" * 1_000_000,
    "text of brackets": b"bad 192.0.2.1\n" + b"[. ] (dot " * 200_000,
    "text of spaces": b"bad 192.0.2.1\n" + b" " * 2_000_000,
    "text of lines": b"bad 192.0.2.1\n" * 150_000,
    "text of links": b"bad 192.0.2.1\n" + b"https://a.safelinks.protection.outlook.com/?url=" * 40_000,
    "text of long links": b"bad 192.0.2.1\n" + b"https://a.safelinks.protection.outlook.com/?a&" * 22_000,
    "text of other links": b"bad 192.0.2.1\n" + b"https://urldefense.com/v3/__a" * 35_000,
    "text of slack": b"bad 192.0.2.1\n" + b"<mailto:a|<http://x|" * 100_000,
    "text of spoken words": b"bad 192.0.2.1\n" + b"info AT a DOT " * 140_000,
    "text of headers": b"Received: from a\n" * 110_000,
    "domains": b"\n".join(b"a%d.evil.example" % n for n in range(100_000)),
}
SLOW = 0.5
"""CPU seconds each may take; typical is a tenth of it."""


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("to", [b"", b"To: abuse@c.example\n"], ids=["", "passed on"])
def test_is_answered_quickly(name, to):
    """Given as the evidence, or passed on to an abuse desk: then evidence is looked for in its text too."""
    read_complaint("warm up", b"From: a@b.example\nSubject: x\n\nhttp://c.example/")
    started = time.process_time()
    try:
        complaint = read_complaint(name, to + HOSTILE[name])
    except InputError as error:
        pytest.fail(f"refused: {error.message}")
    assert time.process_time() - started < SLOW
    assert isinstance(complaint, Complaint)
    assert len(complaint.indicators) <= 1_000
    assert len(complaint.hops) <= 200


@pytest.mark.parametrize("name", ["commas", "parentheses", "quotes"])
def test_the_real_address_is_still_found(name):
    assert "real@evil.example" in read_complaint(name, HOSTILE[name]).from_


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("received", "more than 1000 headers; 19000 were not read"),
        ("received", "1000 Received headers; only the first 200 were read"),
        ("header of 10 MB", "the headers are longer than 1000000 bytes; the rest of them was not read"),
        ("headers of 10 MB", "the headers are longer than 1000000 bytes; the rest of them was not read"),
        ("parts", "more than 1000 MIME parts; the rest was not read"),
        ("nested", "the MIME structure is broken; its parts were read as well as possible"),
        ("domains", "it names more than 1000 indicators; the rest was left out"),
        ("text of a", "only the first 1000000 bytes of the text were read"),
        ("html of entities", "more than 1000000 bytes of text; the rest was not read"),
        ("DMARC bomb in gzip", "DMARC bomb in gzip: a is packed more than 200 times, like a bomb; it was not read"),
        ("encoded words in a part", "more than 10000 encoded words in the body; they were not decoded"),
    ],
)
def test_what_was_left_out_is_said(name, fault):
    assert fault in read_complaint(name, HOSTILE[name]).faults


BIG = ["header of 10 MB", "headers of 10 MB", "parts", "domains", "digest", "commas", "DMARC bomb in gzip", "charsets"]
BIG += ["a base64 line of text", "text of forwards", "zip in mail in zip in mail"]


@pytest.mark.parametrize("name", BIG)
def test_memory_stays_bounded(name):
    """Beyond the message itself, copies of a few times its size at most."""
    tracemalloc.start()
    read_complaint(name, HOSTILE[name])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000 + 8 * len(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_the_fast_door_answers_quickly_too(name):
    started = time.process_time()
    complaint = read_headers(name, HOSTILE[name])
    assert time.process_time() - started < SLOW
    assert len(complaint.hops) <= 200


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000))
def test_the_fast_door_never_raises(content):
    assert read_headers("x", content).size <= len(content)


def test_padding_does_not_hide_the_from():
    """Thousands of headers on top of it: the ones triage needs are still read."""
    assert read_complaint("x", HOSTILE["received"]).from_ == ("a@b.example",)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2_000))
def test_random_bytes_only_ever_raise_input_error(content):
    with contextlib.suppress(InputError):
        assert read_complaint("x", content).size == len(content)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=500), st.binary(max_size=300))
def test_random_messages_are_always_read(subject, body):
    content = b"From: a@b.example\nX-Odd: " + subject.encode("utf-8", "replace").replace(b"\n", b" ") + b"\n\n" + body
    content = content.replace(b"\r", b" ").replace(b"X-Odd", b"Subject")
    assert read_complaint("x", content).from_ == ("a@b.example",)


NAME = st.text(st.sampled_from("abcXYZ-_0123"), min_size=1, max_size=20)
VALUE = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=60)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAME, VALUE, st.booleans()), max_size=40), st.sampled_from(["\n", "\r\n"]))
def test_random_header_blocks_keep_their_count_and_names(fields, end):
    """Duplicates are kept, folded or not, with either line end."""
    lines = [f"{name}:{end + chr(9) if folded else ' '}{value}{end}" for name, value, folded in fields]
    block = headers.split(("X-First: 1" + end + "".join(lines) + end + "body").encode())
    assert [name for name, _ in block.headers[1:]] == [name for name, _, _ in fields]
    assert block.faults == ()
