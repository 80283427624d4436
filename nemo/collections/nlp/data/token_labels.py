"""Data sets for models that label words: named entities, parts of speech.

text_X.txt has a sentence a line, labels_X.txt a label for each of its words.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.label_ids import checked_label_ids, label_ids_of, numbers_of
from nemo.collections.nlp.data.labelled_pieces import PieceBatch, PieceCollator, PieceEncoder, PieceSample
from nemo.collections.nlp.data.labelled_words import read_labelled_words
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, LabelsType, MaskType, NeuralType

logger = logging.getLogger(__name__)

TokenBatch = tuple[Any, ...]
"""input_ids, segment_ids, input_mask, subtokens_mask, loss_mask, labels; see PieceBatch."""


class BertTokenClassificationDataset(Dataset):
    """Sentences with a label for each word.

    All pieces of a word have its label; with `ignore_extra_tokens` only the first counts in the loss. Metrics count
    only first pieces, where `subtokens_mask` is True.

    Args:
        text_file: a sentence a line.
        label_file: the labels of its words.
        max_seq_length: most pieces of a sentence, [CLS] and [SEP] included; what comes after is cut off.
        tokenizer: cuts words into pieces.
        num_samples: use only so many sentences; -1 for all.
        pad_label: label of [CLS], [SEP] and padding; also that of words without a class.
        label_ids: number of each label; None: those of this file, the pad label first, then by the alphabet.
        ignore_extra_tokens: the loss counts only the first piece of each word.
        ignore_start_end: the loss does not count [CLS] and [SEP].
        use_cache: accepted for old configs, without effect: reading the files costs less than a cache.
        get_label_frequencies: accepted for old configs; labels are always counted.

    Raises:
        TextFileError: a file cannot be read, the files do not belong together, or a label has no number.
        ConfigError: label numbers that cannot be.
    """

    def __init__(
        self,
        text_file: str | os.PathLike[str],
        label_file: str | os.PathLike[str],
        max_seq_length: int,
        tokenizer: TokenizerSpec,
        num_samples: int = -1,
        pad_label: str = "O",
        label_ids: Mapping[str, int] | None = None,
        ignore_extra_tokens: bool = False,
        ignore_start_end: bool = False,
        use_cache: bool = True,
        get_label_frequencies: bool = False,
    ) -> None:
        sentences = read_labelled_words(text_file, label_file, num_samples)
        if label_ids is None:
            self.label_ids = label_ids_of((sentence.labels for sentence in sentences), pad_label)
        else:
            self.label_ids = checked_label_ids(label_ids, pad_label, "label_ids")
        self.pad_label = pad_label
        self.label_frequencies = Counter(label for sentence in sentences for label in sentence.labels)
        """How many words have each label."""
        pad = self.label_ids[pad_label]
        encode = PieceEncoder(tokenizer, max_seq_length)
        self.samples = [
            encode(sentence.words, [numbers_of(sentence.labels, self.label_ids, sentence.place)], [pad])
            for sentence in sentences
        ]
        encode.warn_of_cut(text_file)
        self._collate = PieceCollator(
            int(tokenizer.pad_id),  # type: ignore[attr-defined]
            [pad],
            ignore_extra_tokens,
            ignore_start_end,
        )
        self._places = [sentence.place for sentence in sentences]

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return {
            "input_ids": NeuralType(("B", "T"), ChannelType()),
            "segment_ids": NeuralType(("B", "T"), ChannelType()),
            "input_mask": NeuralType(("B", "T"), MaskType()),
            "subtokens_mask": NeuralType(("B", "T"), MaskType()),
            "loss_mask": NeuralType(("B", "T"), MaskType()),
            "labels": NeuralType(("B", "T"), LabelsType()),
        }

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> PieceSample:
        return self.samples[index]

    def describe_sample(self, index: int) -> str:
        """Where a sentence stands."""
        return self._places[index]

    def _collate_fn(self, batch: list[PieceSample]) -> TokenBatch:
        made = self._collate(batch)
        return (*made[:-1], made.labels[0])


class BertTokenClassificationInferDataset(Dataset):
    """Sentences without labels.

    Args:
        queries: the sentences.
        max_seq_length: most pieces of a sentence, [CLS] and [SEP] included; -1: as many as the longest has.
        tokenizer: cuts words into pieces.
    """

    def __init__(self, queries: Sequence[str], max_seq_length: int, tokenizer: TokenizerSpec) -> None:
        encode = PieceEncoder(tokenizer, max_seq_length if max_seq_length > 0 else _NO_LIMIT)
        self.samples = [encode(words, [], []) for words in (query.split() for query in queries)]
        encode.warn_of_cut("queries")
        self._collate = PieceCollator(int(tokenizer.pad_id), [])  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> PieceSample:
        return self.samples[index]

    def _collate_fn(self, batch: list[PieceSample]) -> TokenBatch:
        """input_ids, segment_ids, input_mask and subtokens_mask, all [B, S]."""
        made: PieceBatch = self._collate(batch)
        return tuple(made[:4])


_NO_LIMIT = 2**31
