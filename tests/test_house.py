"""The house stands as it was drawn: imports go only downwards, one importer per library, files fit in a head."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import irtool

HOUSE = Path(irtool.__file__).parent
MODULES = sorted(HOUSE.rglob("*.py"))

FLOORS = {
    "errors": 0,
    "records": 1, "shipped": 1,
    "redact": 2,
    "ports": 2, "history": 2, "language": 2,
    "intake": 3, "playbook": 3, "verbs": 3,
    "connectors": 4, "triage": 4,
    "plan": 5, "tell": 5,
    "run": 6,
    "adapters": 7, "sandbox": 7,
    "config": 8,
    "wiring": 9,
    "cli": 10, "chat": 10,
}  # fmt: skip
# Module prefixes that may import a library; the rule covers every kind of import, lazy and typing-only included.
IMPORTERS = {
    "httpx": {"adapters.http"},
    "yaml": {"language"},
    "jinja2": {"language"},
    "slack_sdk": {"chat"},
    "drawsvg": {"tell.pictures"},
    "duckdb": {"adapters.logs"},
    "typer": {"cli"},
    "rich": {"cli"},
    "babel": {"tell"},
    "markdown_it": {"tell"},
    "fast_mail_parser": {"intake"},
    "backports": {"adapters.logs"},
    "olefile": {"intake.outlook"},
    "xml": {"intake.xmlsafe"},
    "zipfile": {"intake.containers"},
    "re2": {"triage.rules.matchers"},
    "publicsuffixlist": {"intake.domains"},
    "smtplib": {"adapters.smtp"},
    "dkim": {"adapters.signing"},
    "webbrowser": {"cli"},
    "subprocess": {"adapters.command"},
    "sqlite3": {"adapters.journal", "sandbox"},
    "threading": {"run", "adapters", "sandbox", "chat", "cli", "redact"},
    "rfc3161_client": {"adapters.timestamps"},
    "cryptography": {"adapters.timestamps"},
    "weasyprint": {"adapters.pdf"},
    "pickle": set(),
}
FORBIDDEN_NAMES = {"eval", "exec", "compile", "NativeEnvironment"}


def room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def name_of(path: Path) -> str:
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every imported module as written, wherever the statement stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def test_every_room_has_a_floor() -> None:
    rooms = {room(name_of(p)) for p in MODULES} - {"", "__main__"}
    assert rooms == set(FLOORS)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_only_downwards(path: Path) -> None:
    """To a lower floor or inside the same room: hence no circle between rooms is possible."""
    here = room(name_of(path))
    if here in {"", "__main__"}:
        return
    for module, line in imports(path):
        if not module.startswith("irtool."):
            continue
        there = room(module.removeprefix("irtool."))
        if there in FLOORS and there != here:
            assert FLOORS[there] < FLOORS[here], f"{path}:{line}: {here} (floor {FLOORS[here]}) imports {there}"


def test_no_circle_inside_a_room() -> None:
    known = {name_of(p) for p in MODULES}
    graph: dict[str, set[str]] = {}
    for path in MODULES:
        targets = set()
        for module, _ in imports(path):
            parts = module.removeprefix("irtool.").split(".") if module.startswith("irtool.") else []
            for cut in (len(parts), len(parts) - 1):
                if ".".join(parts[:cut]) in known - {""}:
                    targets.add(".".join(parts[:cut]))
                    break
        graph[name_of(path)] = targets - {name_of(path)}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"import circle: {' -> '.join((*trail, module))}"
        if module in done:
            return
        for target in graph.get(module, ()):
            visit(target, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_one_importer_per_library(path: Path) -> None:
    here = name_of(path)
    for module, line in imports(path):
        allowed = IMPORTERS.get(module.split(".")[0])
        if allowed is not None:
            assert any(here == a or here.startswith(a + ".") for a in allowed), (
                f"{path}:{line}: {here} imports {module}"
            )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_evaluates_code(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN_NAMES, f"{path}:{node.lineno}"


def test_templates_are_compiled_in_one_room() -> None:
    """Text of a complaint can only become a template where templates are made."""
    for path in MODULES:
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        if calls & {"from_string", "compile_expression"}:
            assert room(name_of(path)) == "language", path


def test_broad_excepts_stand_only_at_the_front_doors() -> None:
    for path in MODULES:
        if room(name_of(path)) in {"cli", "chat"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                names = [n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)] if node.type else ["(bare)"]
                reraises = any(isinstance(n, ast.Raise) and n.exc is None for n in ast.walk(node))
                assert reraises or not {"Exception", "BaseException", "(bare)"} & set(names), f"{path}:{node.lineno}"


def test_files_fit_in_a_head() -> None:
    sizes = sorted((len(p.read_text().splitlines()), name_of(p)) for p in MODULES)
    assert sizes[-1][0] <= 400, sizes[-1]
    assert sizes[len(sizes) // 2][0] <= 130, sizes[len(sizes) // 2]


def test_functions_are_short() -> None:
    lengths = [
        (node.end_lineno - node.lineno + 1, f"{name_of(path)}.{node.name}")
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno
    ]
    long = [entry for entry in lengths if entry[0] > 60]
    assert len(long) <= len(lengths) * 0.02, sorted(long)


def test_help_starts_without_the_heavy_libraries() -> None:
    heavy = ["httpx", "jinja2", "yaml", "pydantic", "duckdb", "slack_sdk", "rich", "asyncio", "babel", "sqlite3"]
    code = f"import sys, irtool.cli.app; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
