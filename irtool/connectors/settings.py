"""What irtool.yaml says about one connector, checked against what its kind needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from irtool.connectors.shape import Auth, Manifest, Setting
from irtool.errors import ConfigError
from irtool.language.yamlfile import suggest
from irtool.records import Json


@dataclass(frozen=True, slots=True)
class Proof:
    """How the sender proves who it is; the secret itself is never here.

    `kind`: none, bearer, basic (with `username`) or header (the value of `header`, after `prefix`). `secret` is the key
    in irtool.yaml whose value refers to the secret ("token", "password").
    """

    kind: str = "none"
    secret: str = ""
    header: str = ""
    prefix: str = ""
    username: str = ""


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


_SECRET = {"bearer": "token", "basic": "password", "header": "key"}


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


def address(name: str, manifest: Manifest, settings: Mapping[str, Json]) -> Address:
    """Where the connector's calls go. Raises ConfigError if `auth` in irtool.yaml is not a kind of credential."""
    bases = {"": str(settings.get("url", ""))}
    bases |= {base: str(settings.get(spec.setting, "")) for base, spec in manifest.bases.items()}
    trusted = {"", *(base for base, spec in manifest.bases.items() if spec.auth)}
    return Address(bases, _proof(name, manifest.auth, settings), frozenset(trusted))


def _proof(name: str, auth: Auth, settings: Mapping[str, Json]) -> Proof:
    kind, header = auth.kind, auth.header
    username = str(settings.get("username", ""))
    if kind == "setting":
        word, _, header = str(settings.get("auth") or "none").partition(" ")
        header = header.strip()
        if word not in {"none", *_SECRET} or (word == "header") != bool(header):
            raise ConfigError(f'connectors.{name}: auth is none, bearer, basic or "header NAME"')
        return Proof(word, _SECRET.get(word, ""), header, "", username)
    if kind == "none":
        return Proof()
    return Proof(kind, auth.secret or _SECRET[kind], header, auth.prefix, username)
