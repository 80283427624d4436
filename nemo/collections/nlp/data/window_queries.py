"""Texts of users as windows that an encoder can take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.word_pieces import WordTokenizer
from nemo.collections.nlp.data.word_windows import SPECIAL_PIECES, Window, WindowShape, windows_of
from nemo.core.classes.dataset import Dataset


class WindowBatch(NamedTuple):
    """Windows, padded to the longest: B of them, of S pieces with [CLS] and [SEP]."""

    input_ids: Tensor
    """[B, S] pieces."""
    input_mask: Tensor
    """[B, S] 1 for pieces, 0 for padding."""
    segment_ids: Tensor
    """[B, S] zeros."""
    windows: list[tuple[int, Window]]
    """Number of the text, and the window."""


class WindowQueries(Dataset):
    """The windows of some texts, short ones first, so that batches have little padding.

    Args:
        texts: words of each text; a text without words has no window.
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        shape: how texts are cut.
    """

    def __init__(self, texts: Sequence[Sequence[str]], tokenizer: TokenizerSpec, shape: WindowShape) -> None:
        cut = WordTokenizer(tokenizer)
        windows = [(number, window) for number, words in enumerate(texts) for window in _windows(cut, words, shape)]
        self.windows = sorted(windows, key=lambda pair: len(pair[1].ids))
        self._cls, self._sep = int(tokenizer.cls_id), int(tokenizer.sep_id)  # type: ignore[attr-defined]
        self._pad = int(tokenizer.pad_id)  # type: ignore[attr-defined]

    @property
    def longest(self) -> int:
        """Pieces of the longest window, with [CLS] and [SEP]."""
        return max((len(window.ids) + SPECIAL_PIECES for _, window in self.windows), default=0)

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, index: int) -> tuple[int, Window]:
        return self.windows[index]

    def _collate_fn(self, batch: list[tuple[int, Window]]) -> WindowBatch:
        length = max(len(window.ids) for _, window in batch) + SPECIAL_PIECES
        ids = torch.full((len(batch), length), self._pad)
        mask = torch.zeros(len(batch), length, dtype=torch.int64)
        for row, (_, window) in enumerate(batch):
            pieces = [self._cls, *window.ids, self._sep]
            ids[row, : len(pieces)] = torch.tensor(pieces)
            mask[row, : len(pieces)] = 1
        return WindowBatch(ids, mask, torch.zeros_like(mask), batch)


class BertPunctuationCapitalizationInferDataset(WindowQueries):
    """Windows over texts that are to get punctuation and capitals.

    Args:
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        queries: lower-case texts without punctuation.
        max_seq_length: pieces of a window, [CLS] and [SEP] included.
        step: pieces from the beginning of a window to that of the next.
        margin: pieces at an edge within a text whose words a window does not decide.

    Raises:
        ConfigError: numbers with which a word would be in no window.
    """

    def __init__(
        self,
        tokenizer: TokenizerSpec,
        queries: Sequence[str],
        max_seq_length: int = 64,
        step: int = 8,
        margin: int = 16,
    ) -> None:
        super().__init__([query.split() for query in queries], tokenizer, WindowShape(max_seq_length, step, margin))


def _windows(cut: WordTokenizer, words: Sequence[str], shape: WindowShape) -> list[Window]:
    return windows_of(cut(words), shape) if words else []
