"""Pairs of a spelling and its phonemes, for converters that write them token by token."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from nemo.collections.tts.g2p.spelling_pairs import no_pair, spelling_pairs
from nemo.core.classes.dataset import Dataset

IGNORED = -100
"""The label of padding, which no loss counts."""


class TokenPairBatch(NamedTuple):
    """Spellings and, where they are known, phonemes; each ends with the tokenizer's end."""

    input_ids: Tensor
    """[B, S]"""
    attention_mask: Tensor
    """[B, S], 1 for a token, 0 for padding."""
    labels: Tensor | None = None
    """[B, U], -100 for padding."""


class T5G2PDataset(Dataset):
    """The lines of a manifest with `text_graphemes` (the spelling) and `text` (the phonemes); long ones are cut.

    Args:
        manifest_filepath: JSON lines.
        tokenizer: text -> ids, with `pad_id` and `eos_id`.
        do_lower: spellings are read in small letters.
        max_source_len: tokens of a spelling at most, its end among them.
        max_target_len: tokens of the phonemes at most.
        phoneme_field: key of the phonemes.
        grapheme_field: key of the spelling.
        with_labels: False: the manifest has no phonemes.

    Raises:
        ManifestError: a line lacks a key or has an empty text, or there is no line.
    """

    def __init__(
        self,
        manifest_filepath: str | os.PathLike[str],
        tokenizer: Any,
        do_lower: bool = False,
        max_source_len: int = 512,
        max_target_len: int = 512,
        phoneme_field: str = "text",
        grapheme_field: str = "text_graphemes",
        with_labels: bool = True,
    ) -> None:
        self.pad_id, self.with_labels = tokenizer.pad_id, with_labels

        def ids(text: str, longest: int) -> Tensor:
            return torch.tensor([*tokenizer.text_to_ids(text)[: longest - 1], tokenizer.eos_id])

        wanted = phoneme_field if with_labels else None
        self.pairs = [
            (ids(spelling, max_source_len), ids(phonemes, max_target_len))
            for spelling, phonemes in spelling_pairs(manifest_filepath, grapheme_field, wanted, do_lower)
        ]
        if not self.pairs:
            raise no_pair(manifest_filepath)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.pairs[index]

    def _collate_fn(self, batch: list[tuple[Tensor, Tensor]]) -> TokenPairBatch:
        sources, targets = zip(*batch, strict=True)
        mask = pad_sequence([torch.ones_like(ids) for ids in sources], batch_first=True)
        input_ids = pad_sequence(list(sources), batch_first=True, padding_value=self.pad_id)
        if not self.with_labels:
            return TokenPairBatch(input_ids, mask)
        return TokenPairBatch(input_ids, mask, pad_sequence(list(targets), batch_first=True, padding_value=IGNORED))
