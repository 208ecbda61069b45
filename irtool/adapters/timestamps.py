"""Time stamps by an authority outside (RFC 3161, extra `anchor`): proof that a text existed at a time.

The one importer of rfc3161_client and cryptography. What is sent is a hash and a nonce; what comes back
is believed only if it answers this very request and is signed by an authority whose root certificate is configured.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from irtool.adapters.http import HttpLimits, post
from irtool.errors import ConfigError, Rejected

MOST = 200_000
"""A token is a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A verified token (DER): the time that the authority says, and who it is."""

    token: bytes
    at: datetime
    authority: str


def stamp(url: str, roots: Path, message: bytes) -> Stamp:
    """Have a message stamped by the authority at `url`; `roots` is a PEM file with its root certificates.

    Raises ConfigError without the library or the certificates, CallError if the authority cannot be reached, Rejected
    if its answer is not a good token for this message.
    """
    client = _library()
    # The nonce makes it this request's answer; the library takes the whole message and sends its SHA-256.
    request = client.TimestampRequestBuilder(data=message, hash_algorithm=client.HashAlgorithm.SHA256).build()
    limits = HttpLimits(total=20.0, reply_bytes=MOST)
    status, body = post(url, request.as_bytes(), "application/timestamp-query", limits)
    if status != 200:
        raise Rejected(f"the time stamp authority {url} said {status}", hint="look at timestamps: in irtool.yaml")
    return _verified(body, roots, message, nonce=request.nonce)


def check(token: bytes, roots: Path, message: bytes) -> Stamp:
    """The token again, verified for the message. Raises ConfigError, or Rejected if it does not prove it."""
    return _verified(token, roots, message, nonce=None)


def _verified(token: bytes, roots: Path, message: bytes, *, nonce: int | None) -> Stamp:
    client = _library()
    from cryptography import x509

    try:
        trusted = x509.load_pem_x509_certificates(roots.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{roots}: {error}", hint="name a PEM file in timestamps: {roots: …}") from error
    builder = client.VerifierBuilder()
    for certificate in trusted:
        builder = builder.add_root_certificate(certificate)
    builder = builder if nonce is None else builder.nonce(nonce)
    try:
        answer = client.decode_timestamp_response(token[:MOST])
        builder.build().verify(answer, hashlib.sha256(message).digest())
        info = answer.tst_info
        name = str(info.name) if info.name else _signer(answer)
    except (client.VerificationError, ValueError, TypeError, OverflowError) as error:
        raise Rejected(f"the time stamp does not prove this: {error}", hint="irtool anchor") from error
    return Stamp(token, info.gen_time.astimezone(UTC), name)


def _signer(answer: Any) -> str:
    """Who issued the certificate of whoever signed."""
    return next((str(signer.issuer.rfc4514_string()) for signer in answer.signed_data.signer_infos), "")


def _library() -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        raise ConfigError("time stamps need rfc3161-client", hint="pip install 'irtool[anchor]'") from error
    return rfc3161_client
