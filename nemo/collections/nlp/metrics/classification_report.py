"""Precision, recall and F1 of classes, each and averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from nemo.utils.exceptions import ConfigError

MODES = ("macro", "micro", "weighted", "all")


class ClassificationReport(Metric):
    """Counts right and wrong predictions of each class; sums over processes and batches.

    Called like a function it adds the batch and gives the batch's own counts; :meth:`compute` gives the result over all
    batches since the last `reset`.

    Args:
        num_classes: C.
        label_ids: label -> its number, for the report; default: the numbers.
        mode: which average :meth:`compute` gives: macro, micro, weighted (by the classes' numbers of examples); all
            gives the values of each class.
        dist_sync_on_step: as in torchmetrics.
        **kwargs: other arguments of a torchmetrics ``Metric``.

    Raises:
        ConfigError: an unknown mode, no class, or a label whose number is no class.
    """

    full_state_update = False
    tp: Tensor
    """[C] examples of the class that were given it."""
    fn: Tensor
    """[C] examples of the class that were given another."""
    fp: Tensor
    """[C] examples of others that were given the class."""
    num_examples_per_class: Tensor
    """[C]."""
    total_examples: Tensor
    """Scalar."""

    def __init__(
        self,
        num_classes: int,
        label_ids: Mapping[str, int] | None = None,
        mode: str = "macro",
        dist_sync_on_step: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(dist_sync_on_step=dist_sync_on_step, **kwargs)
        if num_classes < 1:
            raise ConfigError(f"num_classes is {num_classes}; expected 1 or more.")
        if mode not in MODES:
            raise ConfigError(f"mode is {mode!r}; expected one of {', '.join(MODES)}.")
        beyond = {label: number for label, number in (label_ids or {}).items() if not 0 <= number < num_classes}
        if beyond:
            raise ConfigError(f"label_ids has {beyond}, but there are {num_classes} classes, numbered from 0.")
        self.num_classes = num_classes
        self.mode = mode
        self.ids_to_labels = {number: label for label, number in (label_ids or {}).items()}
        for name in ("tp", "fn", "fp", "num_examples_per_class"):
            self.add_state(name, torch.zeros(num_classes, dtype=torch.int64), dist_reduce_fx="sum", persistent=False)
        self.add_state("total_examples", torch.tensor(0), dist_reduce_fx="sum", persistent=False)

    def update(self, predictions: Tensor, labels: Tensor) -> None:
        """Adds a batch.

        Args:
            predictions: [...] classes.
            labels: as many.
        """
        right, given, present = self._counts(predictions, labels)
        self.tp = self.tp + right
        self.fn = self.fn + present - right
        self.fp = self.fp + given - right
        self.num_examples_per_class = self.num_examples_per_class + present
        self.total_examples = self.total_examples + labels.numel()

    def forward(self, predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Adds a batch, and gives its own true positives, false negatives, false positives and examples, each [C]."""
        self.update(predictions, labels)
        right, given, present = self._counts(predictions, labels)
        return right, present - right, given - right, present

    def _counts(self, predictions: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """How often each class was right, was given, was there: each [C]."""
        predictions, labels = predictions.reshape(-1), labels.reshape(-1)
        hits = labels[predictions == labels]
        right, given, present = (
            torch.bincount(part, minlength=self.num_classes) for part in (hits, predictions, labels)
        )
        return right, given, present

    def compute(self) -> tuple[Tensor, Tensor, Tensor, str]:
        """Precision, recall and F1 in percent by `mode`, and the report as a text.

        A class without examples counts neither in the macro average nor in the weighted one.
        """
        return self._results(self.tp, self.fn, self.fp, self.num_examples_per_class)

    def of_counts(
        self, tp: Tensor, fn: Tensor, fp: Tensor, support: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, str]:
        """What :meth:`compute` gives, for counts [C] that were summed elsewhere; this report is empty afterwards."""
        self.reset()
        return self._results(tp, fn, fp, tp + fn if support is None else support)

    def _results(self, tp: Tensor, fn: Tensor, fp: Tensor, support: Tensor) -> tuple[Tensor, Tensor, Tensor, str]:
        each = _scores(tp, fn, fp)
        share = support / support.sum().clamp(min=1)
        averages = {
            "all": each,
            "micro": _scores(tp.sum(), fn.sum(), fp.sum()),
            "macro": tuple(_mean(score[support > 0]) for score in each),
            "weighted": tuple((score * share).sum() for score in each),
        }
        precision, recall, f1 = averages[self.mode]
        return precision, recall, f1, self._report(averages, support)

    def _report(self, averages: Mapping[str, tuple[Tensor, ...]], support: Tensor) -> str:
        names = [
            f"{self.ids_to_labels.get(index, '')} (label_id: {index})".strip() for index in range(self.num_classes)
        ]
        width = max(len("weighted avg"), *(len(name) for name in names)) + 2
        header = "".join(f"{title:>12}" for title in ("precision", "recall", "f1", "support"))
        lines = [f"{'label':<{width}}{header}"]
        for index, name in enumerate(names):
            scores = [float(score[index]) for score in averages["all"]]
            lines.append(_row(name, scores, int(support[index]), width))
        lines.append("-" * len(lines[0]))
        for kind in ("micro", "macro", "weighted"):
            scores = [float(score) for score in averages[kind]]
            lines.append(_row(f"{kind} avg", scores, int(support.sum()), width))
        return "\n" + "\n".join(lines)


def _scores(tp: Tensor, fn: Tensor, fp: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Precision, recall and F1 in percent; 0 where nothing was given or there."""
    precision = 100 * tp / (tp + fp).clamp(min=1)
    recall = 100 * tp / (tp + fn).clamp(min=1)
    f1 = 200 * tp / (2 * tp + fp + fn).clamp(min=1)
    return precision, recall, f1


def _mean(scores: Tensor) -> Tensor:
    return scores.mean() if len(scores) else scores.new_zeros(())


def _row(name: str, scores: list[float], support: int, width: int) -> str:
    return f"{name:<{width}}" + "".join(f"{score:>12.2f}" for score in scores) + f"{support:>12}"
