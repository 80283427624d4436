r"""Reads sentences with their intents and the slots of their words.

train.tsv          a header, then `sentence<TAB>number of the intent`; several intents with commas between them
train_slots.tsv    a number for each word of the sentence, with spaces between them; no header
dict.intents.csv   an intent a line: its number is that of the line, from 0
dict.slots.csv     a slot a line, likewise
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.class_weights import balanced_weights
from nemo.collections.nlp.data.label_ids import load_label_ids, names_of
from nemo.collections.nlp.data.text_lines import TextLine, read_lines

NO_SLOT = "O"
"""The slot of words that belong to none."""


@dataclass(frozen=True, slots=True)
class IntentSlotSentence:
    """A sentence, the numbers of its intents, and of its words' slots."""

    words: list[str]
    intents: list[int]
    slots: list[int]


def read_intent_slots(
    input_file: str | os.PathLike[str],
    slot_file: str | os.PathLike[str],
    num_intents: int | None = None,
    num_slots: int | None = None,
    num_samples: int = -1,
    several_intents: bool = False,
) -> list[IntentSlotSentence]:
    """The sentences of two parallel files.

    Args:
        input_file: header, then sentences with intents.
        slot_file: slots, on the line before that of the sentence, as there is no header.
        num_intents: intents have to be below; None: any.
        num_slots: slots have to be below; None: any.
        num_samples: read only so many; -1 or 0 reads all.
        several_intents: a sentence may have several, or none.

    Raises:
        TextFileError: a file is missing, empty or not in UTF-8; the files have different numbers of sentences; a line
            has no intent, a number that cannot be, or not as many slots as words.
    """
    lines, slot_lines = _without_header(input_file), read_lines(slot_file)
    if len(lines) != len(slot_lines):
        raise TextFileError(
            f"{input_file} has {len(lines)} sentences after its header, and {slot_file} has {len(slot_lines)} lines. "
            "Expected the slots of each sentence on a line of its own and no header there; add what is missing, or "
            "give the first file its header, sentence<TAB>label."
        )
    kept = len(lines) if num_samples < 1 else num_samples
    sentences = []
    for line, slot_line in zip(lines[:kept], slot_lines[:kept], strict=True):
        words, intents = _sentence(line, num_intents, several_intents)
        sentences.append(IntentSlotSentence(words, intents, _slots(slot_line, line, words, num_slots)))
    return sentences


def read_sentences(
    path: str | os.PathLike[str], num_intents: int | None = None, several_intents: bool = False
) -> list[tuple[list[str], list[int]]]:
    """Words and intents of the sentences of one file; see :func:`read_intent_slots`.

    Raises:
        TextFileError: the file cannot be read or used.
    """
    return [_sentence(line, num_intents, several_intents) for line in _without_header(path)]


def _without_header(path: str | os.PathLike[str]) -> list[TextLine]:
    lines = read_lines(path)[1:]
    if not lines:
        raise TextFileError(f"{path} has only a header. Expected sentence<TAB>intent on each line after it.")
    return lines


def _sentence(line: TextLine, num_intents: int | None, several_intents: bool) -> tuple[list[str], list[int]]:
    text, tab, given = line.text.rpartition("\t")
    words = text.split()
    if not tab or not words:
        raise TextFileError(
            f"{line.place} is {line.text[:60]!r}. Expected sentence<TAB>number of the intent; add what is missing, or "
            "remove the line with that of its slots."
        )
    numbers = given.replace(",", " ").split() if several_intents else [given.strip()]
    return words, [_number(number, num_intents, line, "intent", "dict.intents.csv") for number in numbers]


def _slots(slot_line: TextLine, line: TextLine, words: Sequence[str], num_slots: int | None) -> list[int]:
    slots = [_number(number, num_slots, slot_line, "slot", "dict.slots.csv") for number in slot_line.text.split()]
    if len(slots) != len(words):
        raise TextFileError(
            f"{slot_line.place} has {len(slots)} slots, and {line.place} has {len(words)} words: "
            f"{' '.join(words)[:60]!r}. Expected one for each word, with spaces between them; mend one of the two "
            "lines."
        )
    return slots


