"""What irtool.yaml says about one connector, checked against what its kind needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from irtool.connectors.shape import Auth, Limits, Manifest, Setting
from irtool.errors import ConfigError
from irtool.language.yamlfile import suggest
from irtool.records import Json


@dataclass(frozen=True, slots=True)
class Proof:
    """How the sender proves who it is; the secret itself is never here.

    `kind`: none, bearer, basic (with `username`), header (the value of `header`, after `prefix`) or oauth2 (with the
    client's id as `username`, `scope`, and where access tokens come from, `token_url`). `secret` is the key in
    irtool.yaml whose value refers to the secret ("token", "password").
    """

    kind: str = "none"
    secret: str = ""
    header: str = ""
    prefix: str = ""
    username: str = ""
    scope: str = ""
    token_url: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connector's http Calls go: base URLs by name ("" is the main one), and how to prove who calls.

    `authenticated` are the names of the bases that are given the credential. Empty for connectors without HTTP.
    """

    bases: Mapping[str, str] = field(default_factory=dict)
    proof: Proof = field(default_factory=Proof)
    authenticated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Needs:
    """What a kind of connector wants to be told in irtool.yaml. `settings` are not secret; `auth` is a kind of Proof,
    or "setting" if irtool.yaml chooses; `secrets` are the keys that may refer to a secret."""

    kind: str
    title: str
    settings: Mapping[str, Setting]
    auth: str = "none"
    secrets: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """The settings that must be given."""
        return tuple(name for name, spec in self.settings.items() if spec.required)


_SECRET = {"bearer": "token", "basic": "password", "header": "key", "oauth2": "secret"}


def secrets(auth: Auth) -> tuple[str, ...]:
    """The keys of irtool.yaml that may refer to the secret."""
    if auth.kind == "setting":
        return tuple(_SECRET.values())
    return () if auth.kind == "none" else (auth.secret or _SECRET[auth.kind],)


def complete(name: str, known: Mapping[str, Setting], given: Mapping[str, Json]) -> dict[str, Json]:
    """The given settings with the defaults of the others; a default that is a mapping is merged key by key.

    Raises ConfigError with all that is missing or unknown.
    """
    faults = [f'connectors.{name}: "{key}" is missing ({spec.about})' for key, spec in known.items()
              if spec.required and given.get(key) in (None, "")]  # fmt: skip
    faults += [
        f'connectors.{name}: there is no setting "{key}".{suggest(key, known)}' for key in given if key not in known
    ]
    filled: dict[str, Json] = {}
    for key, spec in known.items():
        value = given.get(key, spec.default)
        if isinstance(spec.default, dict):
            if not isinstance(value, dict) or (value.keys() - spec.default.keys()):
                faults.append(f'connectors.{name}: "{key}" is a mapping that may have {", ".join(spec.default)}')
                continue
            value = {**spec.default, **value}
        filled[key] = value
    if faults:
        raise ConfigError(f"connector {name} is not set up", faults)
    return filled


def limits(name: str, given: Json) -> Limits:
    """What irtool.yaml allows at the most, 0 where it says nothing. Raises ConfigError if that cannot be read."""
    rows = given if isinstance(given, dict) else {}
    most, rate = rows.get("concurrency", 0), rows.get("per_second", 0)
    known = (given is None or isinstance(given, dict)) and not set(rows) - {"per_second", "concurrency"}
    if not known or type(most) is not int or not isinstance(rate, int | float) or min(most, rate) < 0:
        raise ConfigError(f"connectors.{name}: limits is {{per_second: NUMBER, concurrency: NUMBER}}")
    return Limits(concurrency=most, per_second=rate)


def address(name: str, manifest: Manifest, settings: Mapping[str, Json]) -> Address:
    """Where the connector's calls go. Raises ConfigError if `auth` in irtool.yaml is not a kind of credential, or if a
    URL has a user or a password in it."""
    bases = {"": str(settings.get("url", ""))}
    bases |= {base: str(settings.get(spec.setting, "")) for base, spec in manifest.bases.items()}
    trusted = {"", *(base for base, spec in manifest.bases.items() if spec.auth)}
    proof = _proof(name, manifest.auth, settings)
    if any("@" in url.partition("://")[2].partition("/")[0] for url in (*bases.values(), proof.token_url)):
        raise ConfigError(
            f"connectors.{name}: no user or password in a URL",
            hint="A secret is a reference, such as password: env:NAME; see what the connector takes: irtool doctor",
        )
    return Address(bases, proof, frozenset(trusted))


def _proof(name: str, auth: Auth, settings: Mapping[str, Json]) -> Proof:
    kind, header = auth.kind, auth.header
    username = str(settings.get("username", ""))
    if kind == "setting":
        word, _, header = str(settings.get("auth") or "none").partition(" ")
        header = header.strip()
        if word not in {"none", *_SECRET} or (word == "header") != bool(header):
            raise ConfigError(f'connectors.{name}: auth is none, bearer, basic, oauth2 or "header NAME"')
        if word == "oauth2":
            return _oauth(name, "secret", settings)
        return Proof(word, _SECRET.get(word, ""), header, "", username)
    if kind == "none":
        return Proof()
    if kind == "oauth2":
        return _oauth(name, auth.secret or _SECRET[kind], settings)
    return Proof(kind, auth.secret or _SECRET[kind], header, auth.prefix, username)


def _oauth(name: str, secret: str, settings: Mapping[str, Json]) -> Proof:
    """Client credentials. Raises ConfigError if it is not said where tokens come from, and for whom."""
    url, client = str(settings.get("token_url") or ""), str(settings.get("client_id") or "")
    if not url or not client:
        raise ConfigError(f'connectors.{name}: oauth2 needs "token_url" and "client_id"')
    return Proof("oauth2", secret, username=client, scope=str(settings.get("scope") or ""), token_url=url)
