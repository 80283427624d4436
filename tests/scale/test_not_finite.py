"""A sample that spoils the batch of one process: every process leaves the step out."""

import math

import pytest

from tests.scale.comparison import TOLERANCE, distance, largest_difference, mean_losses
from tests.scale.processes import run_processes
from tests.scale.runs import train

SAMPLE = 5
"""Read by the second process in the first step."""


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_the_step_changes_nothing_in_any_process(strategy, tmp_path):
    def run(processes, **options):
        arguments = {"batch_size": 4 // processes, "not_finite_at": SAMPLE}
        return run_processes(train, processes, tmp_path, model="regression", model_arguments=arguments, **options)

    (reference,) = run(1)
    results = run(2, strategy=strategy)
    assert "rank 1" in (tmp_path / "output-0.txt").read_text()
    ours = mean_losses(results)
    spoilt = [step for step, loss in enumerate(reference["losses"]) if not math.isfinite(loss)]
    assert len(spoilt) == 2, "one in each epoch"
    assert [step for step, loss in enumerate(ours) if not math.isfinite(loss)] == spoilt
    finite = [step for step in range(len(ours)) if step not in spoilt]
    pairs = [ours[step] for step in finite], [reference["losses"][step] for step in finite]
    assert largest_difference(*pairs) < TOLERANCE
    # Adam divides by the size of a gradient, here of one that is nearly nothing, so its rounding grows
    assert distance(results[0]["weights"], reference["weights"]) < 1e-3
