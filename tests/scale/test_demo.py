"""The demo's model at its full size, in two processes and in one."""

import pytest

from tests.scale.comparison import TOLERANCE, largest_difference, mean_losses
from tests.scale.processes import run_processes
from tests.scale.runs import train


def losses_of(folder, tones, processes, strategy, **more):
    arguments = {"batch_size": 4 // processes, "folder": tones, "full_size": True, **more}
    options = {"strategy": strategy, "max_epochs": 4, "limit_val_batches": 0}
    return mean_losses(run_processes(train, processes, folder, model="demo", model_arguments=arguments, **options))


@pytest.mark.slow
def test_losses_of_ddp_and_fsdp_are_those_of_one_process(tmp_path, tones):
    reference = losses_of(tmp_path, tones, 1, "auto")
    runs = {strategy: losses_of(tmp_path, tones, 2, strategy) for strategy in ("ddp", "fsdp2")}
    for step, values in enumerate(zip(reference, *runs.values(), strict=True)):
        print(step + 1, *(f"{value:.6f}" for value in values))
    for strategy, losses in runs.items():
        print(strategy, f"{largest_difference(losses, reference):.1e}")
        # each step starts from weights that differ by what the earlier ones were rounded to
        assert largest_difference(losses[:1], reference[:1]) < TOLERANCE
        assert largest_difference(losses, reference) < 10 * TOLERANCE


@pytest.mark.slow
def test_batch_normalisation_of_a_process_sees_its_part_of_the_batch_only(tmp_path, tones):
    reference = losses_of(tmp_path, tones, 1, "auto", steady=False)
    losses = losses_of(tmp_path, tones, 2, "ddp", steady=False)
    print([f"{value:.4f}" for value in reference], [f"{value:.4f}" for value in losses])
    assert 1e-4 < largest_difference(losses[:1], reference[:1]) < 0.1
