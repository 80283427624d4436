"""Enumerations whose values are words of a config."""

from __future__ import annotations

from enum import Enum, EnumMeta
from typing import Any


class PrettyStrEnumMeta(EnumMeta):
    """Lets a wrong value be answered with the right ones."""

    def __call__(cls, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Looks a member up by value; a ValueError lists what there is."""
        try:
            return super().__call__(value, *args, **kwargs)
        except ValueError as error:
            choices = ", ".join(repr(str(choice.value)) for choice in cls)  # type: ignore[var-annotated]
            raise ValueError(f"{value!r} is not a {cls.__name__}; choose one of {choices}") from error


class PrettyStrEnum(Enum, metaclass=PrettyStrEnumMeta):
    """An enumeration of strings: prints as its value, and a wrong value raises an error that lists the right ones."""

    def __str__(self) -> str:
        return str(self.value)
