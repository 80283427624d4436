"""What every tokenizer offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

_SPECIAL_TOKENS = ("cls", "sep", "pad", "eod", "bos", "eos", "mask")


class TokenizerSpec(ABC):
    """Text to tokens, tokens to ids, and back.

    ``cls``, ``sep``, ``pad``, ``eod``, ``bos``, ``eos`` and ``mask`` are short names of ``cls_id``, ``sep_id`` ... on
    tokenizers that have such a token.
    """

    @abstractmethod
    def text_to_tokens(self, text: str) -> list[str]:
        """The tokens of `text`."""

    @abstractmethod
    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text that `tokens` stand for."""

    @abstractmethod
    def tokens_to_ids(self, tokens: Any) -> Any:
        """The id of each token; one id for a single token."""

    @abstractmethod
    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The token of each id."""

    @abstractmethod
    def text_to_ids(self, text: str) -> list[int]:
        """The ids of `text`."""

    @abstractmethod
    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text that `ids` stand for."""

    def add_special_tokens(self, special_tokens: Any) -> int:
        """Adds tokens that text never holds; returns how many were new."""
        raise NotImplementedError(f"{type(self).__name__} has a fixed set of special tokens.")

    @property
    def name(self) -> str:
        """Name of the kind of tokenizer."""
        return type(self).__name__

    @property
    def unique_identifiers(self) -> dict[str, str]:
        """What tells this tokenizer from another, for caches of tokenized data."""
        return {"class": f"{type(self).__module__}.{type(self).__qualname__}"}

    def __getattr__(self, name: str) -> Any:
        if name in _SPECIAL_TOKENS and hasattr(type(self), f"{name}_id"):
            return getattr(self, f"{name}_id")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
