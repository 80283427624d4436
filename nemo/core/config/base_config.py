"""The root of configuration dataclasses that carry a name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Config:
    """A configuration with a name.

    Args:
        name: name of the object that is configured; kept when it is serialized.
    """

    name: str | None = None
