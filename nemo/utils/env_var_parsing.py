"""Typed values of environment variables."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from nemo.utils.exceptions import ConfigError

FALSE_WORDS = frozenset({"false", "0", "no", "n", "f", "none", ""})

Value = TypeVar("Value")


def _parsed(key: str, default: Value | None, parse: Callable[[str], Value], expected: str) -> Value | None:
    text = os.environ.get(key)
    if text is None:
        return default
    try:
        return parse(text.strip())
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(
            f"the environment variable {key} is {text!r}, but {expected} was expected. Correct or unset it."
        ) from error


def get_env(key: str, default: str | None = None) -> str | None:
    """The variable as text; `default` when it is not set."""
    return os.environ.get(key, default)


def get_envbool(key: str, default: bool | None = None) -> bool | None:
    """False for false, 0, no, n, f, none and the empty text (any case), True for every other text."""
    return _parsed(key, default, lambda text: text.lower() not in FALSE_WORDS, "a truth value")


def get_envint(key: str, default: int | None = None) -> int | None:
    """The variable as an integer."""
    return _parsed(key, default, int, "an integer")


def get_envfloat(key: str, default: float | None = None) -> float | None:
    """The variable as a float."""
    return _parsed(key, default, float, "a number")


def get_envdecimal(key: str, default: Decimal | None = None) -> Decimal | None:
    """The variable as a decimal number."""
    return _parsed(key, default, Decimal, "a decimal number")


def get_envdate(key: str, default: datetime | None = None) -> datetime | None:
    """The variable as a date, `2026-01-31`."""
    return _parsed(key, default, lambda text: datetime.strptime(text, "%Y-%m-%d"), "a date like 2026-01-31")


def get_envdatetime(key: str, default: datetime | None = None) -> datetime | None:
    """The variable as an ISO date and time, `2026-01-31T12:30:00`."""
    return _parsed(key, default, datetime.fromisoformat, "a date and time like 2026-01-31T12:30:00")


def get_envlist(key: str, default: list[str] | None = None, separator: str = " ") -> list[str] | None:
    """The variable split at `separator`; empty parts are dropped."""
    return _parsed(key, default, lambda text: [part for part in text.split(separator) if part], "a list")
