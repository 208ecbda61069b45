"""What shows a server who calls: a secret in a header, or an access token got for it (RFC 6749 §4.4).

Secrets and tokens run out while a run is under way. After a 401, which certainly changed nothing, the secret is read
again where irtool.yaml says it is, or another token is asked for; only if that is the same as before it is a refusal.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus, urlencode

from irtool.errors import CallError, IrtoolError, NotSent, Rejected
from irtool.records import Call, Reply
from irtool.redact import KNOWN

OAUTH = "oauth2 token"
"""The name of the base URL that hands out access tokens."""

_EARLY = 30.0
"""An access token is renewed so many seconds before it ends."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A resolved secret and how it is shown to the server. Its repr does not hold the secret.

    `kind`: none, bearer, basic (with `username`), header (the value of `header`, after `prefix`) or oauth2 (with the
    client's id as `username`, and `scope`). `renew` reads the secret again.
    """

    kind: str = "none"
    secret: str = field(default="", repr=False)
    header: str = ""
    prefix: str = ""
    username: str = ""
    scope: str = ""
    renew: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def as_header(self) -> tuple[str, str] | None:
        """The header that proves it, None without credentials. Raises Rejected if the secret is missing or unfit."""
        if self.kind == "none":
            return None
        if not self.secret:
            raise Rejected("there is no secret for it in the configuration", hint="irtool doctor")
        if any(ord(c) < 32 or ord(c) == 127 for c in self.secret + self.username):
            raise Rejected("the secret holds a line end or control character", hint="irtool doctor")
        KNOWN.add(self.secret, self.username)
        if self.kind == "bearer":
            return "Authorization", f"Bearer {self.secret}"
        if self.kind == "basic":
            pair = f"{self.username}:{self.secret}".encode()
            return "Authorization", "Basic " + base64.b64encode(pair).decode()
        if self.kind == "oauth2":  # the pair is form-encoded before it becomes Basic: RFC 6749 §2.3.1
            pair = f"{quote_plus(self.username)}:{quote_plus(self.secret)}".encode()
            return "Authorization", "Basic " + base64.b64encode(pair).decode()
        return self.header, self.prefix + self.secret


@dataclass(frozen=True, slots=True)
class _Token:
    """An access token, and when to ask for another one."""

    secret: str = field(repr=False)
    until: float


class Proofs:
    """How one connector proves itself. Shared by the senders of all threads."""

    def __init__(self, connector: str, credential: Credential) -> None:
        self._connector = connector
        self._credential = credential
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def header(self, ask: Callable[[Call], Reply]) -> tuple[str, str] | None:
        """The header to send. `ask` carries the request for an access token.

        Raises Rejected if there is no credential or the token server says no, NotSent if it cannot be asked.
        """
        with self._lock:
            if self._credential.kind != "oauth2":
                return self._credential.as_header()
            if self._token is None or time.monotonic() > self._token.until:
                self._token = self._fetch(ask)
            return "Authorization", f"Bearer {self._token.secret}"

    def refused(self, header: tuple[str, str]) -> bool:
        """After a 401: whether there is another proof than the refused one to try now."""
        with self._lock:
            if self._credential.kind == "oauth2":
                same = self._token is not None and header[1] == f"Bearer {self._token.secret}"
                self._token = None if same else self._token
                return True
            if self._credential.as_header() != header:
                return True  # another thread has renewed it meanwhile
            try:
                again = self._credential.renew() if self._credential.renew else self._credential.secret
            except IrtoolError:
                return False
            changed = again != self._credential.secret
            self._credential = replace(self._credential, secret=again)
            return changed

    def _fetch(self, ask: Callable[[Call], Reply]) -> _Token:
        proof = self._credential.as_header()
        scope = {"scope": self._credential.scope} if self._credential.scope else {}
        headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
        call = Call(
            self._connector,
            "POST",
            "",
            headers=(*headers, *([proof] if proof else [])),
            body=urlencode({"grant_type": "client_credentials", **scope}),
            base=OAUTH,
        )
        try:
            reply = ask(call)
        except CallError as error:
            raise NotSent(f"no access token: {error.message}", hint=error.hint) from None
        said = _json(reply)
        token, lasts = said.get("access_token"), said.get("expires_in")
        if reply.status != 200 or not isinstance(token, str) or not token or not token.isascii() or " " in token:
            why = KNOWN.hide(" ".join(str(said.get("error") or "no token in the answer").split()))[:100]
            raise Rejected(
                f"the token server answered {reply.status}: {why}",
                status=401 if 400 <= reply.status < 500 else reply.status,
                hint="The client's id and secret: look at the connector in irtool.yaml, then type: irtool doctor",
            )
        KNOWN.add(token)
        seconds = float(lasts) if isinstance(lasts, int | float) and lasts > 0 else 3600.0
        return _Token(token, time.monotonic() + max(seconds - _EARLY, seconds / 2))


def _json(reply: Reply) -> dict[str, object]:
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
