"""Texts with the number of their class: `text<TAB>label` on each line of a file, or texts alone.

A batch is input_ids [B, T], type ids [B, T], mask [B, T] and labels [B]; of texts without labels, these are 0.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.encoder_inputs import EncoderInput, EncoderInputs
from nemo.collections.nlp.data.text_lines import TextLine, read_lines
from nemo.collections.nlp.data.token_cache import TokenCache
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, LabelsType, MaskType, NeuralType
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

LabelledBatch = tuple[Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A line of a file."""

    text: str
    label: int


def read_labelled_texts(
    path: str | os.PathLike[str], num_classes: int | None = None, num_samples: int = -1
) -> list[LabelledText]:
    """Reads a file of texts and the numbers of their classes.

    Args:
        path: `text<TAB>label` on each line; lines with nothing in them are passed over.
        num_classes: labels must be below it; None: any number.
        num_samples: read only so many lines from the start; -1: all.

    Raises:
        TextFileError: the file cannot be read, or a line has no label, no text, or a label that is no class.
    """
    lines = read_lines(path, num_samples)
    found = [_labelled(line, num_classes) for line in lines if line.text.strip()]
    if not found:
        raise TextFileError(f"{path} has only empty lines. Expected text<TAB>label on each; check the path.")
    return found


def _labelled(line: TextLine, num_classes: int | None) -> LabelledText:
    text, tab, label = line.text.rpartition("\t")
    shown = f"{line.text[:80]!r}{'...' if len(line.text) > 80 else ''}"
    if not tab:
        raise TextFileError(
            f"{line.place} has no label: {shown}. Expected text<TAB>label, the label being the number of a class; add "
            "it, with a tab before it."
        )
    if not text.strip():
        raise TextFileError(f"{line.place} has no text: {shown}. Expected text<TAB>label; add one, or remove the line.")
    try:
        number = int(label)
    except ValueError as error:
        raise TextFileError(
            f"{line.place} has the label {label.strip()!r}, which is no whole number: {shown}. Expected the number of "
            "a class, counted from 0; replace names by numbers."
        ) from error
    if number < 0 or (num_classes is not None and number >= num_classes):
        limit = f"0 to {num_classes - 1}, since model.dataset.num_classes is {num_classes}" if num_classes else "0 on"
        raise TextFileError(
            f"{line.place} has the label {number}: {shown}. Expected {limit}. Mend the label, or set num_classes."
        )
    return LabelledText(text.strip(), number)


class TextClassificationDataset(Dataset):
    """Texts of a file, or of a list, in the tokens of a model.

    Args:
        tokenizer: the model's.
        input_file: `text<TAB>label` on each line.
        queries: texts without labels, instead of a file.
        max_seq_length: most tokens of a text, [CLS] and [SEP] included; of longer ones the end is kept. -1: any.
        num_samples: read only so many lines of the file; -1: all.
        shuffle: shuffle the file's lines once, by PyTorch's generator.
        use_cache: keep the tokens in a file beside `input_file`, which counts as long as neither it nor the tokenizer
            changes.
        num_classes: labels of the file must be below it.

    Raises:
        ConfigError: not exactly one of `input_file` and `queries` is given.
        TextFileError: the file cannot be read; names the line.
    """

    def __init__(
        self,
        tokenizer: Any,
        input_file: str | os.PathLike[str] | None = None,
        queries: Sequence[str] | None = None,
        max_seq_length: int = -1,
        num_samples: int = -1,
        shuffle: bool = False,
        use_cache: bool = False,
        num_classes: int | None = None,
    ) -> None:
        if (input_file is None) == (queries is None):
            raise ConfigError(
                f"TextClassificationDataset got {'neither' if queries is None else 'both'} of input_file and queries; "
                "expected one of them."
            )
        self.inputs = EncoderInputs(tokenizer, max_seq_length)
        texts = [] if queries is None else list(queries)
        self.labels = [0] * len(texts)
        if input_file is not None:
            lines = read_labelled_texts(input_file, num_classes, num_samples)
            texts, self.labels = [line.text for line in lines], [line.label for line in lines]
        cache = TokenCache(input_file, tokenizer, max_seq_length) if use_cache and input_file is not None else None
        self.samples = self._tokenized(texts, cache)
        if self.inputs.cut:
            logger.info("%d of %d texts are longer than %d tokens", self.inputs.cut, len(texts), max_seq_length)
        if shuffle:
            order = torch.randperm(len(texts)).tolist()
            self.samples = [self.samples[index] for index in order]
            self.labels = [self.labels[index] for index in order]

    def _tokenized(self, texts: Sequence[str], cache: TokenCache | None) -> list[EncoderInput]:
        rows = cache.read(texts) if cache is not None else None
        if rows is None:
            samples = [self.inputs.of_text(text) for text in texts]
            if cache is not None:
                cache.write(texts, [sample.ids for sample in samples])
            return samples
        return [EncoderInput(ids, len(ids)) for ids in rows]

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Tokens, type ids, mask and labels."""
        return {
            "input_ids": NeuralType(("B", "T"), ChannelType()),
            "segment_ids": NeuralType(("B", "T"), ChannelType()),
            "input_mask": NeuralType(("B", "T"), MaskType()),
            "label": NeuralType(tuple("B"), LabelsType()),
        }

    @property
    def lengths(self) -> np.ndarray:
        """[number of texts] tokens of each."""
        return np.array([len(sample.ids) for sample in self.samples], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[EncoderInput, int]:
        return self.samples[index], self.labels[index]

    def _collate_fn(self, batch: list[tuple[EncoderInput, int]]) -> LabelledBatch:
        """Pads with the tokenizer's `pad_id`."""
        ids, types, mask = self.inputs.padded([sample for sample, _ in batch])
        return ids, types, mask, torch.tensor([label for _, label in batch])
