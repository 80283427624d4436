"""How often each label was given for each right one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from nemo.utils.atomic import atomic_write


def confusion_matrix(predicted: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Counts [C, C]; rows are the right labels, columns the given ones.

    Args:
        predicted: [N] classes.
        labels: [N] classes.
        num_classes: C.
    """
    cells = torch.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes)


def write_confusion_matrix(counts: Tensor, names: Sequence[str], file: Path, normalize: bool) -> None:
    """Writes a table with tabs.

    Args:
        counts: [C, C], rows are the right labels.
        names: of the labels.
        file: the table.
        normalize: parts of each row instead of counts.
    """
    values = counts / counts.sum(dim=1, keepdim=True).clamp(min=1) if normalize else counts
    lines = ["\t".join(["right\\given", *names])]
    for name, row in zip(names, values.tolist(), strict=True):
        lines.append("\t".join([name, *(f"{value:.4f}" if normalize else str(value) for value in row)]))
    with atomic_write(file) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
