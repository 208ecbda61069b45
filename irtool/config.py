"""irtool.yaml and the environment -> Config. All faults at once, each with its place.

Found in the working folder, or by `--config`, or by IRTOOL_CONFIG. Relative paths in it are relative to the file.
Secrets are references and are read when they are used: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from irtool.errors import ConfigError, FaultsError, UsageError
from irtool.language.models import Strict, validate
from irtool.language.yamlfile import read, suggest
from irtool.plan.limits import COLLATERAL, DANGERS, TOTAL
from irtool.plan.shadow import ALL
from irtool.playbook.durations import duration
from irtool.records import Json
from irtool.redact import KNOWN
from irtool.run.people import alike as looks_like
from irtool.verbs import CATALOGUE

NAME = "irtool.yaml"
SECRET_KEYS = frozenset({"password", "token", "secret", "key", "api_key"})


def _secret_reference(value: str) -> str:
    if value.partition(":")[0] not in {"env", "file", "keyring"} or not value.partition(":")[2]:
        raise ValueError("must be a reference and never the secret itself: env:NAME, file:PATH or keyring:SERVICE/NAME")
    return value


def _network(value: str) -> str:
    ipaddress.ip_network(value, strict=False)
    return value


def _file(value: str) -> str:
    if "://" in value:
        raise ValueError("must be a file on this machine, such as ./irtool.db")
    return value


def _span(value: str) -> str:
    try:
        duration(value)
    except UsageError as error:
        raise ValueError(error.message) from None
    return value


SecretRef: TypeAlias = Annotated[str, AfterValidator(_secret_reference)]
Network: TypeAlias = Annotated[str, AfterValidator(_network)]


class Org(Strict):
    """Who we are: the name on notices and reports, our own domains (never blocked), our languages."""

    name: str = "Our organisation"
    domains: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    contact: str = ""
    url: str = ""
    networks: tuple[Network, ...] = ()


class LogSettings(Strict):
    """One gateway log: its format, where it is (a path, a glob, a store, or several), and which column is which.

    `zone` is where times without an offset were written, `year` the year of a Postfix log's oldest line if the files'
    own times cannot tell it, `times` how times are spelled (strptime, several with `|` between) if not ISO 8601.
    """

    format: str
    path: str | tuple[str, ...]
    columns: dict[str, str] = Field(default_factory=dict)
    zone: str = "UTC"
    year: Annotated[int, Field(ge=1980, le=2200)] | None = None
    times: str = ""


class DirectoryFile(Strict):
    """A directory file (CSV, JSON or Parquet) and which column is which."""

    path: str
    columns: dict[str, str] = Field(default_factory=dict)


class DirectorySettings(Strict):
    """The provider's accounts and the domains they own."""

    accounts: DirectoryFile | None = None
    domains: DirectoryFile | None = None


class PersonSettings(Strict):
    """One person: the OS user and the Slack id that are theirs, and the groups they belong to."""

    os_user: str = ""
    slack: str = ""
    groups: tuple[str, ...] = ()


class ApprovalSettings(Strict):
    """What a class of changes needs at the least: whose yes, of how many, for how long, from how many changes on."""

    from_: Literal["self", "peer"] = Field("peer", alias="from")
    quorum: Annotated[int, Field(ge=1, le=20)] = 1
    expires: Annotated[str, AfterValidator(_span)] = ""
    above: Annotated[int, Field(ge=0)] = 0


def _short(value: Any) -> Any:
    return {"from": value} if isinstance(value, str) else value


class Protected(Strict):
    """What is never blocked or disabled, whoever approves it."""

    domains: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    accounts: tuple[str, ...] = ()


class DkimSettings(Strict):
    """How notices are signed: the key (PEM, RSA or Ed25519) whose public half is at SELECTOR._domainkey.DOMAIN."""

    selector: str
    domain: str
    key: SecretRef


class GenuineSettings(Strict):
    """How a reader finds out, by other means, that a notice is ours. `text` may be one for each language."""

    phone: str = ""
    url: str = ""
    pgp: str = ""
    text: str | dict[str, str] = ""


