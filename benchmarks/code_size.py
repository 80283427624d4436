"""How large the code is: lines, the longest file, function and class, the share of typed functions, repeated lines."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import emit

ROOT = Path(__file__).parents[1]
WINDOW = 6
"""Lines in a row that must be equal somewhere else to count as repeated."""


def is_typed(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """True if every argument (but self and cls) and the result are annotated."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    arguments += [extra for extra in (node.args.vararg, node.args.kwarg) if extra is not None]
    return node.returns is not None and all(
        argument.annotation is not None or argument.arg in {"self", "cls", "mcs"} for argument in arguments
    )


def repeated_lines(files: dict[str, list[str]]) -> int:
    """Code lines that lie in a run of `WINDOW` equal lines found at more than one place."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, lines in files.items():
        code = [line.strip() for line in lines]
        code = [line for line in code if line and not line.startswith(("#", "import ", "from "))]
        for start in range(len(code) - WINDOW + 1):
            places[tuple(code[start : start + WINDOW])].append((name, start))
    repeated = {
        (name, start + offset)
        for found in places.values()
        if len(found) > 1
        for name, start in found
        for offset in range(WINDOW)
    }
    return len(repeated)


def main() -> None:
    """Prints one line for `nemo/`, with the tests' lines beside it."""
    paths = sorted((ROOT / "nemo").rglob("*.py"))
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").splitlines() for path in paths}
    longest: dict[str, tuple[int, str]] = {"function": (0, ""), "class": (0, "")}
    functions = typed = 0
    for name, lines in files.items():
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                kind = "class" if isinstance(node, ast.ClassDef) else "function"
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                longest[kind] = max(longest[kind], (length, f"{name}::{node.name}"))
                if not isinstance(node, ast.ClassDef):
                    functions, typed = functions + 1, typed + is_typed(node)
    total = sum(map(len, files.values()))
    repeated = repeated_lines(files)
    emit(
        "code_size",
        total,
        unit="lines of nemo/",
        files=len(files),
        longest_file=max((len(lines), name) for name, lines in files.items()),
        longest_function=longest["function"],
        longest_class=longest["class"],
        functions=functions,
        typed_percent=100.0 * typed / max(functions, 1),
        repeated_lines=repeated,
        repeated_percent=100.0 * repeated / max(total, 1),
        test_lines=sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "tests").rglob("*.py")),
    )


if __name__ == "__main__":
    main()
