"""Which known name a misspelt one stands for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`; None when nothing is like it."""
    close = nearest_names(name, known, count=1)
    return close[0] if close else None


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like `name`, the most similar first; upper and lower case count as one."""
    lowered = {each.lower(): each for each in known}
    return [lowered[close] for close in difflib.get_close_matches(name.lower(), lowered, n=count, cutoff=0.6)]
