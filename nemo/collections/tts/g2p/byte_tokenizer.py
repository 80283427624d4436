"""Bytes as tokens with the ids of ByT5: padding, end and unknown come before them (Xue et al., 2022).

https://arxiv.org/abs/2105.13626
"""

from __future__ import annotations

from collections.abc import Iterable

FIRST_BYTE = 3
BYTES = 256


class ByteTokenizer:
    """Texts to the bytes of UTF-8, each with its value + 3 as id; nothing is unknown."""

    pad_id, eos_id, unk_id = 0, 1, 2
    vocab_size = FIRST_BYTE + BYTES

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of a text, without an end."""
        return [FIRST_BYTE + byte for byte in text.encode("utf-8")]

    def ids_to_text(self, ids: Iterable[int]) -> str:
        """The text of ids; special ids and bytes that are no text are left out."""
        kept = bytes(index - FIRST_BYTE for index in ids if FIRST_BYTE <= index < self.vocab_size)
        return kept.decode("utf-8", errors="ignore")
