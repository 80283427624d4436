"""Marks what may still change."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

Wrapped = TypeVar("Wrapped", bound=Callable[..., Any])

logger = logging.getLogger(__name__)

_already_said: set[str] = set()


def experimental(wrapped: Wrapped) -> Wrapped:
    """Says once, at the first use, that a function or class may still change. A class stays the same class."""
    if isinstance(wrapped, type):
        _announce_first_instance(wrapped)
        return wrapped

    @functools.wraps(wrapped)
    def announcing(*args: Any, **kwargs: Any) -> Any:
        _say_once(wrapped.__qualname__)
        return wrapped(*args, **kwargs)

    return announcing  # type: ignore[return-value]


def _announce_first_instance(cls: type) -> None:
    original = cls.__init__  # type: ignore[misc]

    @functools.wraps(original)
    def announcing(self: Any, *args: Any, **kwargs: Any) -> None:
        _say_once(cls.__qualname__)
        original(self, *args, **kwargs)

    cls.__init__ = announcing  # type: ignore[misc]


def _say_once(name: str) -> None:
    if name not in _already_said:
        _already_said.add(name)
        logger.warning("%s is experimental: it works, and its interface may still change", name)