class NoticeSettings(Strict):
    """How notices leave: `smtp://host:port` (`?starttls`), `smtps://…`, or `outbox:FOLDER`, which writes .eml files.

    `bounces_to` is the envelope sender; without it bounces go to `from`; `{id}` in it tells them apart. `per_minute`
    is the most that leave in a minute, 0 for no limit. `gateway` names the hosts and networks of the service under
    abuse: notices must not leave through them.
    """

    smtp: str
    from_: str = Field(alias="from")
    user: str = ""
    password: SecretRef | None = None
    bounces_to: str = ""
    per_minute: Annotated[float, Field(ge=0, le=100_000)] = 0
    dkim: DkimSettings | None = None
    genuine: GenuineSettings = GenuineSettings()
    gateway: tuple[str, ...] = ()


class TimestampSettings(Strict):
    """The time stamp authority (RFC 3161) that `irtool anchor` asks, and a PEM file with its root certificates."""

    url: str
    roots: str


class SlackSettings(Strict):
    """Socket Mode tokens by reference and the incident channel; `api_url` only for a private peer."""

    app_token: SecretRef
    bot_token: SecretRef
    channel: str
    api_url: str = "https://slack.com/api/"


class Settings(Strict):
    """The shape of irtool.yaml.

    `approvals` asks for more than playbooks do, by verb, danger (mild, moderate, severe), collateral or total, and
    never for less. `break_glass`: allow, deny, or the group that alone may. `shadow`: what is in
    shadow mode (everything but the change): verbs, connectors, or all. `shared_accounts`: whether people who share
    an OS account count as several persons although nothing proves it.
    """

    org: Org = Org()
    journal: Annotated[str, AfterValidator(_file)] = "./irtool.db"
    logs: dict[str, LogSettings] = Field(default_factory=dict)
    directory: DirectorySettings = DirectorySettings()
    connectors: dict[str, dict[str, Any]] = Field(default_factory=dict)
    people: dict[str, PersonSettings] = Field(default_factory=dict)
    approvals: dict[str, Annotated[ApprovalSettings, BeforeValidator(_short)]] = Field(default_factory=dict)
    break_glass: str = "allow"
    shadow: tuple[str, ...] = ()
    shared_accounts: Literal["allow", "deny"] = "deny"
    protected: Protected = Protected()
    notices: NoticeSettings | None = None
    slack: SlackSettings | None = None
    timestamps: TimestampSettings | None = None
    trusted_relays: tuple[str, ...] = ()
    templates: str | None = None
    signatures: str | None = None
    timeout: Annotated[float, Field(gt=0, le=600)] = 30.0
    workers: Annotated[int, Field(ge=1, le=64)] = 8


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """One connector: `kind` is a shipped one or the path of a manifest; `secrets` maps keys to references, which only
    the sender follows."""

    name: str
    kind: str
    settings: Mapping[str, Json]
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Config:
    """The checked configuration. `path` is None if there is no file; `folder` is what relative paths start from."""

    settings: Settings
    folder: Path
    path: Path | None = None

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.place(self.settings.journal)

    def place(self, text: str) -> Path:
        """A path of the file, relative to the file's folder."""
        return (self.folder / Path(text).expanduser()).absolute()

    def connectors(self) -> Sequence[ConnectorConfig]:
        """The configured connectors, in the file's order."""
        return [self._connector(name, dict(values)) for name, values in self.settings.connectors.items()]

    def _connector(self, name: str, values: dict[str, Any]) -> ConnectorConfig:
        kind = str(values.pop("kind", name))
        if kind.endswith((".yaml", ".yml")):
            kind = str(self.place(kind))
        url = values.get("url")
        if isinstance(url, str) and url.startswith("sandbox:"):
            values["url"] = f"sandbox:{self.place(url.removeprefix('sandbox:'))}"
        secrets = {key: str(values.pop(key)) for key in sorted(SECRET_KEYS) if key in values}
        return ConnectorConfig(name, kind, values, secrets)

    def secret(self, reference: str) -> str:
        """What a secret reference stands for. Raises ConfigError if it is not there; never shows the value."""
        value = self._secret(reference)
        KNOWN.add(value)
        return value

    def _secret(self, reference: str) -> str:
        scheme, _, rest = reference.partition(":")
        if scheme == "env":
            value = os.environ.get(rest)
            if value is None:
                raise ConfigError(f"the environment has no {rest}", hint=f"export {rest}=…")
            return value
        if scheme == "file":
            path = self.place(rest)
            try:
                return path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigError(
                    f"secret file {path}: {error.strerror}", hint="check the path and its rights"
                ) from error
            except UnicodeDecodeError:
                raise ConfigError(f"secret file {path}: is not UTF-8 text") from None
        return _from_keyring(rest)


