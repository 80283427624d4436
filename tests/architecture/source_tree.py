"""What the architecture tests look at: our Python files, parsed once."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OWN_FOLDERS = ("nemo", "benchmarks", "examples", "scripts", "tests")


@functools.cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """Our Python files below the given folders of the repository, sorted; all folders when none is given."""
    return tuple(sorted(path for folder in folders or OWN_FOLDERS for path in (ROOT / folder).rglob("*.py")))


@functools.cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def short(path: Path) -> str:
    """A path as messages and exception lists name it."""
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """``nemo/core/optim/__init__.py`` -> ``nemo.core.optim``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """Every class of a file."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def imported_modules(path: Path) -> Iterator[tuple[str, int]]:
    """(dotted path, line) of everything that a file's import statements name; ``from a import b`` gives ``a.b`` too."""
    package = module_name(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def repository_files() -> list[Path]:
    """Every file that git keeps or would keep; outside a git checkout, every file but caches."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]
    ignored = {".venv", ".git", "__pycache__", "demo_data", "demo_run"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not ignored & set(path.parts)]
