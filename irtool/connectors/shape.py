"""The shape of a manifest file, as models. What each key means: connectors.manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from irtool.language.models import Strict
from irtool.records import Json

Computed = str | dict[str, list[str]]
"""An expression, or a function of connectors.helpers with its arguments: `{has_line: [got.text, target]}`."""


class Setting(Strict):
    """One non-secret key that irtool.yaml may give. Without `default` an optional one is the empty text."""

    required: bool = False
    default: Any = ""
    about: str = ""


class Auth(Strict):
    """How the sender proves who it is. `secret` is the key of irtool.yaml that refers to the secret.

    `kind`: none; bearer (RFC 6750); basic (RFC 7617, the user name is the setting `username`); header (the secret is
    the value of `header`, after `prefix`); setting (irtool.yaml says it: `auth: bearer`, `basic`, `none` or `header
    NAME`, `auth: oauth2`); oauth2 (client credentials, RFC 6749 §4.4: the settings `token_url`, `client_id` and, if the
    server wants one, `scope`; the secret is the client's).
    """

    kind: Literal["none", "bearer", "basic", "header", "setting", "oauth2"] = "none"
    header: str = ""
    prefix: str = ""
    secret: str = ""


class Base(Strict):
    """A further base URL, read from a setting. Credentials go there only with `auth: true`."""

    setting: str
    auth: bool = False


class Limits(Strict):
    """The most the server takes; 0 is no limit."""

    concurrency: int = Field(default=8, ge=0)
    per_second: float = Field(default=0.0, ge=0)


class Expect(Strict):
    """What makes an answer a success."""

    status: tuple[int, ...] = ()
    that: str = ""
    unless: str = ""
    because: str = ""


class Missing(Strict):
    """What makes an answer "the target is not there"."""

    status: tuple[int, ...] = ()
    that: str = ""


class Conflict(Strict):
    """What makes an answer "somebody else has changed it meanwhile", and how often to begin again then."""

    status: tuple[int, ...] = ()
    that: Computed = ""
    tries: int = Field(default=10, ge=1, le=100)


class Probe(Strict):
    """What to ask an SMTP server, up to RCPT TO and never further. `base` is a further base, of an smtp:// URL."""

    base: str
    mail_from: str = ""
    rcpt_to: str
    client_ip: str = ""
    login_as: str = ""


class Request(Strict):
    """One request of a phase, or with `use` a block of them, or with `smtp` a probe."""

    smtp: Probe | None = None
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", ""] = ""
    path: str = ""
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    base: str = ""
    reads: bool = False
    when: str = ""
    expect: Expect = Expect()
    already: str = ""
    missing: Missing = Missing()
    conflict: Conflict = Conflict()
    capture: dict[str, Computed] = Field(default_factory=dict)
    let: dict[str, Computed] = Field(default_factory=dict)
    merges: str = ""
    varies: dict[str, str] = Field(default_factory=dict)
    until: str = ""
    tries: int = Field(default=1, ge=1, le=200)
    use: str = ""
    given: dict[str, Computed] = Field(default_factory=dict)
    each: str = ""
    into: str = ""


class LookPhase(Strict):
    """Requests that read, and what state they show."""

    requests: tuple[Request, ...]
    state: str
    data: dict[str, Computed] = Field(default_factory=dict)
    detail: str = ""
    missing: str = ""


class VerifyPhase(LookPhase):
    """A look at the effect. If `when` is false, look is used instead."""

    when: str = ""


class ActPhase(Strict):
    """Requests that change something, and what of the answers the journal keeps."""

    requests: tuple[Request, ...]
    answer: dict[str, Computed] = Field(default_factory=dict)
    missing: Literal["failed", "done"] = "failed"


class PingPhase(Strict):
    """One read; `answer` is the product and version, for people."""

    requests: tuple[Request, ...]
    answer: str


class AblePhase(Strict):
    """Reads that fail if the credential may not do it; `unproven` is what they cannot prove, for people."""

    requests: tuple[Request, ...]
    unproven: str = ""


class VerbSpec(Strict):
    """How the product does one verb of the catalogue."""

    look: LookPhase
    change: ActPhase
    undo: ActPhase | None = None
    verify: VerifyPhase | None = None
    able: AblePhase | None = None
    when: str = ""
    in_doubt: Literal["resend", "verify", "ask"] = "ask"
    lock: str = ""
    limits: Limits | None = None


class Manifest(Strict):
    """A checked manifest."""

    connector: str
    title: str = ""
    about: str = ""
    settings: dict[str, Setting] = Field(default_factory=dict)
    auth: Auth = Auth()
    bases: dict[str, Base] = Field(default_factory=dict)
    limits: Limits = Limits()
    ping: PingPhase
    able: AblePhase | None = None
    blocks: dict[str, tuple[Request, ...]] = Field(default_factory=dict)
    verbs: dict[str, VerbSpec]

    def defaults(self) -> Mapping[str, Json]:
        """The settings that irtool.yaml need not give."""
        return {name: spec.default for name, spec in self.settings.items() if not spec.required}
