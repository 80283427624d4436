"""Versions of installed packages."""

from __future__ import annotations

import importlib
import re
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


def release_of(nemo_version: str | None) -> tuple[int, int]:
    """Major and minor number of the release that made a model: `2.5.0rc1` gives (2, 5), None the first known, 1.23."""
    numbers = re.match(r"(\d+)\.(\d+)", nemo_version or "")
    return (int(numbers[1]), int(numbers[2])) if numbers else (1, 23)
