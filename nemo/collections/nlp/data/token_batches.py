"""Pairs of texts as tokens, kept without Python objects, and cut into batches of about as many tokens each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

TranslationBatch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""src_ids [B, S], src_mask [B, S], tgt_ids [B, T], tgt_mask [B, T], labels [B, T]: the token after each of tgt_ids."""


class TokenTexts:
    """Texts of tokens, one after the other in one array, so that workers share them without copies.

    Args:
        tokens: [total] of all texts.
        ends: [number of texts] where each ends.
    """

    def __init__(self, tokens: np.ndarray, ends: np.ndarray) -> None:
        self.tokens, self.ends = tokens, ends

    @classmethod
    def of(cls, texts: Iterable[Sequence[int]]) -> TokenTexts:
        """The texts of lists."""
        lists = list(texts)
        ends = np.cumsum([len(text) for text in lists], dtype=np.int64)
        flat = np.fromiter((token for text in lists for token in text), dtype=np.int32)
        return cls(flat, ends)

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[list[int]]:
        return (self[number].tolist() for number in range(len(self)))

    def __getitem__(self, number: int) -> np.ndarray:
        start = 0 if number == 0 else self.ends[number - 1]
        return self.tokens[start : self.ends[number]]

    @property
    def lengths(self) -> np.ndarray:
        """[number of texts]."""
        return np.diff(self.ends, prepend=0)

    def padded(self, numbers: Sequence[int] | np.ndarray, pad: int) -> np.ndarray:
        """Some texts as [B, longest], filled up with `pad`."""
        texts = [self[int(number)] for number in numbers]
        rows = np.full((len(texts), max(map(len, texts))), pad, dtype=np.int32)
        for row, text in zip(rows, texts, strict=True):
            row[: len(text)] = text
        return rows


@dataclass(frozen=True)
class PairLimits:
    """Which pairs are clean; lengths are in tokens, start and end included."""

    max_length: int = 512
    min_length: int = 1
    max_difference: int | None = 512
    max_ratio: float | None = 512

    def kept(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Numbers of the pairs that are within all limits, from the lengths of both sides."""
        longer, shorter = np.maximum(source, target), np.minimum(source, target)
        good = (longer <= self.max_length) & (shorter >= self.min_length)
        if self.max_difference is not None:
            good &= longer - shorter <= self.max_difference
        if self.max_ratio is not None:
            good &= longer <= self.max_ratio * np.maximum(shorter, 1)
        return np.flatnonzero(good)


def plan_batches(
    source: np.ndarray, target: np.ndarray, tokens_in_batch: int, numbers: np.ndarray | None = None
) -> list[np.ndarray]:
    """Cuts pairs, sorted by length, into batches.

    Args:
        source: [N] lengths of one side.
        target: [N] those of the other.
        tokens_in_batch: most tokens of each side of a batch, padding included. A pair that is longer is a batch of its
            own.
        numbers: of the pairs that are used; None: all.

    Returns:
        Numbers of the pairs of each batch, short ones first.
    """
    used = np.arange(len(source)) if numbers is None else numbers
    longest = np.maximum(source[used], target[used])
    order = used[np.lexsort((target[used], source[used], longest))]
    lengths = np.maximum(source[order], target[order]).tolist()
    batches, start = [], 0
    for place, length in enumerate(lengths):
        # sorted: the newest is the longest
        if place > start and length * (place + 1 - start) > tokens_in_batch:
            batches.append(order[start:place])
            start = place
    if len(order):
        batches.append(order[start:])
    return batches


def translation_batch(source: np.ndarray, target: np.ndarray, source_pad: int, target_pad: int) -> TranslationBatch:
    """What a model is trained on, from padded tokens of both sides, start and end tokens included.

    Args:
        source: [B, S].
        target: [B, T + 1].
        source_pad: fills up `source`.
        target_pad: fills up `target`.
    """
    src_ids, whole = torch.from_numpy(source.astype(np.int64)), torch.from_numpy(target.astype(np.int64))
    tgt_ids, labels = whole[:, :-1], whole[:, 1:]
    return src_ids, (src_ids != source_pad).long(), tgt_ids, (tgt_ids != target_pad).long(), labels
