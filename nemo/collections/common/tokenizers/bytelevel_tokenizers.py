"""Tokens are the bytes of UTF-8 text: no vocabulary, nothing unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.utils.exceptions import ConfigError

BYTES = 256


class ByteLevelTokenizer(TokenizerSpec):
    """The 256 bytes, then padding (256), start (257) and end (258) of a text, then special tokens.

    Tokens are the ids themselves.

    Args:
        special_tokens: further tokens, a list or role -> token; their ids start at 259. They stand in no text: give
            their ids where they are wanted.
    """

    def __init__(self, special_tokens: Sequence[str] | Mapping[str, str] | None = None) -> None:
        self.pad_id, self.bos_id, self.eos_id = BYTES, BYTES + 1, BYTES + 2
        self.special_start = BYTES + 3
        self.vocab_size = self.special_start
        self.special_token_to_id: dict[str, int] = {}
        if special_tokens:
            self.add_special_tokens(special_tokens)

    def add_special_tokens(self, special_tokens: Sequence[str] | Mapping[str, str]) -> int:
        """Adds tokens with ids after all others; returns how many were new."""
        tokens = special_tokens.values() if isinstance(special_tokens, Mapping) else special_tokens
        before = self.vocab_size
        for token in tokens:
            if token not in self.special_token_to_id:
                self.special_token_to_id[token] = self.vocab_size
                self.vocab_size += 1
        return self.vocab_size - before

    @property
    def id_to_special_token(self) -> dict[int, str]:
        """The special token of each id from 259 on."""
        return {index: token for token, index in self.special_token_to_id.items()}

    @property
    def vocab(self) -> list[str]:
        """A readable name of every id."""
        return [f"<0x{byte:02X}>" for byte in range(BYTES)] + ["<pad>", "<s>", "</s>", *self.special_token_to_id]

    def text_to_tokens(self, text: str) -> list[int]:  # type: ignore[override]  # tokens are ids
        """The bytes of `text`."""
        return self.text_to_ids(text)

    def text_to_ids(self, text: str) -> list[int]:
        """The bytes of `text`."""
        return list(text.encode("utf-8"))

    def tokens_to_text(self, tokens: Sequence[int]) -> str:  # type: ignore[override]  # tokens are ids
        """The text of bytes."""
        return self.ids_to_text(tokens)

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of bytes; special ids and bytes that are no text are left out, and white space at its end."""
        return bytes(index for index in as_list(ids) if 0 <= index < BYTES).decode("utf-8", errors="ignore").rstrip()

    def tokens_to_ids(self, tokens: Any) -> Any:
        """The id of each token: itself, or that of a special token."""
        if isinstance(tokens, str):
            return self.token_to_id(tokens)
        return [self.token_to_id(token) if isinstance(token, str) else int(token) for token in as_list(tokens)]

    def token_to_id(self, token: str) -> int:
        """The id of a special token."""
        if token in self.special_token_to_id:
            return self.special_token_to_id[token]
        raise ConfigError(
            f"{token!r} is no special token of this ByteLevelTokenizer. Expected one of "
            f"{', '.join(self.special_token_to_id) or '(it has none)'}; give it as special_tokens."
        )

    def ids_to_tokens(self, ids: Sequence[int]) -> list[int]:  # type: ignore[override]  # tokens are ids
        """The ids themselves."""
        return as_list(ids)


class ByteLevelProcessor:
    """Leaves text as it is, where a tokenizer of words would be asked: bytes need none."""

    def detokenize(self, tokens: Sequence[str]) -> str:
        """Tokens with a space between."""
        return " ".join(tokens)

    def tokenize(self, text: str) -> str:
        """`text` itself."""
        return text

    def normalize(self, text: str) -> str:
        """`text` itself."""
        return text
