"""What the evaluation steps of several processes gave, brought together as if there had been one process."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch
from pytorch_lightning.utilities import move_data_to_device

from nemo.utils.distributed import data_parallel_place, of_every_process


@runtime_checkable
class DealsOutBatches(Protocol):
    """A loader whose samples are dealt out to the processes; if by whole batches, process r has r, r + W, r + 2W ..."""

    @property
    def counted_batches(self) -> int | None:
        """Batches of this process whose results count, the first ones; None if it does not deal out its samples."""


def outputs_of_set(outputs: list[Any], dataloader_idx: int) -> list[Any]:
    """The list of one evaluation set; there is one list when there is one set."""
    is_per_set = bool(outputs) and isinstance(outputs[0], list)
    return outputs[dataloader_idx] if is_per_set else outputs


def outputs_of_all_processes(outputs: list[Any], loader: Any, device: torch.device) -> tuple[list[Any], bool]:
    """The outputs of all processes in the order of the data, none twice.

    With a loader that does not deal out its samples they stay those of this process. Every process has to come here.

    Args:
        outputs: one for each step of this process.
        loader: where the batches of these steps came from.
        device: where tensors are wanted.

    Returns:
        The outputs, and whether they are now the same in all processes.
    """
    counted = loader.counted_batches if isinstance(loader, DealsOutBatches) else None
    if counted is None or data_parallel_place()[1] == 1:
        return outputs, False
    # steps beyond these repeated a batch, so that all processes made equally many
    everyone = of_every_process(move_data_to_device(outputs[:counted], torch.device("cpu")))
    rounds = range(max(len(steps) for steps in everyone))
    in_order = [steps[turn] for turn in rounds for steps in everyone if turn < len(steps)]
    return move_data_to_device(in_order, device), True
