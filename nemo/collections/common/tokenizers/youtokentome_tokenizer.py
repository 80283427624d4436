"""Tokens of YouTokenToMe models, which the original's translation models use."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.collections.common.tokenizers.youtokentome_model import YouTokenToMeModel
from nemo.utils.exceptions import ConfigError


class YouTokenToMeTokenizer(TokenizerSpec):
    """Byte pair encoding by a YouTokenToMe model. The library, which nobody maintains, is not needed.

    Args:
        model_path: file of the model.
        bpe_dropout: probability with which each merge is left out, so that a text is cut differently each time; 0 for
            none. Python's `random` decides, which `seed_everything` and the workers of a loader seed.
        legacy: :meth:`ids_to_tokens` leaves out special tokens.
        r2l: texts are read from right to left: the last token comes first.

    Raises:
        FileNotFoundError: there is no such file.
        ConfigError: it is not a YouTokenToMe model, or `bpe_dropout` is no probability.
    """

    def __init__(
        self,
        model_path: str | os.PathLike[str],
        bpe_dropout: float | None = 0.0,
        legacy: bool = False,
        r2l: bool = False,
    ) -> None:
        bpe_dropout = bpe_dropout or 0.0
        if not 0.0 <= bpe_dropout <= 1.0:
            raise ConfigError(f"bpe_dropout is {bpe_dropout}. Expected a probability from 0 to 1; 0.1 is usual.")
        self.tokenizer = YouTokenToMeModel(model_path)
        self.vocab_size = self.tokenizer.vocab_size()
        self.special_tokens = [index for index in (self.pad_id, self.unk_id, self.bos_id, self.eos_id) if index >= 0]
        self.bpe_dropout = bpe_dropout
        self.legacy = legacy
        self.r2l = r2l

    @property
    def vocab(self) -> list[str]:
        """Every piece, in the order of the ids."""
        return self.tokenizer.vocab()

    def text_to_tokens(self, text: str) -> list[str]:
        """The pieces of `text`; what the model does not know stands as it is."""
        return self._ordered(self.tokenizer.encode_as_subwords(text, self._is_dropped()))

    def text_to_ids(self, text: str) -> list[int]:
        """The ids of the pieces of `text`."""
        return self._ordered(self.tokenizer.encode(text, self._is_dropped()))

    def tokens_to_text(self, tokens: Sequence[str]) -> str:
        """The text of pieces, without special ones."""
        return self.ids_to_text(self.tokens_to_ids(tokens))

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        return self.tokenizer.decode(self._ordered(as_list(ids)), ignore_ids=self.special_tokens)

    def tokens_to_ids(self, tokens: str | Sequence[str]) -> Any:
        """The id of each piece; one id for a single piece."""
        if isinstance(tokens, str):
            return self.tokenizer.subword_to_id(tokens)
        return [self.tokenizer.subword_to_id(token) for token in tokens]

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The piece of each id; in legacy mode without special ones."""
        left_out = self.special_tokens if self.legacy else ()
        return [self.tokenizer.id_to_subword(index) for index in as_list(ids) if index not in left_out]

    @property
    def pad_id(self) -> int:
        """Id of padding; -1 where the model has none."""
        return self.tokenizer.pad_id

    @property
    def bos_id(self) -> int:
        """Id of the start of a text; -1 where the model has none."""
        return self.tokenizer.bos_id

    @property
    def eos_id(self) -> int:
        """Id of the end of a text; -1 where the model has none."""
        return self.tokenizer.eos_id

    @property
    def unk_id(self) -> int:
        """Id of what the model does not know."""
        return self.tokenizer.unk_id

    def _ordered(self, values: list[Any]) -> list[Any]:
        return values[::-1] if self.r2l else values

    def _is_dropped(self) -> Callable[[], bool] | None:
        probability = self.bpe_dropout
        return (lambda: random.random() < probability) if probability else None
