"""Pictures of confidences: histograms and curves, each a PNG file in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.asr.metrics.confidence import Marks, Scores, auc_nt, auc_pr, auc_roc, precision_recall, roc
from nemo.utils.optional import require


def save_confidence_hist(y_score: Scores, plot_dir: str | os.PathLike[str], name: str = "hist") -> None:
    """Draws how often each confidence comes.

    Args:
        y_score: [N] confidences in [0, 1].
        plot_dir: folder, made if it is not there.
        name: of the file, without `.png`.
    """
    figure, axes = _axes("confidence", "items")
    axes.hist(np.asarray(y_score), bins=50, range=(0.0, 1.0))
    _save(figure, plot_dir, name)


def save_roc_curve(y_true: Marks, y_score: Scores, plot_dir: str | os.PathLike[str], name: str = "roc") -> None:
    """Draws true by false positive rates; see :func:`~nemo.collections.asr.metrics.confidence.auc_roc`."""
    false_rates, true_rates = roc(y_true, y_score)
    label = f"area {auc_roc(y_true, y_score):.4f}"
    _save_line(false_rates, true_rates, ("false positive rate", "true positive rate"), label, plot_dir, name)


def save_pr_curve(y_true: Marks, y_score: Scores, plot_dir: str | os.PathLike[str], name: str = "pr") -> None:
    """Draws precision by recall of right items; see :func:`~nemo.collections.asr.metrics.confidence.auc_pr`."""
    precision, recall = precision_recall(y_true, y_score)
    label = f"average precision {auc_pr(y_true, y_score):.4f}"
    _save_line(recall, precision, ("recall", "precision"), label, plot_dir, name)


def save_nt_curve(y_true: Marks, y_score: Scores, plot_dir: str | os.PathLike[str], name: str = "nt") -> None:
    """Draws precision by recall of wrong items; see :func:`~nemo.collections.asr.metrics.confidence.auc_nt`."""
    precision, recall = precision_recall(1 - np.asarray(y_true).astype(int), 1.0 - np.asarray(y_score))
    label = f"average precision {auc_nt(y_true, y_score):.4f}"
    _save_line(recall, precision, ("recall of wrong items", "precision"), label, plot_dir, name)


def save_custom_confidence_curve(
    thresholds: Scores,
    values: Scores,
    plot_dir: str | os.PathLike[str],
    name: str = "my_awesome_curve",
    xlabel: str | None = None,
    ylabel: str | None = None,
) -> None:
    """Draws values by thresholds, such as those of ``auc_yc(..., return_curve=True)``."""
    _save_line(np.asarray(thresholds), np.asarray(values), (xlabel or "", ylabel or ""), None, plot_dir, name)


def _save_line(
    x: np.ndarray,
    y: np.ndarray,
    axis_names: tuple[str, str],
    label: str | None,
    plot_dir: str | os.PathLike[str],
    name: str,
) -> None:
    figure, axes = _axes(*axis_names)
    axes.plot(x, y, label=label)
    if label is not None:
        axes.legend()
    _save(figure, plot_dir, name)


def _axes(xlabel: str, ylabel: str) -> tuple[Any, Any]:
    """A figure of its own: without pyplot, whose state is the whole process's."""
    figure = require("matplotlib.figure", extra="plots", purpose="Drawing curves of confidences").Figure()
    axes = figure.add_subplot()
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    return figure, axes


def _save(figure: Any, plot_dir: str | os.PathLike[str], name: str) -> None:
    folder = Path(plot_dir)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{name}.png", dpi=150)
