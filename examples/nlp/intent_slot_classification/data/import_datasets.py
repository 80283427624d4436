r"""Brings published sets of intents and slots into our form: see nemo.collections.nlp.data.intent_slot_files.

    python import_datasets.py --dataset_name snips --source_data_dir 2017-06-custom-intent-engines \
        --target_data_dir prepared
    python import_datasets.py --dataset_name atis --source_data_dir atis --target_data_dir prepared

snips: folders of intents, each with train_<intent>_full.json and validate_<intent>.json (Coucke et al., 2018).
atis: for each set the files atis.train.query.csv, atis.train.intent.csv and atis.train.slots.csv, the last with numbers
or names, and atis.dict.intent.csv, atis.dict.slots.csv.
assistant: files already in our form, which are checked and copied.
Besides, train_sentences.txt has the training sentences alone, for a tokenizer.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.intent_slot_files import NO_SLOT, IntentSlotDataDesc, read_intent_slots
from nemo.collections.nlp.data.label_ids import load_label_ids, names_of
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.core.archive.side_files import read_json
from nemo.utils import logging as nemo_logging
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError

logger = logging.getLogger("nemo.examples")


@dataclass(frozen=True)
class Sentence:
    """A sentence with the names of its intent and of its words' slots."""

    words: list[str]
    intent: str
    slots: list[str]


Sets = Iterator[tuple[str, list[Sentence]]]


def snips(source: Path) -> Sets:
    """Texts in parts, some of which fill a slot; words in lower case."""
    intents = sorted(folder.name for folder in source.iterdir() if folder.is_dir())
    if not intents:
        raise TextFileError(f"{source} has no folders. Expected one for each intent, such as PlayMusic.")
    for part, pattern in (("train", "train_{}_full.json"), ("test", "validate_{}.json")):
        found = []
        for intent in intents:
            path = source / intent / pattern.format(intent)
            if not path.is_file():
                raise TextFileError(f"{path} does not exist. Expected the files as they are published; get them again.")
            for number, entry in enumerate(_value(read_json(path), intent, str(path))):
                found.append(_of_parts(_value(entry, "data", f"{path}: {intent}[{number}]"), intent))
        yield part, found


def _value(entry: Any, key: str, place: str) -> Any:
    if not isinstance(entry, dict) or key not in entry:
        raise TextFileError(f"{place} has no {key!r}. Expected the file as it is published; get it again.")
    return entry[key]


def _of_parts(parts: Sequence[dict[str, Any]], intent: str) -> Sentence:
    words, slots = [], []
    for part in parts:
        for place, word in enumerate(str(part.get("text", "")).lower().split()):
            words.append(word)
            name = part.get("entity")
            slots.append(f"{'I' if place else 'B'}-{name}" if name else NO_SLOT)
    return Sentence(words, intent, slots)


def atis(source: Path) -> Sets:
    """Parallel files of queries, intents and slots."""
    intents = names_of(load_label_ids(source / "atis.dict.intent.csv"))
    slots = names_of(load_label_ids(source / "atis.dict.slots.csv"))
    for part in ("train", "test"):
        files = [read_lines(source / f"atis.{part}.{kind}.csv") for kind in ("query", "intent", "slots")]
        if len({len(lines) for lines in files}) > 1:
            raise TextFileError(f"{source}: the files of {part} have {[len(lines) for lines in files]} lines.")
        found = []
        for query, intent, slot_line in zip(*files, strict=True):
            words = query.text.removeprefix("BOS ").removesuffix(" EOS").split()
            names = [_name(text, slots, slot_line.place) for text in slot_line.text.split()]
            surplus = len(names) - len(words)  # of the marks BOS and EOS
            found.append(
                Sentence(words, _name(intent.text, intents, intent.place), names[surplus // 2 :][: len(words)])
            )
            if surplus not in (0, 2):
                raise TextFileError(f"{slot_line.place} has {len(names)} slots for {len(words)} words. Mend the line.")
        yield part, found


def _name(text: str, names: Sequence[str], place: str) -> str:
    text = text.strip()
    if text in names:
        return text
    if text.isdigit() and int(text) < len(names):
        return names[int(text)]
    raise TextFileError(f"{place} has the label {text!r}. Expected a number from 0 to {len(names) - 1}, or a name.")


def assistant(source: Path) -> Sets:
    """Files in our form."""
    labels = IntentSlotDataDesc(source)
    for file in sorted(source.glob("*_slots.tsv")):
        part = file.name.removesuffix("_slots.tsv")
        rows = read_intent_slots(source / f"{part}.tsv", file, labels.num_intents, labels.num_slots)
        intents, slots = labels.intent_labels, labels.slot_labels
        yield part, [Sentence(row.words, intents[row.intents[0]], [slots[each] for each in row.slots]) for row in rows]


DATASETS: dict[str, Callable[[Path], Sets]] = {"snips": snips, "atis": atis, "assistant": assistant}


def write(sets: dict[str, list[Sentence]], target: Path) -> None:
    """Writes all files; labels are numbered in alphabetical order, the slot of no words first."""
    target.mkdir(parents=True, exist_ok=True)
    every = [sentence for sentences in sets.values() for sentence in sentences]
    intents = sorted({sentence.intent for sentence in every})
    slots = [NO_SLOT, *sorted({slot for sentence in every for slot in sentence.slots} - {NO_SLOT})]
    of_slot = {slot: number for number, slot in enumerate(slots)}
    _write(target / "dict.intents.csv", intents)
    _write(target / "dict.slots.csv", slots)
    for part, sentences in sets.items():
        lines = [f"{' '.join(sentence.words)}\t{intents.index(sentence.intent)}" for sentence in sentences]
        _write(target / f"{part}.tsv", ["sentence\tlabel", *lines])
        _write(target / f"{part}_slots.tsv", [" ".join(str(of_slot[slot]) for slot in row.slots) for row in sentences])
        logger.info("%s: %d sentences", part, len(sentences))
    if "train" in sets:
        _write(target / "train_sentences.txt", [" ".join(sentence.words) for sentence in sets["train"]])


def _write(path: Path, lines: Sequence[str]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files; the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset_name", required=True, choices=sorted(DATASETS))
    parser.add_argument("--source_data_dir", required=True, type=Path, help="folder of the data as published")
    parser.add_argument("--target_data_dir", required=True, type=Path, help="folder that gets the files")
    given = parser.parse_args(argv)
    nemo_logging.setLevel(logging.INFO)
    try:
        write(dict(DATASETS[given.dataset_name](given.source_data_dir)), given.target_data_dir)
    except (TextFileError, ArchiveError, NotADirectoryError, FileNotFoundError) as error:
        logger.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
