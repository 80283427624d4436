"""Versions of installed packages."""

from __future__ import annotations

import importlib
from collections.abc import Callable


def check_lib_version(lib_name: str, checked_version: str, operator: Callable[..., bool]) -> tuple[bool | None, str]:
    """Compares the version of an installed package.

    Args:
        lib_name: import name.
        checked_version: the version to compare with.
        operator: `operator.ge`, `operator.lt`, ..., called with (installed, checked).

    Returns:
        The outcome, None when the package is missing or has no version, and a sentence that says so.
    """
    from packaging.version import Version

    try:
        installed = importlib.import_module(lib_name).__version__
    except (ImportError, AttributeError) as error:
        return None, f"{lib_name} is not installed or has no __version__ ({error})"
    met = operator(Version(installed), Version(checked_version))
    relation = "meets" if met else "does not meet"
    return met, f"{lib_name} {installed} {relation} {operator.__name__} {checked_version}"
