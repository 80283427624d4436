"""The loop of byte pair encoding (Sennrich et al., 2016, https://arxiv.org/abs/1508.07909)."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Symbol = TypeVar("Symbol")


def merge_pairs(
    symbols: Sequence[Symbol],
    rules: Mapping[tuple[Symbol, Symbol], tuple[int, Symbol]],
    is_dropped: Callable[[], bool] | None = None,
) -> list[Symbol]:
    """Joins neighbours until no rule applies: always the pair of the lowest rank, of equal ones the leftmost.

    Takes O(n log n) for n symbols.

    Args:
        symbols: what a word consists of.
        rules: pair -> (rank, what it becomes).
        is_dropped: BPE-dropout (Provilkov et al., 2020, https://arxiv.org/abs/1910.13267): asked before each merge,
            True leaves that pair out until another has had its turn.
    """
    merged: list[Symbol | None] = list(symbols)
    following = [*range(1, len(merged)), -1]
    preceding = [*range(-1, len(merged) - 1)]
    queue = [
        (rule[0], position)
        for position, pair in enumerate(zip(symbols, symbols[1:], strict=False))
        if (rule := rules.get(pair)) is not None
    ]
    heapq.heapify(queue)
    left_out: list[tuple[int, int]] = []
    while queue:
        rank, position = entry = heapq.heappop(queue)
        if is_dropped is not None:
            if is_dropped():
                left_out.append(entry)
                continue
            # as YouTokenToMe does: also an entry that is out of date brings back those left out
            for again in left_out:
                heapq.heappush(queue, again)
            left_out.clear()
        left, right_position = merged[position], following[position]
        if left is None or right_position < 0:
            continue
        rule = rules.get((left, merged[right_position]))
        if rule is None or rule[0] != rank:  # one of the two has become something else meanwhile
            continue
        merged[position], merged[right_position] = rule[1], None
        after = following[position] = following[right_position]
        if after >= 0:
            preceding[after] = position
        for start, end in ((preceding[position], position), (position, after)):
            if start >= 0 and end >= 0 and (new := rules.get((merged[start], merged[end]))) is not None:  # type: ignore[arg-type]
                heapq.heappush(queue, (new[0], start))
    return [symbol for symbol in merged if symbol is not None]
