"""The original toolkit's import paths, and where each lives here.

Scripts, YAML files and archives name classes by the original's paths. Where our layout differs, a row of
moved_names.txt says so, and a finder at the end of ``sys.meta_path`` serves the old module. It looks a name up on
first use, so an alias costs nothing until somebody needs it. Read backwards, the same rows give the path that is
written into archives (:func:`public_path`), so that the original opens ours and we open the original's.

Our own code never imports through an alias.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

MOVED_MODULES: dict[str, str] = {
    # original module -> ours: every public name of ours is offered there
    "nemo.collections.common.parts.preprocessing.collections": "nemo.collections.common.data.collections",
    "nemo.collections.asr.model": "nemo.collections.asr.models",  # the singular, which the first documents wrote
    "nemo.core.access_mixins": "nemo.core.classes.access",
    "nemo.core.adapter_mixins": "nemo.core.adapters",
    "nemo.core.classes.access_mixins": "nemo.core.classes.access",
    "nemo.core.classes.adapter_mixins": "nemo.core.adapters",
}


ELSEWHERE = {"nemo_text_processing.g2p.modules.": "nemo.collections.tts.g2p.modules."}
"""Start of names in configs of 1.13 to 1.16, when a part lay in another package -> where it lay later."""


def _rows(file_name: str) -> dict[str, str]:
    """The table in a file beside this one; a line that begins with # says what follows."""
    text = (Path(__file__).parent / file_name).read_text(encoding="utf-8")
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {original: ours for original, ours in lines}


def _texts(file_name: str) -> dict[str, str]:
    """The same with any text after a name."""
    text = (Path(__file__).parent / file_name).read_text(encoding="utf-8")
    lines = (line.partition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: said for name, _, said in lines}


MOVED_NAMES = _rows("moved_names.txt")
"""Original module.Name -> ours; where one of ours has several rows, the first is what archives get as `target`."""
ABSENT_NAMES = _texts("absent_names.txt")
"""Original module.Name, or module.* for all of it, that is not here -> what to know."""


def public_path(cls: type) -> str:
    """The path under which the original toolkit knows `cls`; its own path if the original does not know it."""
    own = f"{cls.__module__}.{cls.__qualname__}"
    for original, ours in MOVED_NAMES.items():
        if ours == own:
            return original
    for original, ours in MOVED_MODULES.items():
        if ours == cls.__module__:
            return f"{original}.{cls.__qualname__}"
    return own


def resolve(path: str) -> str:
    """The path of ours that serves `path`; `path` itself when no row moves it. Imports nothing."""
    for start, later in ELSEWHERE.items():
        if path.startswith(start):
            path = later + path[len(start) :]
    if path in MOVED_NAMES:
        return MOVED_NAMES[path]
    module, _, name = path.rpartition(".")
    if module in MOVED_MODULES:
        return f"{MOVED_MODULES[module]}.{name}"
    return path


def absence(path: str) -> str | None:
    """Why a name of the original is not here and what is instead; None where nothing is known of it."""
    for known in (path, f"{path.rpartition('.')[0]}.*"):
        if known in ABSENT_NAMES:
            return f"{path} is not in this release. {ABSENT_NAMES[known]}"
    return None


class _AliasModule(ModuleType):
    """A module of the original's layout, empty but for what the table says."""

    def __getattr__(self, name: str) -> Any:
        path = f"{self.__name__}.{name}"
        if path in MOVED_NAMES:
            module, _, attribute = MOVED_NAMES[path].rpartition(".")
            return getattr(importlib.import_module(module), attribute)
        if self.__name__ in MOVED_MODULES:
            home = MOVED_MODULES[self.__name__]
            try:
                return getattr(importlib.import_module(home), name)
            except AttributeError as error:
                raise AttributeError(f"module {self.__name__!r} (here: {home}) has no attribute {name!r}") from error
        if path in _alias_modules():
            return importlib.import_module(path)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}; it offers {', '.join(dir(self))}")

    def __dir__(self) -> list[str]:
        prefix = self.__name__ + "."
        names = {row[len(prefix) :] for row in MOVED_NAMES if row.rpartition(".")[0] == self.__name__}
        names |= {path[len(prefix) :].split(".")[0] for path in _alias_modules() if path.startswith(prefix)}
        if self.__name__ in MOVED_MODULES:
            names |= set(dir(importlib.import_module(MOVED_MODULES[self.__name__])))
        return sorted(name for name in names if not name.startswith("__"))

    @property
    def __all__(self) -> list[str]:
        return [name for name in dir(self) if not name.startswith("_")]


class _AliasFinder:  # not derived from importlib.abc: importing that would cost 25 ms
    """Finds the modules of the original's layout that do not exist here."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("nemo.") or fullname not in _alias_modules():
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _AliasModule(spec.name, f"Alias of the original toolkit's {spec.name}; see nemo.aliases.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: names are looked up on first use."""


_known_modules: set[str] = set()


def _alias_modules() -> set[str]:
    """Every module path that the table implies, parents included."""
    if not _known_modules:
        for module in [*MOVED_MODULES, *(row.rpartition(".")[0] for row in MOVED_NAMES)]:
            parts = module.split(".")
            _known_modules.update(".".join(parts[:count]) for count in range(2, len(parts) + 1))
    return _known_modules


def install_alias_finder() -> None:
    """Puts the finder last on ``sys.meta_path``, once; real modules always win."""
    if not any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        sys.meta_path.append(_AliasFinder())
