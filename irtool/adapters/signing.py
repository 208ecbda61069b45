"""DKIM signatures (RFC 6376, RFC 8463) on the mail that leaves, made by dkimpy."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from irtool.errors import ConfigError

HEADERS = (
    b"From",
    b"From",
    b"Sender",
    b"Reply-To",
    b"To",
    b"To",
    b"Cc",
    b"Subject",
    b"Subject",
    b"Date",
    b"Date",
    b"Message-ID",
    b"In-Reply-To",
    b"References",
    b"Auto-Submitted",
    b"MIME-Version",
    b"Content-Type",
)
"""Signed whether they are there or not, and once more than they may be: none can be added (RFC 6376 §8.15)."""

_ED25519 = bytes.fromhex("302e020100300506032b657004220420")
"""How PKCS #8 begins for such a key (RFC 8410 §7); the 32 bytes after it are the key."""
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)-----END [A-Z ]*PRIVATE KEY-----")
_TXT = Callable[..., bytes]


@dataclass(frozen=True)
class Signer:
    """Signs as `domain` with the key that is published at `SELECTOR._domainkey.DOMAIN`.

    `key` is a private key as PEM: RSA (PKCS #1 or #8) or Ed25519 (PKCS #8, as openssl writes it). Raises ConfigError if
    it is none, or if the library is not installed.
    """

    selector: str
    domain: str
    key: str = field(repr=False)

    def __post_init__(self) -> None:
        """Sign something once: what is wrong with the key shows now and not at three in the morning."""
        self.sign(b"From: a@b.example\r\n\r\nx\r\n")

    def sign(self, message: bytes) -> bytes:
        """The message with its signature in front. CRLF line ends are expected."""
        import dkim

        key, algorithm = _key(self.key)
        try:
            header = dkim.sign(
                message,
                self.selector.encode("idna"),
                self.domain.encode("idna"),
                key,
                canonicalize=(b"relaxed", b"relaxed"),
                signature_algorithm=algorithm,
                include_headers=list(HEADERS),
            )
        except (dkim.DKIMException, ValueError, TypeError, IndexError, UnicodeError) as error:
            raise ConfigError(f"notices.dkim: the message cannot be signed: {error}", hint=_HINT) from None
        return bytes(header) + message


_HINT = "openssl genrsa -out dkim.pem 2048, or: openssl genpkey -algorithm ed25519 -out dkim.pem"


def _key(text: str) -> tuple[bytes, bytes]:
    """The key as the library takes it, and the name of its algorithm."""
    try:
        import dkim  # noqa: F401 (whether it is there)
    except ImportError:
        raise ConfigError("notices.dkim: signing needs dkimpy", hint="pip install 'irtool[dkim]'") from None
    found = _PEM.search(text)
    if found is None:
        raise ConfigError("notices.dkim.key: there is no private key in it (PEM)", hint=_HINT)
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True)
    except ValueError:
        raise ConfigError("notices.dkim.key: its base64 is broken", hint=_HINT) from None
    if der.startswith(_ED25519):
        return base64.b64encode(der[len(_ED25519) :][:32]), b"ed25519-sha256"
    return found[0].encode("ascii"), b"rsa-sha256"


def verifies(message: bytes, txt: _TXT | None = None) -> bool:
    """Whether a receiver would find the first signature good. `txt` looks a TXT record up; without it the DNS does."""
    import dkim

    try:
        return bool(dkim.verify(message, dnsfunc=txt) if txt else dkim.verify(message))
    except (dkim.DKIMException, ValueError, OSError):
        return False
