"""Sentences as pieces with labels, and batches of them: what models that label words train on.

words -> pieces -> [CLS] pieces [SEP] -> batch [B, S]; a word's label is that of all its pieces.
B batch, S pieces of the longest sentence of a batch.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.word_pieces import WordTokenizer
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PieceSample:
    """A sentence: S pieces, the special ones at both ends included."""

    ids: np.ndarray
    """[S] int32."""
    starts: np.ndarray
    """[S] bool: the piece is the first of a word."""
    labels: np.ndarray
    """[K, S] int16: numbers of K kinds of labels, the pad label's for special pieces."""

    def __len__(self) -> int:
        return len(self.ids)


class PieceBatch(NamedTuple):
    """Sentences, padded to the longest."""

    input_ids: Tensor
    """[B, S] pieces."""
    segment_ids: Tensor
    """[B, S] zeros."""
    input_mask: Tensor
    """[B, S] 1 for pieces, 0 for padding."""
    subtokens_mask: Tensor
    """[B, S] True for the first piece of each word."""
    loss_mask: Tensor
    """[B, S] True where the loss counts."""
    labels: tuple[Tensor, ...]
    """K times [B, S] numbers of labels."""


class PieceEncoder:
    """Makes samples of sentences.

    Args:
        tokenizer: with `cls_id` and `sep_id`.
        max_seq_length: most pieces of a sentence, the two special ones included; what comes after is cut off.

    Raises:
        ConfigError: `max_seq_length` has no room for a word.
    """

    def __init__(self, tokenizer: TokenizerSpec, max_seq_length: int) -> None:
        if max_seq_length < 3:
            raise ConfigError(f"max_seq_length is {max_seq_length}. Expected at least 3: [CLS], a piece, [SEP].")
        self._words = WordTokenizer(tokenizer)
        self._cls, self._sep = int(tokenizer.cls_id), int(tokenizer.sep_id)  # type: ignore[attr-defined]
        self.max_seq_length = max_seq_length
        self.cut = 0
        """Sentences that lost their end."""

    def __call__(self, words: Sequence[str], labels: Sequence[Sequence[int]], pads: Sequence[int]) -> PieceSample:
        """The sample of a sentence.

        Args:
            words: the sentence.
            labels: for each kind, the number of every word's label.
            pads: for each kind, the number of its pad label.
        """
        pieces = self._words(words)
        room = self.max_seq_length - 2
        self.cut += len(pieces.ids) > room
        ids, starts = pieces.ids[:room], pieces.starts[:room]
        word_of_piece = np.asarray(pieces.word_of_piece[:room], dtype=np.int64)
        rows = [
            np.concatenate(([pad], np.asarray(row, dtype=np.int16)[word_of_piece], [pad]))
            for row, pad in zip(labels, pads, strict=True)
        ]
        return PieceSample(
            np.asarray([self._cls, *ids, self._sep], dtype=np.int32),
            np.asarray([False, *starts, False]),
            np.asarray(rows, dtype=np.int16),
        )

    def warn_of_cut(self, file: object) -> None:
        """Says how many sentences of a file were too long, if any."""
        if self.cut:
            logger.warning(
                "%s: %d sentences have more than %d pieces (max_seq_length, with two special ones); what comes after "
                "is left out, and its labels count in no metric",
                file,
                self.cut,
                self.max_seq_length,
            )


@dataclass(frozen=True)
class PieceCollator:
    """Makes batches of samples."""

    token_pad: int
    label_pads: Sequence[int]
    """Of each kind of labels."""
    ignore_extra_tokens: bool = False
    """The loss counts only the first piece of each word."""
    ignore_start_end: bool = False
    """The loss does not count the special pieces at both ends."""

    def __call__(self, samples: Sequence[PieceSample]) -> PieceBatch:
        """Pads and stacks."""
        shape = (len(samples), max(map(len, samples)))
        input_ids = np.full(shape, self.token_pad, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        starts, loss_mask = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        labels = [np.full(shape, pad, dtype=np.int64) for pad in self.label_pads]
        for row, sample in enumerate(samples):
            length = len(sample)
            input_ids[row, :length] = sample.ids
            mask[row, :length] = 1
            starts[row, :length] = sample.starts
            loss_mask[row, 1 : length - 1] = sample.starts[1:-1] if self.ignore_extra_tokens else True
            loss_mask[row, [0, length - 1]] = not self.ignore_start_end
            for kind, numbers in zip(labels, sample.labels, strict=True):
                kind[row, :length] = numbers
        return PieceBatch(
            torch.from_numpy(input_ids),
            torch.zeros(shape, dtype=torch.int64),
            torch.from_numpy(mask),
            torch.from_numpy(starts),
            torch.from_numpy(loss_mask),
            tuple(torch.from_numpy(kind) for kind in labels),
        )
