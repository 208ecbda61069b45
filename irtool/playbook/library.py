"""Finding a playbook: a file, or one that is shipped, by its name."""

from __future__ import annotations

from pathlib import Path

from irtool.errors import UsageError
from irtool.language.yamlfile import MAX_CHARACTERS, suggest
from irtool.shipped import folder

_ENDINGS = (".yaml", ".yml")


def locate(ref: str) -> tuple[str, str]:
    """The path and text of the playbook that `ref` means: a path, or a shipped name such as `email-abuse`.

    Raises UsageError if there is none (with the shipped names), or if it is not readable UTF-8 of at most 1 MB.
    """
    path = Path(ref)
    if not _is_file(path):
        shipped = {p.stem: p for p in sorted(folder("playbooks").glob("*.yaml"))}
        if ref not in shipped:
            raise _unknown(ref, path, list(shipped))
        path = shipped[ref]
    return str(path), _text(path)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(4 * MAX_CHARACTERS + 1)
        if len(content) > 4 * MAX_CHARACTERS:
            raise UsageError(f"{path} is larger than 1 MB: that is no playbook")
        return content.decode()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})") from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _unknown(ref: str, path: Path, names: list[str]) -> UsageError:
    shown = ref if len(ref) <= 100 else ref[:99] + "…"
    if ref.endswith(_ENDINGS) or "/" in ref:
        what = f"there is no playbook file {shown}."
        return UsageError(what + suggest(path.stem, names), hint=f"shipped playbooks: {', '.join(names)}")
    what = f'there is no playbook "{shown}": no such file, and shipped are {", ".join(names)}.'
    return UsageError(what + suggest(ref, names), hint="irtool check PLAYBOOK")
