"""Lists inside lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def flatten(nested: Sequence[Any]) -> list[Any]:
    """The items of lists and tuples at any depth, in one list: ``flatten([1, [2, (3,)], []]) == [1, 2, 3]``."""
    return list(_items(nested))


def _items(nested: Sequence[Any]) -> Iterator[Any]:
    for item in nested:
        if isinstance(item, (list, tuple)):
            yield from _items(item)
        else:
            yield item
