"""Labels of the words of texts, from a token classifier: for users, and to see how good the model is."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from nemo.collections.nlp.data.label_ids import numbers_of
from nemo.collections.nlp.data.labelled_words import LabelledWords, read_labelled_words
from nemo.collections.nlp.data.text_lines import read_lines
from nemo.collections.nlp.data.word_windows import WindowShape
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.collections.nlp.inference.word_scores import word_log_probs
from nemo.collections.nlp.metrics.classification_report import ClassificationReport
from nemo.collections.nlp.metrics.confusion_matrix import confusion_matrix, write_confusion_matrix
from nemo.collections.nlp.metrics.entity_f1 import entity_f1
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

LONGEST_WINDOW = 512
"""Pieces of a window where the encoder takes any number."""


def word_labels(model: Any, texts: Sequence[Sequence[str]], batch_size: int) -> list[list[str]]:
    """The label of each word; texts that are longer than the encoder's positions are read through windows.

    Args:
        model: a TokenClassificationModel.
        texts: words of each text.
        batch_size: windows computed together.

    Raises:
        ConfigError: a batch size below 1.
    """
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}. Expected 1 or more.")
    shape = WindowShape.covering(model.max_length or LONGEST_WINDOW)
    with evaluation_mode(model):
        scores = word_log_probs(
            lambda ids, mask, segments: [model.forward(input_ids=ids, attention_mask=mask, token_type_ids=segments)],
            texts,
            model.tokenizer,
            shape,
            batch_size=batch_size,
            device=model.device,
        )
    names = model.labels
    return [[names[label] for label in heads[0].argmax(axis=-1)] if heads else [] for heads in scores]


def add_word_labels(
    model: Any, queries: Sequence[str] | str, batch_size: int = 32, output_file: str | None = None
) -> list[str]:
    """See ``TokenClassificationModel.add_predictions``."""
    texts = [query.split() for query in ([queries] if isinstance(queries, str) else queries)]
    labels = word_labels(model, texts, batch_size)
    results = [_marked(words, row, model.pad_label) for words, row in zip(texts, labels, strict=True)]
    if output_file is not None:
        _write_lines(Path(output_file), results)
    return results


def evaluate_word_labels(
    model: Any,
    output_dir: str,
    text_file: str,
    labels_file: str | None,
    *,
    with_matrix: bool,
    normalize: bool,
    batch_size: int,
) -> None:
    """See ``TokenClassificationModel.evaluate_from_file``."""
    folder = Path(output_dir).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    if labels_file is None:
        texts = [line.text.split() for line in read_lines(text_file)]
        sentences: list[LabelledWords] | None = None
    else:
        sentences = read_labelled_words(text_file, labels_file)
        texts = [sentence.words for sentence in sentences]
    labels = word_labels(model, texts, batch_size)
    marked = [_marked(words, row, model.pad_label) for words, row in zip(texts, labels, strict=True)]
    _write_lines(folder / f"infer_{Path(text_file).name}", marked)
    if sentences is not None:
        _report(model, sentences, labels, folder, with_matrix, normalize)


def _report(
    model: Any,
    sentences: list[LabelledWords],
    labels: list[list[str]],
    folder: Path,
    with_matrix: bool,
    normalize: bool,
) -> None:
    label_ids = model.label_ids
    right = torch.tensor([n for each in sentences for n in numbers_of(each.labels, label_ids, each.place)])
    given = torch.tensor([label_ids[label] for row in labels for label in row])
    report = ClassificationReport(len(label_ids), label_ids=label_ids)
    report.update(given, right)
    entities = entity_f1(labels, (sentence.labels for sentence in sentences))
    text = report.compute()[3] + ("\n" + entities.report() if entities.kinds else "")
    logger.info("%s", text)
    _write_lines(folder / "report.txt", [text.strip("\n")])
    if with_matrix:
        counts = confusion_matrix(given, right, len(label_ids))
        write_confusion_matrix(counts, model.labels, folder / "confusion_matrix.tsv", normalize)


def _marked(words: Sequence[str], labels: Sequence[str], pad_label: str) -> str:
    return " ".join(
        word if label == pad_label else f"{word}[{label}]" for word, label in zip(words, labels, strict=True)
    )


def _write_lines(file: Path, lines: Sequence[str]) -> None:
    with atomic_write(file) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    logger.info("written: %s", file)
