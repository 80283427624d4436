"""A process that fails, or hangs, ends the run: the others do not wait for ever."""

import time

import pytest

from tests.scale.processes import run_processes
from tests.scale.runs import train

SAMPLE_OF_PROCESS_1 = 5
"""In the first epoch's order (18, 3, 8, 5, ...) the second sample of the second process."""
EXPERIMENT = {"explicit_log_dir": "run", "create_tensorboard_logger": False}


@pytest.mark.parametrize(("strategy", "num_workers"), [("ddp", 0), ("ddp", 1), ("fsdp2", 0)])
def test_an_error_of_one_process_is_seen_and_ends_the_others(strategy, num_workers, tmp_path):
    arguments = {"batch_size": 2, "fails_at": SAMPLE_OF_PROCESS_1, "num_workers": num_workers}
    started = time.monotonic()
    first, second = run_processes(
        train,
        2,
        tmp_path,
        model="regression",
        model_arguments=arguments,
        strategy=strategy,
        experiment=EXPERIMENT,
        fails=True,
        seconds=60,
    )
    assert (first.exit_code, second.exit_code) == (1, 1), first.output + second.output
    assert f"sample {SAMPLE_OF_PROCESS_1} cannot be read" in second.output
    assert "onnection" in first.output
    assert time.monotonic() - started < 60


def test_a_process_that_hangs_is_given_up_after_the_timeout(tmp_path):
    arguments = {"batch_size": 2, "hangs_at": SAMPLE_OF_PROCESS_1}
    first, second = run_processes(
        train,
        2,
        tmp_path,
        model="regression",
        model_arguments=arguments,
        timeout_seconds=3,
        fails=True,
        seconds_after_first=1,
    )
    assert first.exit_code == 1
    assert "imed out" in first.output or "imeout" in first.output
    assert second.exit_code is None
