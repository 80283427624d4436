"""The nine tasks of GLUE, as their files are published (Wang et al., 2018, https://arxiv.org/abs/1804.07461).

A batch is input_ids [B, T], type ids [B, T], mask [B, T] and labels [B]: classes, or numbers for sts-b.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Any

import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.encoder_inputs import EncoderInput, EncoderInputs
from nemo.collections.nlp.data.labelled_text import LabelledBatch
from nemo.collections.nlp.data.text_lines import TextLine, read_lines
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types import ChannelType, LabelsType, MaskType, NeuralType, RegressionValuesType
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GlueTask:
    """Where in a line the texts and the label of a task stand."""

    first: int
    """Column of the first text, from 0."""
    second: int | None
    """Column of the second text; None: there is one text."""
    label: int
    """Column of the label; -1: the last."""
    labels: tuple[str, ...]
    """What labels are called, in the order of their numbers; empty: they are numbers to be predicted."""
    has_header: bool = True

    @property
    def is_regression(self) -> bool:
        """Whether a number is predicted instead of a class."""
        return not self.labels


_ENTAILMENT = ("entailment", "not_entailment")
TASKS = {
    "cola": GlueTask(3, None, 1, ("0", "1"), has_header=False),
    "sst-2": GlueTask(0, None, 1, ("0", "1")),
    "mrpc": GlueTask(3, 4, 0, ("0", "1")),
    "sts-b": GlueTask(7, 8, -1, ()),
    "qqp": GlueTask(3, 4, 5, ("0", "1")),
    "mnli": GlueTask(8, 9, -1, ("contradiction", "entailment", "neutral")),
    "qnli": GlueTask(1, 2, -1, _ENTAILMENT),
    "rte": GlueTask(1, 2, -1, _ENTAILMENT),
    "wnli": GlueTask(1, 2, -1, ("0", "1")),
}


def task_of(name: str) -> GlueTask:
    """The task of that name.

    Raises:
        ConfigError: there is none.
    """
    if name.lower() not in TASKS:
        raise ConfigError(f"model.task_name is {name!r}. Expected one of {', '.join(TASKS)}; set it.")
    return TASKS[name.lower()]


class GLUEDataset(Dataset):
    """Texts or pairs of texts of one file of a task, in the tokens of a model.

    Args:
        file_name: train.tsv or dev.tsv of the task.
        task_name: key of :data:`TASKS`.
        tokenizer: the model's.
        max_seq_length: most tokens of an input.
        use_cache: accepted for the original's sake; reading these files takes no time worth it.
        num_samples: read only so many lines from the start; -1: all.

    Raises:
        ConfigError: there is no such task.
        TextFileError: the file cannot be read, or a line is not as the task has them; names the line.
    """

    def __init__(
        self,
        file_name: str | os.PathLike[str],
        task_name: str,
        tokenizer: Any,
        max_seq_length: int = -1,
        use_cache: bool = False,
        num_samples: int = -1,
    ) -> None:
        self.task = task_of(task_name)
        self.inputs = EncoderInputs(tokenizer, max_seq_length)
        header = int(self.task.has_header)
        lines = read_lines(file_name, num_samples + header if num_samples > 0 else -1)[header:]
        rows = [self._row(line, task_name) for line in lines if line.text.strip()]
        if not rows:
            raise TextFileError(f"{file_name} has no examples after its header. Get the file again.")
        self.samples = [sample for sample, _ in rows]
        self.labels = [label for _, label in rows]

    def _row(self, line: TextLine, task_name: str) -> tuple[EncoderInput, float]:
        columns, task = line.text.split("\t"), self.task
        needed = max(task.first, task.second or 0, task.label, 2 if task.label == -1 else 0) + 1
        if len(columns) < needed:
            raise TextFileError(
                f"{line.place} has {len(columns)} columns: {line.text[:80]!r}. Expected {needed} or more, with tabs "
                f"between, as GLUE publishes {task_name}; check the file and model.task_name."
            )
        label = self._label(columns[task.label].strip(), line)
        if task.second is None:
            return self.inputs.of_text(columns[task.first]), label
        return self.inputs.of_pair(columns[task.first], columns[task.second]), label

    def _label(self, text: str, line: TextLine) -> float:
        if text in self.task.labels:
            return self.task.labels.index(text)
        try:
            if self.task.is_regression:
                return float(text)
        except ValueError:
            pass
        expected = "a number" if self.task.is_regression else f"one of {', '.join(self.task.labels)}"
        raise TextFileError(
            f"{line.place} has the label {text!r}. Expected {expected}; test files without labels cannot be used here."
        )

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Tokens, type ids, mask and labels."""
        label = RegressionValuesType() if self.task.is_regression else LabelsType()
        return {
            "input_ids": NeuralType(("B", "T"), ChannelType()),
            "segment_ids": NeuralType(("B", "T"), ChannelType()),
            "input_mask": NeuralType(("B", "T"), MaskType()),
            "labels": NeuralType(tuple("B"), label),
        }

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[EncoderInput, float]:
        return self.samples[index], self.labels[index]

    def _collate_fn(self, batch: list[tuple[EncoderInput, float]]) -> LabelledBatch:
        """Pads with the tokenizer's `pad_id`."""
        ids, types, mask = self.inputs.padded([sample for sample, _ in batch])
        kind = torch.float32 if self.task.is_regression else torch.int64
        return ids, types, mask, torch.tensor([label for _, label in batch], dtype=kind)
