"""Names of concepts, in pairs of names of one concept, for encoders that put such names close together.

Each line of the file is ``concept id<TAB>name`` or, for a pair, ``concept id<TAB>name<TAB>name``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.encoder_inputs import EncoderInput, EncoderInputs
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.core.classes.dataset import Dataset


class NameBatch(NamedTuple):
    """B names."""

    input_ids: Tensor
    """[B, T]."""
    token_type_ids: Tensor
    """[B, T] zeros."""
    attention_mask: Tensor
    """[B, T] 1 where there is no padding."""
    concept_ids: Tensor
    """[B] the same number for names of one concept."""


class EntityLinkingDataset(Dataset):
    """Pairs of names of one concept; or, of an index, single names.

    From lines with one name a pair is drawn anew in each epoch from the names of a concept that has two or more.

    Args:
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        data_file: the file.
        max_seq_length: tokens of a name, [CLS] and [SEP] included; what is longer loses its end.
        is_index_data: give each line's names by themselves.
        num_samples: lines that are read; -1: all.

    Raises:
        TextFileError: a line lacks its id or its name, or no concept has two names.
    """

    def __init__(
        self,
        tokenizer: Any,
        data_file: str,
        max_seq_length: int = 512,
        is_index_data: bool = False,
        num_samples: int = -1,
    ) -> None:
        self._inputs = EncoderInputs(tokenizer, max_seq_length)
        lines = read_names(data_file, num_samples)
        self.concepts = list(dict.fromkeys(concept for concept, _ in lines))
        """Ids of the concepts, by their numbers."""
        numbers = {concept: number for number, concept in enumerate(self.concepts)}
        self._samples: list[tuple[int, tuple[str, ...]]] = []
        if is_index_data:
            self._samples += [(numbers[concept], (name,)) for concept, names in lines for name in names]
        else:
            self._samples += [(numbers[concept], names) for concept, names in lines if len(names) > 1]
            gathered: dict[int, list[str]] = {}
            for concept, names in lines:
                if len(names) == 1:
                    gathered.setdefault(numbers[concept], []).append(names[0])
            self._samples += [(number, tuple(names)) for number, names in gathered.items() if len(names) > 1]
        self._size = 1 if is_index_data else 2
        if not self._samples:
            raise TextFileError(
                f"{data_file} has no concept with two names. Expected at least one, since the names of a concept are "
                "what is learned from; add lines."
            )

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> tuple[int, Sequence[str]]:
        number, names = self._samples[int(index)]
        if len(names) > self._size and isinstance(index, SeededIndex):
            return number, random.Random(index.seed).sample(names, self._size)
        return number, names[: self._size]

    def _collate_fn(self, batch: list[tuple[int, Sequence[str]]]) -> NameBatch:
        texts = [self._input(name) for _, names in batch for name in names]
        ids, types, mask = self._inputs.padded(texts)
        return NameBatch(ids, types, mask, torch.tensor([number for number, names in batch for _ in names]))

    def _input(self, name: str) -> EncoderInput:
        tokens = [int(token) for token in self._inputs.tokenizer.text_to_ids(name)]
        tokens = tokens[: self._inputs.max_seq_length - 2] if self._inputs.max_seq_length > 0 else tokens
        return EncoderInput([self._inputs.cls_id, *tokens, self._inputs.sep_id], len(tokens) + 2)


def read_names(path: str, num_samples: int = -1) -> list[tuple[str, tuple[str, ...]]]:
    """Concept id and names of each line.

    Raises:
        TextFileError: a line lacks its id or a name.
    """
    found = []
    for line in read_lines(path, num_samples):
        concept, *names = (part.strip() for part in line.text.split("\t"))
        if not concept or not names or not all(names):
            raise TextFileError(
                f"{line.place} is {line.text[:60]!r}. Expected concept id<TAB>name, or id<TAB>name<TAB>name, none of "
                "them empty; mend the line."
            )
        found.append((concept, tuple(names)))
    return found
