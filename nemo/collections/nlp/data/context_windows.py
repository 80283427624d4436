"""Long contexts as windows that overlap, each short enough for an encoder.

[CLS] question [SEP] part of the context [SEP]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nemo.utils.exceptions import ConfigError


@dataclass(frozen=True)
class Window:
    """Tokens `first` to `first + length` (exclusive) of a context."""

    first: int
    length: int

    @property
    def end(self) -> int:
        """The token behind the last."""
        return self.first + self.length


def context_windows(num_tokens: int, room: int, stride: int) -> list[Window]:
    """Windows of `room` tokens, each beginning `stride` tokens after the one before; the last one ends the context.

    Every token is in one at least. A context without tokens gives one empty window.

    Raises:
        ConfigError: `room` or `stride` is not positive.
    """
    if room < 1 or stride < 1:
        raise ConfigError(
            f"There is room for {room} tokens of the context, and doc_stride is {stride}. Expected both to be 1 at "
            "least; raise dataset.max_seq_length, lower dataset.max_query_length, or mend doc_stride."
        )
    windows = [Window(0, min(room, num_tokens))]
    while windows[-1].end < num_tokens:
        first = windows[-1].first + min(stride, room)
        windows.append(Window(first, min(room, num_tokens - first)))
    return windows


def best_windows(windows: Sequence[Window], num_tokens: int) -> list[int]:
    """For each token the number of the window that shows most of what is around it.

    It is the one with the largest of min(tokens to the left, tokens to the right) + 0.01 x its length, the first of
    equal ones (Devlin et al., 2019, as their program for SQuAD does it).
    """
    best = [0] * num_tokens
    scores = [-1.0] * num_tokens
    for number, window in enumerate(windows):
        for token in range(window.first, window.end):
            score = min(token - window.first, window.end - 1 - token) + 0.01 * window.length
            if score > scores[token]:
                best[token], scores[token] = number, score
    return best
