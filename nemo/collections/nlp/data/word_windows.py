"""Windows over long texts: overlapping parts that an encoder can take, and which words each of them decides.

A text of n pieces is cut into windows of `length` pieces that begin every `step` pieces. The words that begin within
`margin` pieces of a window's edge have little context there, so that window does not count for them, unless the edge
is that of the text. A word that several windows count for gets the product of what they say.

    length 8, step 3, margin 2      pieces  0 1 2 3 4 5 6 7 8 9 10
    window 0                                x x x x x x . .
    window 1                                      . . x x x x x x
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nemo.collections.nlp.data.word_pieces import WordPieces
from nemo.utils.exceptions import ConfigError

SPECIAL_PIECES = 2
"""[CLS] and [SEP], which stand around each window."""


@dataclass(frozen=True)
class WindowShape:
    """How texts are cut.

    Args:
        max_seq_length: pieces of a window, [CLS] and [SEP] included.
        step: pieces from the beginning of a window to that of the next.
        margin: pieces at an edge within a text whose words do not count.

    Raises:
        ConfigError: numbers with which a word would count in no window.
    """

    max_seq_length: int
    step: int
    margin: int

    def __post_init__(self) -> None:
        if self.max_seq_length <= SPECIAL_PIECES or self.step < 1 or self.margin < 0:
            raise ConfigError(
                f"max_seq_length is {self.max_seq_length}, step {self.step} and margin {self.margin}. Expected at "
                f"least {SPECIAL_PIECES + 1}, 1 and 0."
            )
        if self.step > self.length - 2 * self.margin:
            raise ConfigError(
                f"step is {self.step}, and a window of max_seq_length {self.max_seq_length} with margin {self.margin} "
                f"decides {self.length - 2 * self.margin} pieces: words between two windows would get no label. "
                f"Expected step <= max_seq_length - {SPECIAL_PIECES} - 2 * margin. Take a smaller step or margin, or "
                "longer windows."
            )

    @property
    def length(self) -> int:
        """Pieces of a window, without [CLS] and [SEP]."""
        return self.max_seq_length - SPECIAL_PIECES

    @classmethod
    def covering(cls, max_seq_length: int) -> WindowShape:
        """Windows that overlap by half, each deciding its middle half."""
        length = max_seq_length - SPECIAL_PIECES
        margin = length // 4
        return cls(max_seq_length, max(1, length - 2 * margin), margin)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a text."""

    ids: Sequence[int]
    """Pieces, without special ones."""
    words: np.ndarray
    """Numbers, in the text, of the words that this window counts for."""
    places: np.ndarray
    """Where the first piece of each of them is in `ids`."""


def windows_of(pieces: WordPieces, shape: WindowShape) -> list[Window]:
    """The windows of a text; one if it fits into one."""
    size, length = len(pieces.ids), shape.length
    starts = np.flatnonzero(pieces.starts)
    firsts = range(0, max(size, length) - length + shape.step, shape.step)
    return [_window(pieces, starts, first, shape, is_last=first == firsts[-1]) for first in firsts]


def _window(pieces: WordPieces, starts: np.ndarray, first: int, shape: WindowShape, is_last: bool) -> Window:
    begin = first + shape.margin if first > 0 else 0
    end = len(pieces.ids) if is_last else first + shape.length - shape.margin
    words = np.arange(np.searchsorted(starts, begin), np.searchsorted(starts, end))
    return Window(pieces.ids[first : first + shape.length], words, starts[words] - first)
