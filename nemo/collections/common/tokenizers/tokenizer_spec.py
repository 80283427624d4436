"""What every tokenizer offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class TokenizerSpec(ABC):
    """Text to tokens, tokens to ids, and back.

    ``cls``, ``sep``, ``pad``, ``eod``, ``bos``, ``eos`` and ``mask`` are short names of ``cls_id``, ``sep_id`` ... on
    tokenizers that have such a token; on others they are an AttributeError.
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

    @property
    def cls(self) -> int:
        """Short for ``cls_id``."""
        return self._short_name("cls")

    @property
    def sep(self) -> int:
        """Short for ``sep_id``."""
        return self._short_name("sep")

    @property
    def pad(self) -> int:
        """Short for ``pad_id``."""
        return self._short_name("pad")

    @property
    def eod(self) -> int:
        """Short for ``eod_id``, the end of a document."""
        return self._short_name("eod")

    @property
    def bos(self) -> int:
        """Short for ``bos_id``."""
        return self._short_name("bos")

    @property
    def eos(self) -> int:
        """Short for ``eos_id``."""
        return self._short_name("eos")

    @property
    def mask(self) -> int:
        """Short for ``mask_id``."""
        return self._short_name("mask")

    def _short_name(self, role: str) -> int:
        return getattr(self, f"{role}_id")  # a class without such a token raises the AttributeError that is wanted


def as_list(values: Any) -> list[Any]:
    """A list of plain values from a list, a NumPy array or a tensor."""
    return values.tolist() if hasattr(values, "tolist") else list(values)
