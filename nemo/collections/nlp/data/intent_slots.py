"""Sentences with intents and slots as batches of pieces.

[CLS] pieces [SEP] -> batch [B, T]; the slot of a word is that of all its pieces.
B batch, T pieces of the longest sentence of a batch, I intents.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.intent_slot_files import read_intent_slots, words_of
from nemo.collections.nlp.data.labelled_pieces import PieceBatch, PieceCollator, PieceEncoder, PieceSample
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, LabelsType, MaskType, NeuralType


class IntentSlotBatch(NamedTuple):
    """Sentences, padded to the longest."""

    input_ids: Tensor
    """[B, T] pieces."""
    segment_ids: Tensor
    """[B, T] zeros."""
    input_mask: Tensor
    """[B, T] 1 for pieces, 0 for padding."""
    loss_mask: Tensor
    """[B, T] True where the loss counts."""
    subtokens_mask: Tensor
    """[B, T] True for the first piece of each word."""
    intents: Tensor
    """[B] numbers, or [B, I] zeros and ones."""
    slots: Tensor
    """[B, T] numbers."""


_INPUT_TYPES = {
    "input_ids": NeuralType(("B", "T"), ChannelType()),
    "segment_ids": NeuralType(("B", "T"), ChannelType()),
    "input_mask": NeuralType(("B", "T"), MaskType()),
    "loss_mask": NeuralType(("B", "T"), MaskType()),
    "subtokens_mask": NeuralType(("B", "T"), MaskType()),
}


class IntentSlotClassificationDataset(Dataset):
    """Sentences with one intent, and a slot for each word.

    Args:
        input_file: header, then `sentence<TAB>intent`; see :mod:`nemo.collections.nlp.data.intent_slot_files`.
        slot_file: slots of each sentence.
        max_seq_length: most pieces of a sentence, [CLS] and [SEP] included; what comes after is cut off.
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        num_samples: use only so many sentences; -1 for all.
        pad_label: number of the slot of [CLS], [SEP] and padding.
        ignore_extra_tokens: the loss counts only the first piece of each word.
        ignore_start_end: the loss does not count [CLS] and [SEP].
        do_lower_case: put the sentences in lower case.
        num_intents: intents have to be below; None: any.
        num_slots: slots have to be below; None: any.

    Raises:
        TextFileError: a file cannot be read or used.
    """

    several_intents = False

    def __init__(
        self,
        input_file: str | os.PathLike[str],
        slot_file: str | os.PathLike[str],
        max_seq_length: int,
        tokenizer: TokenizerSpec,
        num_samples: int = -1,
        pad_label: int = 128,
        ignore_extra_tokens: bool = False,
        ignore_start_end: bool = False,
        do_lower_case: bool = False,
        num_intents: int | None = None,
        num_slots: int | None = None,
    ) -> None:
        super().__init__()
        sentences = read_intent_slots(input_file, slot_file, num_intents, num_slots, num_samples, self.several_intents)
        encode = PieceEncoder(tokenizer, max_seq_length)
        self.samples = [
            encode(_written(sentence.words, do_lower_case), [sentence.slots], [pad_label]) for sentence in sentences
        ]
        encode.warn_of_cut(input_file)
        self.intents = [sentence.intents for sentence in sentences]
        self.num_intents = (
            num_intents if num_intents is not None else 1 + max(max(each, default=0) for each in self.intents)
        )
        self._collate = PieceCollator(
            int(tokenizer.pad_id),  # type: ignore[attr-defined]
            [pad_label],
            ignore_extra_tokens,
            ignore_start_end,
        )

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        of_intents = ("B", "D") if self.several_intents else ("B",)
        slots = NeuralType(("B", "T"), LabelsType())
        return {**_INPUT_TYPES, "intents": NeuralType(of_intents, LabelsType()), "slots": slots}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[PieceSample, list[int]]:
        return self.samples[index], self.intents[index]

    def _collate_fn(self, batch: list[Any]) -> IntentSlotBatch:
        pieces = self._collate([sample for sample, _ in batch])
        return _batch(pieces, self._intent_tensor([intents for _, intents in batch]))

    def _intent_tensor(self, intents: Sequence[Sequence[int]]) -> Tensor:
        return torch.tensor([numbers[0] for numbers in intents])


class MultiLabelIntentSlotClassificationDataset(IntentSlotClassificationDataset):
    """Sentences with any number of intents, `sentence<TAB>1,4`, and a slot for each word.

    Takes what :class:`IntentSlotClassificationDataset` takes; intents are zeros and ones [B, I].
    """

    several_intents = True

    def _intent_tensor(self, intents: Sequence[Sequence[int]]) -> Tensor:
        present = torch.zeros(len(intents), self.num_intents, dtype=torch.long)
        for row, numbers in enumerate(intents):
            present[row, list(numbers)] = 1
        return present


class IntentSlotInferenceDataset(Dataset):
    """Sentences of which nothing is known yet; batches have no intents and no slots.

    Args:
        queries: sentences.
        max_seq_length: most pieces of a sentence, [CLS] and [SEP] included; what comes after is cut off.
        tokenizer: with `cls_id`, `sep_id` and `pad_id`.
        do_lower_case: put the sentences in lower case.
    """

    def __init__(
        self, queries: Sequence[str], max_seq_length: int, tokenizer: TokenizerSpec, do_lower_case: bool = False
    ) -> None:
        super().__init__()
        encode = PieceEncoder(tokenizer, max_seq_length)
        self.words = words_of(queries)
        self.samples = [encode(_written(words, do_lower_case), [[0] * len(words)], [0]) for words in self.words]
        encode.warn_of_cut("the queries")
        self._collate = PieceCollator(int(tokenizer.pad_id), [0])  # type: ignore[attr-defined]

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return dict(_INPUT_TYPES)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> PieceSample:
        return self.samples[index]

    def _collate_fn(self, batch: list[Any]) -> tuple[Tensor, ...]:
        return _batch(self._collate(batch), torch.empty(0))[:5]


def _batch(pieces: PieceBatch, intents: Tensor) -> IntentSlotBatch:
    return IntentSlotBatch(
        pieces.input_ids,
        pieces.segment_ids,
        pieces.input_mask,
        pieces.loss_mask,
        pieces.subtokens_mask,
        intents,
        pieces.labels[0],
    )


def _written(words: Sequence[str], do_lower_case: bool) -> Sequence[str]:
    return [word.lower() for word in words] if do_lower_case else words
