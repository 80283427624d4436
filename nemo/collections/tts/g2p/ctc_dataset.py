"""Pairs of a spelling and its phonemes, for converters that learn with CTC."""

from __future__ import annotations

import logging
import os
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from nemo.collections.tts.g2p.spelling_pairs import no_pair, spelling_pairs
from nemo.core.classes.dataset import Dataset

logger = logging.getLogger(__name__)


class GraphemeBatch(NamedTuple):
    """Spellings and, where they are known, phonemes; padded with 0."""

    input_ids: Tensor
    """[B, U]"""
    attention_mask: Tensor
    """[B, U], 1 for a grapheme, 0 for padding."""
    input_len: Tensor
    """[B]"""
    targets: Tensor | None = None
    """[B, V]"""
    target_lengths: Tensor | None = None
    """[B]"""


class CTCG2PBPEDataset(Dataset):
    """The lines of a manifest with `text_graphemes` (the spelling) and `text` (the phonemes).

    Pairs that are too long, or have more phonemes than CTC can give for so many graphemes, are left out with a warning.

    Args:
        manifest_filepath: JSON lines.
        tokenizer_graphemes: spelling -> ids.
        tokenizer_phonemes: phonemes -> ids.
        do_lower: spellings are read in small letters.
        max_source_len: graphemes of a line at most.
        max_target_len: phoneme tokens at most.
        phoneme_field: key of the phonemes.
        grapheme_field: key of the spelling.
        with_labels: False: the manifest has no phonemes, nothing is left out, and long spellings are cut.

    Raises:
        ManifestError: a line lacks a key, has an empty spelling, or nothing is left.
    """

    def __init__(
        self,
        manifest_filepath: str | os.PathLike[str],
        tokenizer_graphemes: Any,
        tokenizer_phonemes: Any,
        do_lower: bool = True,
        max_source_len: int = 512,
        max_target_len: int = 512,
        phoneme_field: str = "text",
        grapheme_field: str = "text_graphemes",
        with_labels: bool = True,
    ) -> None:
        self.with_labels = with_labels
        self.pairs: list[tuple[list[int], list[int]]] = []
        left_out = 0
        wanted = phoneme_field if with_labels else None
        for spelling, phonemes in spelling_pairs(manifest_filepath, grapheme_field, wanted, do_lower):
            source = tokenizer_graphemes.text_to_ids(spelling)
            target: list[int] = []
            if with_labels:
                target = tokenizer_phonemes.text_to_ids(phonemes)
                if len(source) > max_source_len or len(target) > max_target_len or _frames(target) > len(source):
                    left_out += 1
                    continue
            self.pairs.append((source[:max_source_len], target))
        if left_out:
            logger.warning(
                "%s: %d pairs are left out; they have more than %d graphemes or %d phonemes, or too many phonemes for "
                "their graphemes",
                *(manifest_filepath, left_out, max_source_len, max_target_len),
            )
        if not self.pairs:
            raise no_pair(manifest_filepath)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[list[int], list[int]]:
        return self.pairs[index]

    def _collate_fn(self, batch: list[tuple[list[int], list[int]]]) -> GraphemeBatch:
        sources, targets = (
            [torch.tensor(ids, dtype=torch.long) for ids in column] for column in zip(*batch, strict=True)
        )
        lengths = torch.tensor([len(ids) for ids in sources])
        input_ids = pad_sequence(sources, batch_first=True)
        mask = (torch.arange(input_ids.shape[1]) < lengths[:, None]).long()
        if not self.with_labels:
            return GraphemeBatch(input_ids, mask, lengths)
        return GraphemeBatch(
            input_ids,
            mask,
            lengths,
            pad_sequence(targets, batch_first=True),
            torch.tensor([len(ids) for ids in targets]),
        )


def _frames(target: list[int]) -> int:
    """The fewest frames in which CTC can give a target: equal neighbours need a blank between them."""
    return len(target) + sum(a == b for a, b in zip(target, target[1:], strict=False))
