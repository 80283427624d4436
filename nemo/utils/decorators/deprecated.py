"""Marks what will go away."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])

logger = logging.getLogger(__name__)

_already_said: set[str] = set()


def deprecated(
    wrapped: Wrapped | None = None, version: str | None = None, explanation: str | None = None
) -> Wrapped | Callable[[Wrapped], Wrapped]:
    """Says once, at the first call, that a function or class will be removed.

    Args:
        wrapped: the function or class; None when the decorator is used with arguments.
        version: the release that removes it.
        explanation: what to use instead.
    """
    if wrapped is None:
        return functools.partial(deprecated, version=version, explanation=explanation)  # type: ignore[return-value]
    name = wrapped.__qualname__

    @functools.wraps(wrapped)
    def warning_first(*args: Any, **kwargs: Any) -> Any:
        if name not in _already_said:
            _already_said.add(name)
            when = f" and will be removed in {version}" if version else ""
            logger.warning("%s is deprecated%s.%s", name, when, f" {explanation}" if explanation else "")
        return wrapped(*args, **kwargs)

    return warning_first  # type: ignore[return-value, unused-ignore]


def deprecated_warning(old_method: str, new_method: str | None = None, wait_seconds: int = 0) -> None:
    """Logs that a method is deprecated, and what replaces it.

    Args:
        old_method: name of the old one.
        new_method: name of the new one.
        wait_seconds: kept for the original's callers; nothing waits here.
    """
    instead = f" Use {new_method} instead." if new_method else ""
    logger.warning("%s is deprecated.%s", old_method, instead)
