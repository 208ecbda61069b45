"""DKIM signatures that a receiver finds good, with keys as openssl writes them."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable

import pytest

from irtool.adapters.signing import Signer, verifies
from irtool.errors import ConfigError

MESSAGE = (
    b"From: Security <security@gateway.example>\r\nTo: ops@customer.example\r\nSubject: =?utf-8?q?=C3=A8?=\r\n"
    b"Date: Sun, 22 Nov 2026 15:19:00 +0000\r\nMessage-ID: <x@gateway.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\n\r\nhello\r\n.dots\r\n  \r\n"
)


def openssl(*words: str, given: str = "") -> bytes:
    return subprocess.run(["openssl", *words], input=given.encode(), capture_output=True, check=True).stdout


KEYS = {
    "rsa": ("genrsa", "2048"),
    "rsa, PKCS #1": ("genrsa", "-traditional", "2048"),
    "ed25519": ("genpkey", "-algorithm", "ed25519"),
}


def dns(key: str, asked: list[bytes]) -> Callable[..., bytes]:
    """Where the public half of the key is published."""
    der = openssl("pkey", "-pubout", "-outform", "DER", given=key)
    is_rsa = len(der) > 100
    public = base64.b64encode(der if is_rsa else der[-32:]).decode()

    def txt(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return f"v=DKIM1; k={'rsa' if is_rsa else 'ed25519'}; p={public}".encode()

    return txt


@pytest.mark.parametrize("kind", KEYS)
def test_a_receiver_finds_it_good(kind: str) -> None:
    key, asked = openssl(*KEYS[kind]).decode(), []
    signed = Signer("irtool", "gateway.example", key).sign(MESSAGE)
    txt = dns(key, asked)
    assert signed.endswith(MESSAGE)
    assert verifies(signed, txt)
    assert asked == [b"irtool._domainkey.gateway.example."]
    for changed in (
        signed.replace(b"hello", b"hallo"),
        signed.replace(b"Subject: ", b"Subject: PS "),
        signed.replace(b"\r\nTo:", b"\r\nReply-To: thief@evil.example\r\nTo:"),
        signed.replace(b"\r\nTo:", b"\r\nSubject: another\r\nTo:"),
        b"From: Thief <thief@evil.example>\r\n" + signed,
        MESSAGE,
    ):
        assert not verifies(changed, txt)


@pytest.mark.parametrize(
    "key", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----"]
)  # fmt: skip
def test_a_key_that_is_none_is_told_at_once(key: str) -> None:
    with pytest.raises(ConfigError, match=r"notices\.dkim") as caught:
        Signer("irtool", "gateway.example", key)
    assert "openssl" in caught.value.hint


def test_the_key_is_not_shown() -> None:
    key = openssl("genpkey", "-algorithm", "ed25519").decode()
    assert "BEGIN" not in repr(Signer("irtool", "gateway.example", key))
