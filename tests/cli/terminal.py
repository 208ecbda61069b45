"""Types `irtool` as a user would: a process of its own, from the same environment as the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
PROGRAM = BIN / "irtool"
PATIENCE = 120.0  # seconds: a machine that runs other tests too


@dataclass(frozen=True)
class Said:
    """What a command answered: exit code, data, talk."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer of a command with --json: one line."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The answer of a command that prints one JSON object per line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def talk(self) -> str:
        """What was said to people, unfolded: one line, single spaces."""
        return " ".join(self.err.split())

    @property
    def text(self) -> str:
        """Everything that was said."""
        return f"{self.out}\n{self.err}"


@dataclass(frozen=True)
class Terminal:
    """A shell in a folder. `variables` are added to a small environment."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: object, stdin: str | bytes = b"", code: int | None = None) -> Said:
        """Type it and wait. With `code`, fail unless it ends so. A traceback is a failure whatever the code."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            self.argv(*words), input=given, capture_output=True, cwd=self.folder, env=self.env(),
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in said.err, said.err
        assert code is None or said.code == code, f"{words}: {said.code}\n{said.out[-2000:]}\n{said.err[-4000:]}"
        return said

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """Type it and do not wait; the caller ends it."""
        return subprocess.Popen(
            self.argv(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=self.folder, env=self.env(), start_new_session=True,
        )  # fmt: skip

    def argv(self, *words: object) -> list[str]:
        """The command as the system sees it."""
        return [str(PROGRAM), *map(str, words)]

    def env(self) -> dict[str, str]:
        """No settings of the caller's own irtool; 80 columns; the program is found by its name."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return {**kept, "PATH": path, "COLUMNS": "80", "PYTHONWARNINGS": "error", **self.variables}
