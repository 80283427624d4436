"""The table of the original's import paths: every row works, none hides a module of ours, none is used by ourselves."""

import importlib
import importlib.machinery

import pytest

from nemo import aliases
from nemo.aliases import MOVED_MODULES, MOVED_NAMES, public_path, resolve
from tests.architecture.source_tree import imported_modules, module_name, python_files, short

REAL_MODULES = {module_name(path) for path in python_files("nemo")}
# these run what users of the original wrote, as it was written
MAY_USE_ALIASES = ("tests/seeds/", "tests/compat/", "tests/architecture/", "tests/test_aliases.py")


def test_every_moved_name_resolves():
    broken = {}
    for original, ours in MOVED_NAMES.items():
        module, _, name = ours.rpartition(".")
        if module not in REAL_MODULES or not hasattr(importlib.import_module(module), name):
            broken[original] = ours
    assert not broken


def test_every_moved_module_resolves():
    broken = {original: ours for original, ours in MOVED_MODULES.items() if ours not in REAL_MODULES}
    assert not broken


def test_no_row_hides_a_real_module():
    """The finder is last: a row for a module that exists would never be asked."""
    shadowed = {row for row in MOVED_MODULES if row in REAL_MODULES}
    shadowed |= {row for row in MOVED_NAMES if row.rpartition(".")[0] in REAL_MODULES}
    dead = {
        row
        for row in shadowed
        if row in MOVED_MODULES or not hasattr(importlib.import_module(row.rpartition(".")[0]), row.rpartition(".")[2])
    }
    assert not dead, f"offer these names in the real module instead: {sorted(dead)}"


def test_the_original_imports_work():
    """Through the import system, as users write it."""
    for original, ours in MOVED_NAMES.items():
        module, _, name = original.rpartition(".")
        home, _, own_name = ours.rpartition(".")
        served = getattr(importlib.import_module(module), name)
        assert served is getattr(importlib.import_module(home), own_name), original


def test_public_path_and_resolve_are_inverse():
    for original, ours in MOVED_NAMES.items():
        module, _, name = ours.rpartition(".")
        value = getattr(importlib.import_module(module), name)
        if isinstance(value, type) and f"{value.__module__}.{value.__qualname__}" == ours:
            assert resolve(public_path(value)) == ours, original


def test_we_never_import_through_an_alias():
    known = {*MOVED_MODULES, *MOVED_NAMES}
    alias_modules = {module for module in aliases._alias_modules() if module not in REAL_MODULES}
    used = [
        f"{short(path)}:{line} {imported}"
        for path in python_files()
        if not short(path).startswith(MAY_USE_ALIASES)
        for imported, line in imported_modules(path)
        if imported in alias_modules or (imported in known and imported.rpartition(".")[0] not in REAL_MODULES)
    ]
    assert not used, used


def test_unknown_name_of_an_alias_module_says_what_there_is():
    if not MOVED_NAMES:
        pytest.fail("the table is empty")
    module = next(row.rpartition(".")[0] for row in MOVED_NAMES if row.rpartition(".")[0] not in REAL_MODULES)
    with pytest.raises(AttributeError, match="has no attribute 'NoSuchName'"):
        importlib.import_module(module).NoSuchName  # noqa: B018 - the look-up is the test
