"""Texts and their labels in two files: a sentence a line, words with spaces between, as many labels as words."""

from __future__ import annotations

import os
from dataclasses import dataclass

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import TextLine, read_lines


@dataclass(frozen=True, slots=True)
class LabelledWords:
    """A sentence and its labels."""

    words: list[str]
    labels: list[str]
    place: str
    """File and line of the labels, for messages."""


def read_labelled_words(
    text_file: str | os.PathLike[str], labels_file: str | os.PathLike[str], num_samples: int = -1
) -> list[LabelledWords]:
    """The sentences of two parallel files.

    Args:
        text_file: a sentence a line.
        labels_file: its labels, on the line of the same number.
        num_samples: read only so many; -1 reads all.

    Raises:
        TextFileError: a file is missing, empty or not in UTF-8; the files have different numbers of lines; a line has
            no words, or not as many labels as words.
    """
    texts, labels = read_lines(text_file), read_lines(labels_file)
    if len(texts) != len(labels):
        raise TextFileError(
            f"{text_file} has {len(texts)} lines, and {labels_file} has {len(labels)}. Expected the labels of a "
            "sentence on the line of the same number. Add the missing lines, or take the two files of one set."
        )
    kept = len(texts) if num_samples < 0 else num_samples
    return [_pair(text, label) for text, label in zip(texts[:kept], labels[:kept], strict=True)]


def _pair(text: TextLine, label: TextLine) -> LabelledWords:
    words, labels = text.text.split(), label.text.split()
    if len(words) != len(labels):
        raise TextFileError(
            f"{label.place} has {len(labels)} labels, and {text.place} has {len(words)} words "
            f"({_shortened(text.text)!r}). Expected a label for each word, with spaces between. Mend one of them."
        )
    if not words:
        raise TextFileError(f"{text.place} has no words. Expected a sentence; remove the line from both files.")
    return LabelledWords(words, labels, label.place)


def _shortened(text: str, length: int = 60) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
