"""Optional packages: imported where they are used, with one message when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from nemo.utils.exceptions import MissingDependencyError


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Imports an optional package.

    Args:
        module: import name, ``soundfile``.
        extra: the extra of this project that installs it, ``asr``.
        purpose: what it is needed for, completes "... needs soundfile".

    Raises:
        MissingDependencyError: the package is not installed or does not load.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a shared library of the package does not load
        raise MissingDependencyError(
            f"{purpose} needs the package {module!r}, which cannot be imported here ({error}). "
            f"Install it with: pip install 'neural-modules[{extra}]'"
        ) from error
