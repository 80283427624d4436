"""Packages that load their submodules on first access.

A package's ``__init__`` lists what it offers and from where; nothing is imported until somebody asks for a name:

    __getattr__, __dir__, __all__ = lazy_exports(__name__, {"ctc": ["EncDecCTCModel"]}, submodules=["losses"])
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nemo.utils.exceptions import AbsentNameError

Exports = tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]


def lazy_exports(
    package: str,
    names: Mapping[str, Iterable[str]],
    submodules: Iterable[str] = (),
    absent: Mapping[str, str] | None = None,
) -> Exports:
    """Makes the three module attributes with which a package serves its public names lazily.

    Args:
        package: the package's own ``__name__``.
        names: module -> the names that the package re-exports from it. A module is relative to the package
            (``"ctc"``) unless it starts with ``nemo.``.
        submodules: modules of the package that are offered under their own name.
        absent: names of the original that this release does not have -> what to use instead.

    Returns:
        ``__getattr__``, ``__dir__`` and ``__all__`` for the package.
    """
    home = {name: module for module, exported in names.items() for name in exported}
    public = sorted({*home, *submodules})

    def __getattr__(name: str) -> Any:
        if name in home:
            module = home[name] if home[name].startswith("nemo.") else f"{package}.{home[name]}"
            value = getattr(importlib.import_module(module), name)
            setattr(sys.modules[package], name, value)  # the next access does not come here
            return value
        if name in public:
            return importlib.import_module(f"{package}.{name}")
        if absent and name in absent:
            raise AbsentNameError(f"{package}.{name} is not in this release. {absent[name]}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}; it offers {', '.join(public)}")

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *public})

    return __getattr__, __dir__, public