def _number(text: str, limit: int | None, line: TextLine, what: str, file: str) -> int:
    if text.isascii() and text.isdigit() and (limit is None or int(text) < limit):
        return int(text)
    if not text:
        raise TextFileError(
            f"{line.place} has no {what}. Expected sentence<TAB>number of the {what}; add it: {line.text[:60]!r}"
        )
    allowed = "a number from 0" if limit is None else f"a number from 0 to {limit - 1}, as {file} has {limit} lines"
    raise TextFileError(f"{line.place} has the {what} {text!r}. Expected {allowed}; mend the line, or {file}.")


class IntentSlotDataDesc:
    """What a folder of such files says: the intents, the slots, and how often each comes.

    Args:
        data_dir: the folder; dict.intents.csv and dict.slots.csv have to be in it.
        modes: prefixes of the files that are counted for the weights; those that are not there are left out.
        none_slot_label: the slot of words that belong to none.
        pad_label: number of the slot of padding; -1: that of `none_slot_label`.
        several_intents: a sentence may have several intents.

    Raises:
        TextFileError: a file cannot be read or used, or `none_slot_label` is no slot.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        modes: Sequence[str] = ("train", "test", "dev"),
        none_slot_label: str = NO_SLOT,
        pad_label: int = -1,
        several_intents: bool = False,
    ) -> None:
        self.data_dir = str(data_dir)
        folder = Path(data_dir).expanduser()
        self.intent_dict_file, self.slot_dict_file = folder / "dict.intents.csv", folder / "dict.slots.csv"
        self.intents_label_ids, self.slots_label_ids = (
            load_label_ids(file) for file in (self.intent_dict_file, self.slot_dict_file)
        )
        self.num_intents, self.num_slots = len(self.intents_label_ids), len(self.slots_label_ids)
        self.pad_label = self._pad_label(none_slot_label, pad_label)
        sentences = [
            sentence
            for mode in modes
            if (folder / f"{mode}.tsv").is_file() and (folder / f"{mode}_slots.tsv").is_file()
            for sentence in read_intent_slots(
                folder / f"{mode}.tsv",
                folder / f"{mode}_slots.tsv",
                self.num_intents,
                self.num_slots,
                several_intents=several_intents,
            )
        ]
        intents = Counter(intent for sentence in sentences for intent in sentence.intents)
        self.intent_weights = balanced_weights(intents.elements(), self.num_intents)
        slots = (slot for sentence in sentences for slot in sentence.slots)
        self.slot_weights = balanced_weights(slots, self.num_slots)
        self.positive_weights = [
            (len(sentences) - intents[number]) / intents[number] if intents[number] else 1.0
            for number in range(self.num_intents)
        ]
        """For each intent: sentences without it / sentences with it."""

    @property
    def intent_labels(self) -> list[str]:
        """The intents in the order of their numbers."""
        return names_of(self.intents_label_ids)

    @property
    def slot_labels(self) -> list[str]:
        """The slots in the order of their numbers."""
        return names_of(self.slots_label_ids)

    def _pad_label(self, none_slot_label: str, pad_label: int) -> int:
        if 0 <= pad_label < self.num_slots:
            return pad_label
        if none_slot_label not in self.slots_label_ids:
            raise TextFileError(
                f"{self.slot_dict_file} has no slot {none_slot_label!r}, which words have that belong to none. There "
                f"are: {', '.join(list(self.slots_label_ids)[:8])}. Add a line, or set model.pad_label to a slot's "
                "number."
            )
        return self.slots_label_ids[none_slot_label]


def words_of(queries: Iterable[str]) -> list[list[str]]:
    """The words of each query, between white space."""
    return [query.split() for query in queries]
