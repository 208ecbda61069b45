"""The sandbox as a server, in this process or on a loopback port."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from irtool.errors import UsageError
from irtool.sandbox.app import App
from irtool.sandbox.campaign import accounts, domains
from irtool.sandbox.provider import Provider
from irtool.sandbox.server import serve

TOKEN = "sandbox-token"  # noqa: S105 (it guards nothing: the sandbox is a toy on loopback)
"""The token of every sandbox."""


def make_provider(path: Path) -> Provider:
    """A new sandbox with the accounts and domains of the demo."""
    rows = [
        {("account" if k == "account_id" else "created" if k == "created_at" else k): v for k, v in r.items()}
        for r in accounts()
    ]
    owned = [{"domain": r["domain"], "account": r["account_id"]} for r in domains()]
    return Provider.create(path, rows, owned)


def application(path: Path) -> App:
    """The admin API of the sandbox in that file. Raises UsageError if there is none."""
    return App(Provider(path), TOKEN)


def serve_sandbox(path: Path, port: int) -> Iterator[str]:
    """Serve until Ctrl-C; yields what to tell the user. Makes the state if it is not there."""
    if not path.exists():
        if not path.parent.is_dir():
            raise UsageError(f"{path.parent}: there is no such folder", hint="irtool sandbox --state provider.db")
        make_provider(path).close()
        yield f"made {path}: a provider with 2,031 accounts"
    with serve(application(path), port) as url:
        yield f"the sandbox answers at {url}  (state in {path}; only from this machine)"
        yield f"try:  curl -H 'Authorization: Bearer {TOKEN}' {url}/v1/ping"
        yield f"in irtool.yaml:  connectors: {{sandbox: {{url: '{url}', token: 'env:SANDBOX_TOKEN'}}}}"
        yield f"and:  export SANDBOX_TOKEN={TOKEN}"
        yield "Ctrl-C ends it"
        while True:
            time.sleep(3600)
