"""A manifest of spellings becomes one with their phonemes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch

from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.core.classes.dataset import Dataset


@torch.no_grad()
def in_batches(
    model: torch.nn.Module,
    dataset: Dataset,
    results_of: Callable[[Any], list[Any]],
    batch_size: int,
    num_workers: int,
) -> list[Any]:
    """What a model gives for each item of a dataset, in evaluation mode; afterwards it is in its mode again.

    Args:
        model: whose mode is set.
        dataset: with a `collate_fn`.
        results_of: batch -> one result for each item.
        batch_size: items at once.
        num_workers: processes that read.
    """
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=batch_size, num_workers=num_workers, collate_fn=dataset.collate_fn
    )
    was_training = model.training
    model.eval()
    try:
        return [result for batch in loader for result in results_of(batch)]
    finally:
        model.train(was_training)


def write_predictions(
    manifest_filepath: str | os.PathLike[str],
    output_manifest_filepath: str | os.PathLike[str],
    predictions: list[Any],
    pred_field: str,
) -> None:
    """Writes the lines of a manifest again, each with its prediction under `pred_field`."""
    items = read_manifest_objects(manifest_filepath)
    write_manifest(
        output_manifest_filepath,
        [{**item, pred_field: prediction} for item, prediction in zip(items, predictions, strict=True)],
        ensure_ascii=False,
    )
