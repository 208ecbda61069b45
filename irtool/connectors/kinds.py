"""The kinds of connectors: shipped manifests, the user's own manifests, and the ones written in Python."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from irtool.connectors import postfix
from irtool.connectors.generic import ManifestConnector
from irtool.connectors.manifest import CompiledManifest, compile_manifest
from irtool.connectors.settings import Needs, address, complete, limits, secrets
from irtool.errors import ConfigError
from irtool.language.yamlfile import suggest
from irtool.ports import Connector
from irtool.records import Json

_BUILTIN = Path(__file__).parent / "builtin"
_MAX_MANIFEST = 1_000_000


def connector(name: str, kind: str, settings: Mapping[str, Json]) -> Connector:
    """The connector `name` of a kind, or of the manifest at a path ending in .yaml or .yml.

    `settings` are the non-secret keys under connectors.NAME in irtool.yaml; `limits: {per_second: 5, concurrency: 2}`
    among them asks for less than the manifest allows. Raises ConfigError for an unknown kind, a
    manifest with faults, and settings that are missing or unknown.
    """
    if kind == postfix.KIND:
        return postfix.PostfixQueue(name, complete(name, postfix.SETTINGS, settings))
    compiled = _compiled(kind)
    given = dict(settings)
    most = limits(name, given.pop("limits", None))
    filled = complete(name, compiled.manifest.settings, given)
    return ManifestConnector(name, compiled, filled, address(name, compiled.manifest, filled), most)


def kinds() -> Sequence[str]:
    """The kinds that come with irtool, in alphabetical order."""
    return sorted([*(p.stem for p in _BUILTIN.glob("*.yaml")), postfix.KIND])


def needs(kind: str) -> Needs:
    """What a kind wants to be told in irtool.yaml. Raises ConfigError as `connector` does."""
    if kind == postfix.KIND:
        return Needs(kind, postfix.TITLE, postfix.SETTINGS, verbs=tuple(sorted(postfix.VERBS)))
    manifest = _compiled(kind).manifest
    return Needs(
        kind,
        manifest.title,
        manifest.settings,
        manifest.auth.kind,
        secrets(manifest.auth),
        tuple(sorted(manifest.verbs)),
    )


def _compiled(kind: str) -> CompiledManifest:
    path = Path(kind)
    if path.suffix not in {".yaml", ".yml"}:
        if kind not in kinds():
            raise ConfigError(
                f'there is no kind of connector "{kind}".{suggest(kind, kinds())}',
                hint=f"Kinds: {', '.join(kinds())}, or the path of a manifest of your own (.yaml).",
            )
        path = _BUILTIN / f"{kind}.yaml"
    return _load(path)


@functools.lru_cache(maxsize=64)
def _load(path: Path) -> CompiledManifest:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_MANIFEST + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise ConfigError(f"the manifest {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the manifest {path} is not UTF-8 text") from None
    if len(data) > _MAX_MANIFEST:
        raise ConfigError(f"the manifest {path} is larger than 1 MB")
    return compile_manifest(text, path.name)
