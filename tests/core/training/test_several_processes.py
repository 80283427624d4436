"""Two processes decide alike about a step, whichever of them met the value that is not finite."""

import math

import pytest
import torch

from tests.core.training.small import lines, model, snapshot, trainer
from tests.scale.processes import run_processes


def train(rank_to_blame, run_folder, **config):
    """In each process: the weights after every batch, as one number each."""
    sums = []

    def spoil(loss, x, index):
        rank = torch.distributed.get_rank()
        return loss + torch.tensor(math.inf) if index == 1 and rank == rank_to_blame else loss

    torch.manual_seed(0)
    made = model(spoil, train_ds={"batch_size": 2}, **config)
    made.on_train_batch_end = lambda *arguments: sums.append(sum(float(value.sum()) for value in snapshot(made)))
    trainer(run_folder, strategy="ddp", devices=2).fit(made)
    return sums


@pytest.mark.parametrize("rank_to_blame", [0, 1])
def test_loss_of_one_process_leaves_the_step_out_in_both_and_its_samples_are_named(tmp_path, rank_to_blame):
    # an infinite constant: the gradients are finite, so that only one process knows
    first, second = run_processes(train, 2, tmp_path, rank_to_blame=rank_to_blame, run_folder=str(tmp_path))
    assert first == second and len(first) == 4
    assert [a == b for a, b in zip(first, first[1:], strict=False)] == [True, False, False]
    (report,) = lines(tmp_path / "non_finite_batches.jsonl")
    assert (report["rank"], report["batch"], report["loss"]) == (rank_to_blame, 1, ["inf"])
    # a distributed sampler deals the samples out in turn
    assert len(report["samples"]) == 2


def test_part_that_is_frozen_for_a_while_stays_alike_in_both(tmp_path):
    section = {"modules": {"encoder": [2, 3]}}
    first, second = run_processes(
        train, 2, tmp_path, rank_to_blame=None, run_folder=str(tmp_path), freeze_updates=section
    )
    assert first == second and len(set(first)) == 4
