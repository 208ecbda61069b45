"""From irtool.yaml to working parts: connectors, the senders behind them, logs and directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import Any

from irtool.adapters.command import CommandLimits, CommandSender
from irtool.adapters.files import FileSender
from irtool.adapters.http import Credential, HttpLimits, HttpPool, Server
from irtool.adapters.smtp import SmtpSender
from irtool.config import Config, ConnectorConfig, NoticeSettings
from irtool.connectors import Address, Needs, connector, needs
from irtool.connectors.local import local
from irtool.errors import ConfigError, FaultsError, Refused, Rejected
from irtool.ports import CallSender, Connector
from irtool.records import Call, Json, Reply

Render = Callable[[str, str, Mapping[str, Json]], str]
"""verb, target, params -> the text of a message or a file."""

SANDBOX = "sandbox"


def connectors(config: Config, render: Render) -> dict[str, Connector]:
    """The configured connectors and the local ones by name. Raises ConfigError with all that is wrong."""
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
    own = local(render)
    if config.settings.notices is None:
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
        self._http = HttpPool(servers, limits=limits, transport_for=_in_process(config))

    def sender(self) -> CallSender:
        """A sender that the caller closes."""
        return Switch(self._config, self._http)


class Unarmed:
    """ports.SenderPool of a person who only decides: it reaches no server, so it needs none of the secrets."""

    def sender(self) -> CallSender:
        """Refused, always."""
        raise Refused("a decision calls no server")


def _server(config: Config, spec: ConnectorConfig, built: Connector) -> Server:
    address = getattr(built, "address", Address())
    proof = address.proof
    reference = spec.secrets.get(proof.secret) if proof.kind != "none" else None
    if proof.kind != "none" and reference is None:
        return Server(address.bases, Credential(proof.kind), address.authenticated)
    secret = config.secret(reference) if reference else ""
    credential = Credential(proof.kind, secret, proof.header, proof.prefix, proof.username)
    return Server(address.bases, credential, address.authenticated)


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

    def __init__(self, config: Config, http: HttpPool) -> None:
        self._config = config
        self._http = http
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
        if transport == "smtp" and settings.notices:
            return _post_office(self._config, settings.notices)
        raise Rejected(f"nothing here can carry a call by {transport}", hint="irtool doctor")


def _post_office(config: Config, notices: NoticeSettings) -> SmtpSender:
    url = notices.smtp
    if url.startswith("outbox:"):
        url = f"outbox:{config.place(url.removeprefix('outbox:'))}"
    password = config.secret(notices.password) if notices.password else ""
    bounces = notices.bounces_to or parseaddr(notices.from_)[1]
    return SmtpSender(url, bounces, notices.user, password, config.settings.timeout)
