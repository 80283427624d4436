"""Texts and pairs of texts as a BERT encoder takes them: [CLS] first [SEP], or [CLS] first [SEP] second [SEP]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError


@dataclass(frozen=True, slots=True)
class EncoderInput:
    """One text, or a pair."""

    ids: list[int]
    second_from: int
    """Where the second text begins; the number of ids where there is none."""

    @property
    def type_ids(self) -> list[int]:
        """0 for each token of the first text, 1 for each of the second."""
        return [0] * self.second_from + [1] * (len(self.ids) - self.second_from)


class EncoderInputs:
    """Makes inputs of texts.

    Args:
        tokenizer: with `cls_id`, `sep_id` and `pad_id`; `bos_id` and `eos_id` stand for the first two.
        max_seq_length: most tokens of an input, [CLS] and [SEP] included; -1: any number.

    Raises:
        ConfigError: `max_seq_length` leaves no room for a text.
    """

    def __init__(self, tokenizer: Any, max_seq_length: int = -1) -> None:
        if 0 <= max_seq_length < 4:
            raise ConfigError(f"max_seq_length is {max_seq_length}; expected 4 or more tokens, or -1 for any number.")
        self.tokenizer = tokenizer
        self.max_seq_length = max_seq_length
        self.cut = 0
        """Inputs so far that were too long."""

    @property
    def cls_id(self) -> int:
        """Id of the token before a text."""
        return int(_first_of(self.tokenizer, "cls_id", "bos_id"))

    @property
    def sep_id(self) -> int:
        """Id of the token after a text."""
        return int(_first_of(self.tokenizer, "sep_id", "eos_id"))

    @property
    def pad_id(self) -> int:
        """Id of padding."""
        return int(self.tokenizer.pad_id)

    def of_text(self, text: str) -> EncoderInput:
        """One text. Of one that is too long the end is kept, as the original does."""
        ids = self._tokens(text)
        if 0 < self.max_seq_length < len(ids) + 2:
            self.cut += 1
            ids = ids[-(self.max_seq_length - 2) :]
        return EncoderInput([self.cls_id, *ids, self.sep_id], len(ids) + 2)

    def of_pair(self, first: str, second: str) -> EncoderInput:
        """Two texts. If they are too long, tokens are taken from the end of the longer one until they are not."""
        firsts, seconds = self._tokens(first), self._tokens(second)
        if 0 < self.max_seq_length < len(firsts) + len(seconds) + 3:
            self.cut += 1
            kept, kept_of_second = _shares(len(firsts), len(seconds), self.max_seq_length - 3)
            firsts, seconds = firsts[:kept], seconds[:kept_of_second]
        ids = [self.cls_id, *firsts, self.sep_id, *seconds, self.sep_id]
        return EncoderInput(ids, len(firsts) + 2)

    def padded(self, inputs: Sequence[EncoderInput]) -> tuple[Tensor, Tensor, Tensor]:
        """Ids, type ids and mask (1 where there is a token), each [B, T] with T the longest input."""
        longest = max(len(each.ids) for each in inputs)
        ids = [each.ids + [self.pad_id] * (longest - len(each.ids)) for each in inputs]
        types = [each.type_ids + [0] * (longest - len(each.ids)) for each in inputs]
        mask = [[1] * len(each.ids) + [0] * (longest - len(each.ids)) for each in inputs]
        return torch.tensor(ids), torch.tensor(types), torch.tensor(mask)

    def _tokens(self, text: str) -> list[int]:
        return [int(index) for index in self.tokenizer.text_to_ids(text)]


def _shares(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of each of two texts there is room for: the longer one loses its end first."""
    half = room // 2
    if first <= half:
        return first, room - first
    if second <= half:
        return room - second, second
    return room - half, half


def _first_of(tokenizer: Any, *names: str) -> Any:
    for name in names:
        value = getattr(tokenizer, name, None)
        if value is not None:
            return value
    raise ConfigError(
        f"The tokenizer {type(tokenizer).__name__} has no {' nor '.join(names)}. Give it the token when you build it: "
        f"tokenizer.special_tokens: {{{names[0].removesuffix('_id')}_token: ...}}."
    )
