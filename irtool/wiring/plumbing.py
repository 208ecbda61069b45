"""From irtool.yaml to working parts: connectors, the senders behind them, logs and directory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from irtool.adapters.command import CommandLimits, CommandSender
from irtool.adapters.credentials import OAUTH, Credential
from irtool.adapters.files import FileSender
from irtool.adapters.http import HttpLimits, HttpPool, Server
from irtool.adapters.smtp import Sign, SmtpSender
from irtool.adapters.smtp.probe import ProbeSender, ProbeServer
from irtool.config import Config, ConnectorConfig, NoticeSettings
from irtool.connectors import Address, Needs, connector, needs
from irtool.connectors.local import Drafts, Ready, local
from irtool.errors import ConfigError, FaultsError, Refused, Rejected
from irtool.ports import CallSender, Connector
from irtool.records import Call, Json, Reply

Render = Callable[[str, str, Mapping[str, Json]], str]
"""verb, target, params -> the text of a message or a file."""

SANDBOX = "sandbox"
_PROBE = 15.0
"""Seconds that a mail server has to answer a probe: it is asked again and again, and nothing is lost."""


def connectors(
    config: Config, render: Render, drafts: Drafts | None = None, ready: Ready | None = None
) -> dict[str, Connector]:
    """The configured connectors and the local ones by name; `ready` looks for the templates of a verb.

    Raises ConfigError with all that is wrong.
    """
    found: dict[str, Connector] = {}
    faults: list[str] = []
    for spec in config.connectors():
        try:
            found[spec.name] = connector(spec.name, spec.kind, _settings(spec))
            _check_secrets(spec, needs(spec.kind))
        except FaultsError as error:
            faults += error.faults or (error.message,)
    if faults:
        raise ConfigError(f"{config.path}: connectors are not set up; nothing was done", faults, hint="irtool doctor")
    notices = config.settings.notices
    through = f"{notices.smtp} {notices.from_} {notices.bounces_to}" if notices else ""
    own = local(render, drafts, notices.per_minute if notices else 0, through, *((ready,) if ready else ()))
    if notices is None:
        del own["mail"]
    return {**found, **own}


def _settings(spec: ConnectorConfig) -> dict[str, Json]:
    settings = dict(spec.settings)
    if str(settings.get("url", "")).startswith("sandbox:"):
        settings["url"] = "sandbox://here:80"  # httpx asks in-process addresses for a port too
    return settings


def _check_secrets(spec: ConnectorConfig, wanted: Needs) -> None:
    strange = [key for key in spec.secrets if key not in wanted.secrets]
    if strange:
        known = ", ".join(wanted.secrets) or "no secret"
        raise ConfigError(f"connectors.{spec.name}: {spec.kind} takes {known}, not {', '.join(strange)}")


class Pool:
    """ports.SenderPool: one Switch for each worker thread."""

    def __init__(self, config: Config, found: Mapping[str, Connector]) -> None:
        self._config = config
        servers = {c.name: _server(config, c, found[c.name]) for c in config.connectors() if c.name in found}
        limits = HttpLimits(total=config.settings.timeout)
        self._probes = {name: _probed(server) for name, server in servers.items()}
        self._http = HttpPool(servers, limits=limits, transport_for=_in_process(config))

    def sender(self) -> CallSender:
        """A sender that the caller closes."""
        return Switch(self._config, self._http, self._probes)


class Unarmed:
    """ports.SenderPool of a person who only decides: it reaches no server, so it needs none of the secrets."""

    def sender(self) -> CallSender:
        """Refused, always."""
        raise Refused("a decision calls no server")


def _server(config: Config, spec: ConnectorConfig, built: Connector) -> Server:
    address = getattr(built, "address", Address())
    proof = address.proof
    reference = spec.secrets.get(proof.secret) if proof.kind != "none" else None
    if reference is None:
        return Server(address.bases, Credential(proof.kind), address.authenticated)
    bases = {**address.bases, OAUTH: proof.token_url} if proof.token_url else address.bases
    renew = functools.partial(config.secret, reference)
    credential = Credential(proof.kind, renew(), proof.header, proof.prefix, proof.username, proof.scope, renew=renew)
    return Server(bases, credential, address.authenticated)


def _probed(server: Server) -> ProbeServer:
    credential = server.credential
    return ProbeServer(server.bases, credential.username, credential.secret, server.authenticated)


def _in_process(config: Config) -> dict[str, Any]:
    """The sandbox that `sandbox:FILE` URLs mean, served in this process."""
    urls = {str(c.settings.get("url")) for c in config.connectors()}
    files = sorted(u.removeprefix("sandbox:") for u in urls if u.startswith("sandbox:"))
    if not files:
        return {}
    if len(files) > 1:
        raise ConfigError("only one sandbox can be used at a time", hint="serve the other: irtool sandbox --state FILE")
    from irtool.wiring.sandbox import application

    return {SANDBOX: application(config.place(files[0]))}


class Switch:
    """ports.CallSender that hands a Call to the sender of its transport; each is made when first needed."""

    def __init__(self, config: Config, http: HttpPool, probes: Mapping[str, ProbeServer]) -> None:
        self._config = config
        self._http = http
        self._probes = probes
        self._made: dict[str, CallSender] = {}

    def send(self, call: Call) -> Reply:
        """Carry the call to its server."""
        if call.transport not in self._made:
            self._made[call.transport] = self._make(call.transport)
        return self._made[call.transport].send(call)

    def close(self) -> None:
        """Close them all."""
        while self._made:
            self._made.popitem()[1].close()

    def _make(self, transport: str) -> CallSender:
        settings = self._config.settings
        if transport == "http":
            return self._http.sender()
        if transport == "command":
            return CommandSender(CommandLimits(seconds=settings.timeout))
        if transport == "file":
            return FileSender(self._config.folder)
        if transport == "smtp-probe":
            return ProbeSender(self._probes, min(settings.timeout, _PROBE))
        if transport == "smtp" and settings.notices:
            return _post_office(self._config, settings.notices)
        raise Rejected(f"nothing here can carry a call by {transport}", hint="irtool doctor")


def _post_office(config: Config, notices: NoticeSettings) -> SmtpSender:
    """Where notices leave. Raises Rejected if the password or the key cannot be had."""
    try:
        return post_office(config, notices)
    except ConfigError as error:
        raise Rejected(error.message, hint=error.hint) from None


def post_office(config: Config, notices: NoticeSettings) -> SmtpSender:
    """The sender of notices. Raises ConfigError."""
    url = notices.smtp
    if url.startswith("outbox:"):
        url = f"outbox:{config.place(url.removeprefix('outbox:'))}"
    password = config.secret(notices.password) if notices.password else ""
    bounces = notices.bounces_to or parseaddr(notices.from_)[1]
    return SmtpSender(url, bounces, notices.user, password, config.settings.timeout, sign=signing(config, notices))


def signing(config: Config, notices: NoticeSettings) -> Sign | None:
    """How notices are signed, None if they are not. Raises ConfigError if the key is none."""
    if notices.dkim is None:
        return None
    from irtool.adapters.signing import Signer

    return Signer(notices.dkim.selector, notices.dkim.domain, config.secret(notices.dkim.key)).sign
