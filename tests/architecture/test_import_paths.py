"""The import paths that scripts written for the original use, and which of them work here.

``tests/data/import_paths.txt`` lists ``module: names in scripts | names that other code imports``.
``tests/data/import_paths_working.txt`` lists those that work; once there, a path never breaks again. To add what a new
part makes real: ``python -m tests.architecture.test_import_paths``.
"""

import importlib
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
LISTED, WORKING = DATA / "import_paths.txt", DATA / "import_paths_working.txt"
COMPLETE = ("nemo.core", "nemo.utils", "nemo.constants", "nemo.collections.common")
"""Where every listed path works."""
EXPECTED_LATER: set[str] = set()
"""Exceptions to this; there are none."""


def listed_paths():
    """Every dotted path of the list: ``module.Name``, and the module alone where it names nothing."""
    paths = []
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            module, _, names = line.partition(":")
            wanted = [name.strip() for name in names.replace("|", ",").split(",") if name.strip()]
            paths += [f"{module.strip()}.{name}" for name in wanted] or [module.strip()]
    return paths


def is_served(path):
    """True if ``from module import Name`` would work; the name may be ``*``."""
    module, _, name = path.rpartition(".")
    try:
        if name == "*":
            offered = importlib.import_module(module).__all__
            return bool(offered) and all(is_served(f"{module}.{each}") for each in offered)
        if module and hasattr(importlib.import_module(module), name):
            return True
        importlib.import_module(path)
    except (ImportError, AttributeError):
        return False
    return True


def test_working_paths_keep_working():
    working = WORKING.read_text(encoding="utf-8").split()
    assert len(working) >= 3
    broken = [path for path in working if not is_served(path)]
    assert not broken, f"{len(broken)} of {len(working)} import paths broke: {broken}"


def test_core_utils_and_common_are_complete():
    listed = [path for path in listed_paths() if path.startswith(COMPLETE)]
    assert len(listed) >= 130
    missing = {path for path in listed if not is_served(path)}
    assert missing == EXPECTED_LATER, f"{len(missing)} of {len(listed)} do not resolve: {sorted(missing)}"


def test_working_paths_are_of_the_list():
    assert not set(WORKING.read_text(encoding="utf-8").split()) - set(listed_paths())


if __name__ == "__main__":
    served = [path for path in listed_paths() if is_served(path)]
    WORKING.write_text("\n".join(served) + "\n", encoding="utf-8")
    print(f"{len(served)} of {len(listed_paths())} import paths work")
