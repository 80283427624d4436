"""How many optimizer steps a training makes."""

from __future__ import annotations

import logging
import math
from typing import Any

from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


def compute_max_steps(
    max_epochs: int,
    accumulate_grad_batches: int,
    limit_train_batches: int | float,
    num_workers: int,
    num_samples: int,
    batch_size: int,
    drop_last: bool,
) -> int:
    """Number of optimizer steps of a training.

    Args:
        max_epochs: passes over the data.
        accumulate_grad_batches: batches for each optimizer step.
        limit_train_batches: batches of an epoch that are used: an integer is a number, a float is a share.
        num_workers: processes that share the data (not loader workers).
        num_samples: size of the data set.
        batch_size: samples of a batch in one process.
        drop_last: whether an incomplete last batch is left out.
    """
    if drop_last and num_workers > 1:
        logger.warning(
            "drop_last leaves out incomplete batches in each of %d processes; the computed number of steps may be "
            "larger than the real one",
            num_workers,
        )
    samples = math.ceil(num_samples / max(1, num_workers))
    batches = samples // batch_size if drop_last else math.ceil(samples / batch_size)
    return _steps(batches, max_epochs, accumulate_grad_batches, limit_train_batches)


def max_steps_of_loader(
    loader: Any, *, max_epochs: int, accumulate_grad_batches: int, limit_train_batches: int | float, num_workers: int
) -> int:
    """Number of optimizer steps of a training with `loader`; the other arguments as in :func:`compute_max_steps`.

    Raises:
        ConfigError: the loader's length is not known.
    """
    sampler = getattr(loader, "batch_sampler", None)
    batch_size = getattr(sampler, "micro_batch_size", None) or getattr(loader, "batch_size", None)
    try:
        if batch_size is None:  # a batch sampler of its own kind: only the number of batches is known
            return _steps(len(loader), max_epochs, accumulate_grad_batches, limit_train_batches)
        num_samples = len(loader.dataset)
    except TypeError as error:
        raise ConfigError(
            f"The learning-rate schedule needs the number of training steps, but the training data has no length "
            f"({error}). Set trainer.max_steps, or optim.sched.max_steps."
        ) from error
    return compute_max_steps(
        max_epochs=max_epochs,
        accumulate_grad_batches=accumulate_grad_batches,
        limit_train_batches=limit_train_batches,
        num_workers=num_workers,
        num_samples=num_samples,
        batch_size=batch_size,
        drop_last=bool(getattr(loader, "drop_last", False)),
    )


def _steps(batches: int, max_epochs: int, accumulate_grad_batches: int, limit_train_batches: int | float) -> int:
    if isinstance(limit_train_batches, int) or limit_train_batches == 0.0:
        batches = min(batches, int(limit_train_batches))
    else:
        batches = int(batches * limit_train_batches)
    return math.ceil(batches / accumulate_grad_batches) * max_epochs
