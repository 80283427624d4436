"""Data set for punctuation and capitalization: lower-case words, each with two labels.

text_X.txt has a sentence a line without punctuation; labels_X.txt a pair for each word, `OU ,O .U`: what punctuation
follows the word (O: none), and how it is written (U: with a capital, O: as it is).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nemo.collections.common.data.bucketing import LengthBuckets
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.label_ids import (
    checked_label_ids,
    label_ids_of,
    load_label_ids,
    numbers_of,
    save_label_ids,
)
from nemo.collections.nlp.data.labelled_pieces import PieceBatch, PieceCollator, PieceEncoder, PieceSample
from nemo.collections.nlp.data.labelled_words import LabelledWords, read_labelled_words
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, LabelsType, MaskType, NeuralType

DEFAULT_PUNCT_LABEL_VOCAB_FILE_NAME = "punct_label_vocab.csv"
DEFAULT_CAPIT_LABEL_VOCAB_FILE_NAME = "capit_label_vocab.csv"
MOST_BUCKETS = 50

PunctuationBatch = dict[str, Any]
"""input_ids, segment_ids, input_mask, subtokens_mask, loss_mask, punct_labels, capit_labels, all [B, S]."""

BATCH_TYPES = {
    "input_ids": NeuralType(("B", "T"), ChannelType()),
    "segment_ids": NeuralType(("B", "T"), ChannelType()),
    "input_mask": NeuralType(("B", "T"), MaskType()),
    "subtokens_mask": NeuralType(("B", "T"), MaskType()),
    "loss_mask": NeuralType(("B", "T"), MaskType()),
    "punct_labels": NeuralType(("B", "T"), LabelsType()),
    "capit_labels": NeuralType(("B", "T"), LabelsType()),
}


class BertPunctuationCapitalizationDataset(Dataset):
    """Sentences with two labels for each word.

    Samples are sentences; :meth:`batch_plan` says which make a batch of about `tokens_in_batch` pieces.

    Args:
        text_file: a sentence a line.
        labels_file: pairs of labels for its words.
        max_seq_length: most pieces of a sentence, [CLS] and [SEP] included; what comes after is cut off.
        tokenizer: cuts words into pieces.
        num_samples: use only so many sentences; -1 for all.
        tokens_in_batch: most pieces of a batch, padding included; a longer sentence is a batch of its own.
        pad_label: label of both kinds for [CLS], [SEP] and padding; that of words without punctuation or capital.
        punct_label_ids: number of each punctuation label; None: those of `punct_label_vocab_file` or of this file.
        capit_label_ids: number of each capitalization label, in the same way.
        ignore_extra_tokens: the loss counts only the first piece of each word.
        ignore_start_end: the loss does not count [CLS] and [SEP].
        label_info_save_dir: folder for the numbers and frequencies of the labels; None: they are not written.
        punct_label_vocab_file: file with one punctuation label a line.
        capit_label_vocab_file: file with one capitalization label a line.

    Raises:
        TextFileError: a file cannot be read, the files do not belong together, or a label has no number.
        ConfigError: label numbers that cannot be.
    """

    def __init__(
        self,
        text_file: str | os.PathLike[str],
        labels_file: str | os.PathLike[str],
        max_seq_length: int,
        tokenizer: TokenizerSpec,
        num_samples: int = -1,
        tokens_in_batch: int = 5000,
        pad_label: str = "O",
        punct_label_ids: Mapping[str, int] | None = None,
        capit_label_ids: Mapping[str, int] | None = None,
        ignore_extra_tokens: bool = False,
        ignore_start_end: bool = True,
        label_info_save_dir: str | os.PathLike[str] | None = None,
        punct_label_vocab_file: str | os.PathLike[str] | None = None,
        capit_label_vocab_file: str | os.PathLike[str] | None = None,
    ) -> None:
        sentences = read_labelled_words(text_file, labels_file, num_samples)
        pairs = [label_pairs(sentence) for sentence in sentences]
        self.tokens_in_batch = tokens_in_batch
        self.punct_label_ids = _label_ids(
            punct_label_ids, punct_label_vocab_file, (marks for marks, _ in pairs), pad_label, "punct_label_ids"
        )
        self.capit_label_ids = _label_ids(
            capit_label_ids, capit_label_vocab_file, (cases for _, cases in pairs), pad_label, "capit_label_ids"
        )
        self.punct_label_frequencies = Counter(mark for marks, _ in pairs for mark in marks)
        """How many words have each label."""
        self.capit_label_frequencies = Counter(case for _, cases in pairs for case in cases)
        pads = (self.punct_label_ids[pad_label], self.capit_label_ids[pad_label])
        encode = PieceEncoder(tokenizer, max_seq_length)
        self.samples = [
            encode(sentence.words, self.label_numbers(sentence, marks, cases), pads)
            for sentence, (marks, cases) in zip(sentences, pairs, strict=True)
        ]
        encode.warn_of_cut(text_file)
        self._collate = PieceCollator(
            int(tokenizer.pad_id),  # type: ignore[attr-defined]
            pads,
            ignore_extra_tokens,
            ignore_start_end,
        )
        self._places = [sentence.place for sentence in sentences]
        if label_info_save_dir is not None:
            self.save_labels_info(label_info_save_dir)

    def label_numbers(self, sentence: LabelledWords, marks: list[str], cases: list[str]) -> list[list[int]]:
        """Numbers of both kinds of labels of a sentence."""
        return [
            numbers_of(marks, self.punct_label_ids, sentence.place),
            numbers_of(cases, self.capit_label_ids, sentence.place),
        ]

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return BATCH_TYPES

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> PieceSample:
        return self.samples[index]

    def describe_sample(self, index: int) -> str:
        """Where a sentence stands."""
        return self._places[index]

    def batch_plan(self, shuffle: bool, drop_last: bool = False) -> LengthBuckets:
        """Which sentences make a batch: similar lengths together, as many as fit into `tokens_in_batch` pieces."""
        lengths = [len(sample) for sample in self.samples]
        # few batches to a bucket keep lengths similar; too few would be different batches in name only
        buckets = min(max(sum(lengths) // (4 * self.tokens_in_batch), 1), MOST_BUCKETS)
        return LengthBuckets(
            lengths, max_total=self.tokens_in_batch, num_buckets=buckets, shuffle=shuffle, drop_last=drop_last
        )

    def save_labels_info(self, folder: str | os.PathLike[str]) -> None:
        """Writes the numbers of the labels (one a line), and how many words have each (label, tab, words)."""
        for name, label_ids, counts in (
            (DEFAULT_PUNCT_LABEL_VOCAB_FILE_NAME, self.punct_label_ids, self.punct_label_frequencies),
            (DEFAULT_CAPIT_LABEL_VOCAB_FILE_NAME, self.capit_label_ids, self.capit_label_frequencies),
        ):
            save_label_ids(Path(folder) / name, label_ids)
            lines = [f"{label}\t{counts[label]}\n" for label in label_ids]
            (Path(folder) / f"{Path(name).stem}_frequencies.tsv").write_text("".join(lines), encoding="utf-8")

    def _collate_fn(self, batch: list[PieceSample]) -> PunctuationBatch:
        return as_dict(self._collate(batch))


def as_dict(batch: PieceBatch) -> PunctuationBatch:
    """A batch by the names that the model knows."""
    fields = batch._asdict()
    punct_labels, capit_labels = fields.pop("labels")
    return {**fields, "punct_labels": punct_labels, "capit_labels": capit_labels}


def label_pairs(sentence: LabelledWords) -> tuple[list[str], list[str]]:
    """Punctuation and capitalization labels of a sentence: the last character of each pair is the capitalization.

    Raises:
        TextFileError: a pair has fewer than two characters.
    """
    for number, pair in enumerate(sentence.labels):
        if len(pair) < 2:
            raise TextFileError(
                f"{sentence.place} has the label {pair!r} for word {number + 1} ({sentence.words[number]!r}). Expected "
                "two characters, such as 'OU', ',O' or '.U': the punctuation after the word (O: none), and U where it "
                "has a capital (else O)."
            )
    return [pair[:-1] for pair in sentence.labels], [pair[-1] for pair in sentence.labels]


def _label_ids(
    given: Mapping[str, int] | None,
    vocab_file: str | os.PathLike[str] | None,
    labels: Iterable[Iterable[str]],
    pad_label: str,
    where: str,
) -> dict[str, int]:
    """Numbers of labels: those given, those of a file, or those of the data."""
    if given is None and vocab_file is None:
        return label_ids_of(labels, pad_label)
    if given is None and vocab_file is not None:
        return checked_label_ids(load_label_ids(vocab_file), pad_label, str(vocab_file))
    return checked_label_ids(dict(given or {}), pad_label, where)
