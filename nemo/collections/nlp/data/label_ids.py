"""Labels and their numbers, and the files that keep them: one label a line, its number that of the line from 0."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError


def build_label_ids_from_list_of_labels(pad_label: str, other_labels: Sequence[str]) -> dict[str, int]:
    """Numbers the labels: the pad label is 0, the others follow in their order.

    Raises:
        ConfigError: see :func:`check_labels_for_being_unique_before_building_label_ids`.
    """
    check_labels_for_being_unique_before_building_label_ids(pad_label, other_labels, "pad_label", "other_labels")
    return {label: number for number, label in enumerate([pad_label, *other_labels])}


def check_labels_for_being_unique_before_building_label_ids(
    pad_label: str, other_labels: Sequence[str], pad_label_name: str, other_labels_name: str
) -> None:
    """Checks that no label would get two numbers.

    Args:
        pad_label: label of padding.
        other_labels: all others.
        pad_label_name: what messages call `pad_label`.
        other_labels_name: what messages call `other_labels`.

    Raises:
        ConfigError: a label comes twice, or the pad label is among the others.
    """
    if pad_label in other_labels:
        raise ConfigError(
            f"{other_labels_name} has {pad_label!r}, which is {pad_label_name}. Expected the labels besides it; remove "
            f"it from {other_labels_name}."
        )
    twice = [label for label, count in Counter(other_labels).items() if count > 1]
    if twice:
        raise ConfigError(
            f"{other_labels_name} has {', '.join(map(repr, twice))} more than once. Give each label once."
        )


def label_ids_of(labels: Iterable[Iterable[str]], pad_label: str) -> dict[str, int]:
    """Numbers for the labels of a data set: the pad label is 0, the others follow in alphabetical order."""
    found = {label for sentence in labels for label in sentence}
    return build_label_ids_from_list_of_labels(pad_label, sorted(found - {pad_label}))


def save_label_ids(vocab_file: str | os.PathLike[str], label_ids: Mapping[str, int]) -> None:
    """Writes the labels in the order of their numbers."""
    labels = sorted(label_ids, key=label_ids.__getitem__)
    Path(vocab_file).parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(vocab_file) as temporary:
        temporary.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")


def load_label_ids(vocab_file: str | os.PathLike[str]) -> dict[str, int]:
    """Reads what :func:`save_label_ids` wrote.

    Raises:
        TextFileError: the file is missing, empty or not in UTF-8, a line is empty, or a label comes twice.
    """
    label_ids: dict[str, int] = {}
    for line in read_lines(vocab_file):
        label = line.text.strip()
        if not label or label in label_ids:
            problem = f"has {label!r}, which an earlier line has too" if label else "is empty"
            raise TextFileError(f"{line.place} {problem}. Expected one label a line, each once. Remove the line.")
        label_ids[label] = len(label_ids)
    return label_ids


def checked_label_ids(label_ids: Mapping[str, int], pad_label: str, where: str) -> dict[str, int]:
    """Label numbers of a config, after checking that they count from 0 and have the pad label.

    Raises:
        ConfigError: they do not.
    """
    checked = {str(label): int(number) for label, number in label_ids.items()}
    if sorted(checked.values()) != list(range(len(checked))):
        raise ConfigError(
            f"{where} has the numbers {sorted(checked.values())}. Expected 0 to {len(checked) - 1}, each for one label."
        )
    if pad_label not in checked:
        raise ConfigError(
            f"{where} has no {pad_label!r}, which pad_label says that words without a class have. There are: "
            f"{', '.join(checked)}. Add it, or set pad_label to one of them."
        )
    return checked


def numbers_of(labels: Sequence[str], label_ids: Mapping[str, int], place: str) -> list[int]:
    """The numbers of a sentence's labels.

    Raises:
        TextFileError: a label has no number; names file, line and word.
    """
    try:
        return [label_ids[label] for label in labels]
    except KeyError:
        word = next(number for number, label in enumerate(labels) if label not in label_ids)
        raise TextFileError(
            f"{place} has the label {labels[word]!r} for word {word + 1}. Expected one of: {', '.join(label_ids)}. "
            "Mend the label; a model that is to know it needs it in its label_ids."
        ) from None


def names_of(label_ids: Mapping[str, int]) -> list[str]:
    """The labels in the order of their numbers."""
    return sorted(label_ids, key=label_ids.__getitem__)
