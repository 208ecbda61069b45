"""TLS that is not in order: nothing is sent, no secret either, and it is said why. A real TLS server on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from irtool.adapters.http import Credential, HttpLimits, HttpPool, HttpSender, Server
from irtool.errors import InDoubt, NotSent
from irtool.records import Call
from irtool.sandbox.app import App
from irtool.sandbox.provider import Provider
from irtool.sandbox.server import serve
from tests.services.faults import Faults, faults

CHANGE = Call("box", "PUT", "/v1/blocks/domains/evil.example", body="{}", changes=True, key="k1")
PING = Call("box", "GET", "/v1/ping")
Start = Callable[..., Faults]


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this machine trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """The sandbox behind TLS with this certificate."""
    with ExitStack() as stack:

        def begin(certificate: trustme.LeafCert) -> Faults:
            provider = Provider.create(tmp_path / "p.db", [], [])
            stack.callback(provider.close)
            url = stack.enter_context(serve(App(provider, "s3cret-token")))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            return stack.enter_context(faults(url, context))

        yield begin


def sender(url: str) -> HttpSender:
    server = Server({"": url}, Credential("bearer", "s3cret-token"))
    return HttpPool({"box": server}, limits=HttpLimits(connect=5, read=5, total=5)).sender()


def test_a_certificate_of_a_trusted_authority(authority: trustme.CA, start: Start) -> None:
    box = sender(start(authority.issue_cert("127.0.0.1")).url)
    assert box.send(PING).status == 200
    assert box.send(CHANGE).status == 201
    box.close()


def bad(kind: str, authority: trustme.CA) -> trustme.LeafCert:
    if kind == "expired":
        return authority.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1))
    if kind == "wrong host":
        return authority.issue_cert("other.example")
    return trustme.CA().issue_cert("127.0.0.1")


@pytest.mark.parametrize(
    ("kind", "why"), [("expired", "expired"), ("wrong host", "127.0.0.1"), ("unknown authority", "local issuer")]
)
def test_a_certificate_that_is_not_in_order(authority: trustme.CA, start: Start, kind: str, why: str) -> None:
    proxy = start(bad(kind, authority))
    box = sender(proxy.url)
    with pytest.raises(NotSent, match=rf"cannot be reached: .*{why}") as caught:
        box.send(CHANGE)
    assert "irtool doctor" in caught.value.hint
    assert proxy.asked == []
    box.close()


def test_a_server_that_speaks_no_tls(tmp_path: Path, start: Start, authority: trustme.CA) -> None:
    with faults("http://127.0.0.1:9") as plain:
        box = sender(plain.url.replace("http:", "https:"))
        with pytest.raises(NotSent, match="cannot be reached"):
            box.send(CHANGE)
        box.close()


@pytest.mark.parametrize("kind", ["reset_after", "short", "drip_after"])
def test_a_fault_behind_tls_is_still_in_doubt(authority: trustme.CA, start: Start, kind: str) -> None:
    proxy = start(authority.issue_cert("127.0.0.1"))
    box = sender(proxy.url)
    assert box.send(PING).status == 200
    proxy.order(kind, 1)
    with pytest.raises(InDoubt):
        box.send(CHANGE)
    assert box.send(CHANGE).status == 201
    assert [a.method for a in proxy.asked] == ["GET", "PUT", "PUT"]
    box.close()
