"""Folders and files are named after concepts, and optional packages are asked for in one way."""

import ast

from tests.architecture.source_tree import ROOT, module_name, parsed, python_files, short

BANNED_NAMES = {"parts", "part", "helpers", "helper", "misc", "mixins", "mixin", "common_utils", "stuff", "tools"}


def test_no_dumping_grounds():
    bad = {
        short(path)
        for path in python_files("nemo")
        if BANNED_NAMES & {*path.relative_to(ROOT).with_suffix("").parts}
        or ("collections" in path.parts and {"utils", "util"} & {*path.relative_to(ROOT).with_suffix("").parts})
    }
    assert not bad, f"name the concept instead: {sorted(bad)}"


def test_every_folder_of_ours_is_a_package():
    missing = {
        short(path.parent)
        for path in [*python_files("nemo"), *python_files("tests")]
        if not (path.parent / "__init__.py").exists() and "data" not in path.relative_to(ROOT).parts[:2]
    }
    assert not missing, f"no __init__.py in {sorted(missing)}"


def test_no_import_guards():
    """`try: import x` with a flag is replaced by nemo.utils.optional.require."""
    guarded = []
    for path in python_files("nemo", "examples", "scripts"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Try) and short(path) != "nemo/utils/optional.py":
                imports = [part for part in node.body if isinstance(part, ast.Import | ast.ImportFrom)]
                catches = {
                    name.id
                    for handler in node.handlers
                    for name in ast.walk(handler.type or ast.Name("BaseException"))
                    if isinstance(name, ast.Name)
                }
                if imports and catches & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}:
                    guarded.append(f"{short(path)}:{node.lineno}")
    assert not guarded, f"use nemo.utils.optional.require: {guarded}"


def test_init_files_only_re_export():
    """A package's __init__ holds a docstring, imports and the lazy table; no class, no function, no branch."""
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    busy = {
        f"{module_name(path)}:{node.lineno}"
        for path in python_files("nemo")
        if path.name == "__init__.py"
        for node in parsed(path).body
        if not isinstance(node, allowed)
    }
    assert not busy, busy


def test_nothing_prints():
    """Library code logs; only the command line, scripts and benchmarks write to standard output."""
    printing = [
        f"{short(path)}:{node.lineno}"
        for path in python_files("nemo")
        if "cli" not in path.parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not printing, printing
