"""The tokenizer of a text model, from its `tokenizer` section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from nemo.collections.common.text_encoders.lm import get_pretrained_lm_models_list
from nemo.collections.common.tokenizers.by_name import get_nmt_tokenizer, get_tokenizer

__all__ = ["TokenizerConfig", "get_nmt_tokenizer", "get_tokenizer", "get_tokenizer_list"]


@dataclass
class TokenizerConfig:
    """`tokenizer:` section of a model on a text encoder."""

    tokenizer_name: str = MISSING
    """sentencepiece, yttm, word, char or regex; or the name of a published model, such as bert-base-uncased."""
    tokenizer_model: str | None = None
    """File of a sentencepiece or yttm model."""
    vocab_file: str | None = None
    """Vocabulary of a published kind of tokenizer; null: that of the published model."""
    merges_file: str | None = None
    """Merges that belong to the vocabulary of GPT-2 and RoBERTa."""
    special_tokens: Any = None
    """Role -> token, in place of the tokenizer's own."""
    use_fast: bool = False
    bpe_dropout: float = 0.0
    """Share of merges left out at random (yttm)."""


def get_tokenizer_list() -> list[str]:
    """Names that :func:`get_tokenizer` takes: its own kinds and the published models."""
    return [*get_pretrained_lm_models_list(include_external=True), "sentencepiece", "char", "word", "yttm", "regex"]