def _from_keyring(name: str) -> str:
    try:
        import keyring
    except ImportError as error:
        raise ConfigError(
            "keyring: references need the keyring library", hint="pip install 'irtool[keyring]'"
        ) from error
    service, _, user = name.rpartition("/")
    value = keyring.get_password(service, user)
    if value is None:
        raise ConfigError(f"the keyring has no {service}/{user}", hint=f"keyring set {service} {user}")
    return str(value)


def find(given: Path | None) -> Path | None:
    """The configuration file to use: the given one, IRTOOL_CONFIG, or irtool.yaml here; None if there is none."""
    named = given or (Path(os.environ["IRTOOL_CONFIG"]) if os.environ.get("IRTOOL_CONFIG") else None)
    if named:
        if not named.is_file():
            raise ConfigError(
                f"{named}: there is no such file", hint="name an irtool.yaml with --config or IRTOOL_CONFIG"
            )
        return named
    here = Path(NAME)
    return here if here.is_file() else None


def load(given: Path | None = None) -> Config:
    """The configuration, or the defaults if there is no file. Raises ConfigError with all faults."""
    path = find(given)
    if path is None:
        return Config(Settings(), Path.cwd())
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}", hint="check its rights and that it is UTF-8") from error
    try:
        document = read(text, str(path))
    except FaultsError as error:
        raise ConfigError(error.message, error.faults, hint=error.hint) from error
    settings, faults = validate(Settings, document)
    faults += _connector_faults(document.data, document.where)
    faults += _people_faults(settings, document.where) if settings else []
    if faults or settings is None:
        raise ConfigError(f"{path} has {len(faults)} fault{'s' * (len(faults) != 1)}; nothing was done", faults)
    return Config(settings, path.resolve().parent, path)


def _people_faults(settings: Settings, where: Any) -> list[str]:
    """Names that cannot be told apart, and rules about what there is not."""
    known = {*DANGERS, COLLATERAL, TOTAL, *CATALOGUE}
    faults = [
        f'{where(("approvals", about))}  "{about}" is no verb, and not one of '
        f"{', '.join((*DANGERS, COLLATERAL, TOTAL))}.{suggest(about, sorted(known))}"
        for about in settings.approvals
        if about not in known
    ]
    groups = {group for person in settings.people.values() for group in person.groups}
    if settings.break_glass not in {"allow", "deny", *groups}:
        faults.append(f'{where(("break_glass",))}  "break_glass" must be allow, deny or a group that a person is in')
    able = {ALL, *CATALOGUE, *settings.connectors, "mail", "desk"}
    faults += [
        f'{where(("shadow",))}  "{name}" is no verb, no connector, and not {ALL}.{suggest(name, sorted(able))}'
        for name in settings.shadow
        if name not in able
    ]
    names = list(settings.people)
    for n, one in enumerate(names):
        for other in names[:n]:
            first, second = settings.people[one], settings.people[other]
            if looks_like(one, other):
                faults.append(f'{where(("people", one))}  "{one}" cannot be told from "{other}" by eye')
            if first.slack and first.slack.casefold() == second.slack.casefold():
                faults.append(f"{where(('people', one, 'slack'))}  {first.slack} is {other} already")
            if first.os_user != second.os_user and looks_like(first.os_user, second.os_user):
                faults.append(
                    f'{where(("people", one, "os_user"))}  "{first.os_user}" cannot be told from {other}\'s by eye'
                )
    return faults


def _connector_faults(data: Json, where: Any) -> list[str]:
    """Connectors have settings of their own, but a secret is a reference in all of them."""
    connectors = data.get("connectors") if isinstance(data, dict) else None
    faults = []
    for name, values in connectors.items() if isinstance(connectors, dict) else ():
        given = values if isinstance(values, dict) else {}
        for key in sorted(SECRET_KEYS & set(given)):
            try:
                _secret_reference(str(given[key]))
            except ValueError as error:
                faults.append(f'{where(("connectors", name, key))}  "{key}" {error}')
    return faults
