"""A small provider, and a client that speaks to its API without a network."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from irtool.sandbox.app import App
from irtool.sandbox.provider import Provider

ACCOUNTS: list[Mapping[str, object]] = [
    {"account": "A", "name": "Acme", "plan": "business", "ips": ["198.51.100.0/28", "2001:db8::5"]},
    {"account": "B", "name": "Blue", "plan": "business", "per_hour": 50},
    {"account": "T1", "name": "Trial", "plan": "trial", "ips": ["203.0.113.7"], "sessions": 3},
    {"account": "T2", "name": "Partner's trial", "plan": "trial", "partner": "p-1"},
    {"account": "D", "name": "Gone", "plan": "business", "status": "disabled"},
]
DOMAINS = [
    {"domain": "acme.example", "account": "A"},
    {"domain": "blue.example", "account": "B"},
    {"domain": "trial.example", "account": "T1"},
    {"domain": "ptrial.example", "account": "T2"},
    {"domain": "sub.acme.example", "account": "B"},
]


class Clock:
    """A clock that tests wind."""

    def __init__(self) -> None:
        self.now = datetime(2025, 4, 14, 16, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: int) -> None:
        self.now += timedelta(**span)


class Api:
    """Calls the application as a WSGI server would."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    def __call__(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        token: str = "secret",
        key: str = "",
        raw: bytes | None = None,
        extra: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        status, _, content = self.full(method, url, body, token=token, key=key, raw=raw, extra=extra)
        return status, json.loads(content) if content else None

    def full(
        self,
        method: str,
        url: str,
        body: object = None,
        *,
        token: str = "secret",
        key: str = "",
        raw: bytes | None = None,
        extra: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        path, _, query = url.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
            "HTTP_AUTHORIZATION": f"Bearer {token}",
        }
        if key:
            environ["HTTP_IDEMPOTENCY_KEY"] = key
        started: list[tuple[str, list[tuple[str, str]]]] = []
        answer = b"".join(self.app(environ | (extra or {}), lambda *a: started.append(a)))
        status, headers = started[0]
        return int(status[:3]), {k.lower(): v for k, v in headers}, answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(tmp_path: Path, clock: Clock) -> Iterator[Provider]:
    found = Provider.create(tmp_path / "sandbox.db", ACCOUNTS, DOMAINS, org_domain="gateway.example", clock=clock)
    yield found
    found.close()


@pytest.fixture
def api(provider: Provider) -> Api:
    return Api(App(provider, "secret", reader_token="reader"))
