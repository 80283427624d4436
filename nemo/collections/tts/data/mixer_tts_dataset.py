"""Recordings with their texts, which a language model's tokens follow: batches have `lm_tokens` [B, L], too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.data.manifest import ManifestPaths
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.tts_dataset import TTSDataset
from nemo.collections.tts.text.language_model import LanguageModelTokenizer, tokens_for_lm

LM_TOKENS = "lm_tokens"


class MixerTTSXDataset(TTSDataset):
    """What :class:`~nemo.collections.tts.data.tts_dataset.TTSDataset` gives, and tokens of a language model.

    Args:
        manifest_filepath: as there, like all further ones.
        sample_rate: Hz.
        text_tokenizer: text -> ids; the model gives its own.
        text_normalizer: writes out numbers and abbreviations.
        sup_data_types: may have `lm_tokens`, which are there anyway.
        lm_model: name of the language model: `albert`, a name on the Hub, or a folder.
        lm_tokenizer: its tokenizer; the model gives its own.
        lm_padding_value: the token that pads; the tokenizer's own where it is None.
        options: further arguments of TTSDataset.
    """

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        sample_rate: int,
        text_tokenizer: Callable[[str], Sequence[int]],
        text_normalizer: Any = None,
        sup_data_types: Sequence[str] | None = None,
        lm_model: str = "albert",
        lm_tokenizer: LanguageModelTokenizer | None = None,
        lm_padding_value: int | None = None,
        **options: Any,
    ) -> None:
        kinds = [kind for kind in sup_data_types or () if kind != LM_TOKENS]
        super().__init__(
            manifest_filepath,
            sample_rate,
            text_tokenizer,
            text_normalizer=text_normalizer,
            sup_data_types=kinds,
            **options,
        )
        tokenizer = LanguageModelTokenizer(lm_model) if lm_tokenizer is None else lm_tokenizer
        self.lm_padding_value = (tokenizer.padding_idx or 0) if lm_padding_value is None else lm_padding_value
        self.lm_tokens = [torch.tensor(tokens_for_lm(tokenizer, text_tokenizer, each.text)) for each in self.data]

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """The tensors of one utterance."""
        return {**super().__getitem__(index), LM_TOKENS: self.lm_tokens[index]}

    def _collate_fn(self, batch: list[dict[str, Tensor]]) -> dict[str, Tensor]:
        found = super()._collate_fn(batch)
        return {**found, LM_TOKENS: pad_together([sample[LM_TOKENS] for sample in batch], self.lm_padding_value)}
