"""Batches put together over several steps, in less precision."""

import math

import pytest
import torch

from nemo.collections.asr.models.ctc import EncDecCTCModel
from tests.scale.comparison import TOLERANCE, distance, largest_difference, mean_losses, samples_of_steps
from tests.scale.processes import run_processes
from tests.scale.runs import Regression, SteadyCTC, train


def grouped(losses, size):
    return [sum(losses[i : i + size]) / size for i in range(0, len(losses), size)]


@pytest.mark.parametrize("model", ["regression", "demo"])
@pytest.mark.parametrize("processes", [1, 2])
def test_accumulated_batches_are_the_large_batch(model, processes, tmp_path, tones, one_process):
    data = {"folder": tones} if model == "demo" else {}
    results = run_processes(
        train,
        processes,
        tmp_path,
        model=model,
        model_arguments={"batch_size": 2 // processes, **data},
        accumulate_grad_batches=2,
    )
    reference = one_process[model]
    assert largest_difference(grouped(mean_losses(results), 2), reference["losses"]) < TOLERANCE
    assert distance(results[0]["weights"], reference["weights"]) < 10 * TOLERANCE
    steps = samples_of_steps(results)
    pairs = [sorted(steps[i] + steps[i + 1]) for i in range(0, len(steps), 2)]
    assert pairs == samples_of_steps([reference])


@pytest.mark.parametrize("model", ["regression", "demo"])
@pytest.mark.parametrize(("processes", "strategy"), [(1, "auto"), (2, "ddp"), (2, "fsdp2")])
def test_bf16_mixed_trains_and_saves_single_precision(model, processes, strategy, tmp_path, tones, one_process):
    data = {"folder": tones} if model == "demo" else {}
    experiment = {"explicit_log_dir": "run", "create_tensorboard_logger": False}
    results = run_processes(
        train,
        processes,
        tmp_path,
        model=model,
        model_arguments={"batch_size": 4 // processes, **data},
        precision="bf16-mixed",
        strategy=strategy,
        experiment=experiment,
        archive="x.nemo",
    )
    ours, reference = mean_losses(results), one_process[model]["losses"]
    # eight bits of mantissa: the numbers differ, but by percents only
    assert 0 < largest_difference(ours, reference) < (0.3 if model == "regression" else 0.03)
    kind = {"regression": Regression, "demo": SteadyCTC}[model]
    restored = kind.restore_from(str(tmp_path / "x.nemo"), map_location="cpu").state_dict()
    assert {value.dtype for value in restored.values() if value.is_floating_point()} == {torch.float32}
    checkpoint = torch.load(next((tmp_path / "run").rglob("*last.ckpt")), weights_only=True)["state_dict"]
    assert {value.dtype for value in checkpoint.values() if value.is_floating_point()} == {torch.float32}
    assert {name: value.flatten().tolist() for name, value in restored.items() if value.is_floating_point()} == results[
        0
    ]["weights"]


def test_bf16_true_trains_and_saves_as_it_is(tmp_path, tones):
    results = run_processes(
        train,
        1,
        tmp_path,
        model="demo",
        model_arguments={"batch_size": 4, "folder": tones},
        precision="bf16-true",
        archive="x.nemo",
    )
    assert all(math.isfinite(loss) for loss in results[0]["losses"])
    restored = EncDecCTCModel.restore_from(str(tmp_path / "x.nemo"), map_location="cpu")
    assert all(torch.isfinite(value).all() for value in restored.state_dict().values())


def test_half_precision_on_the_cpu_becomes_bf16_with_a_word(tmp_path, tones):
    (outcome,) = run_processes(
        train,
        1,
        tmp_path,
        model="demo",
        model_arguments={"batch_size": 4, "folder": tones},
        precision="16-mixed",
        max_epochs=1,
        fails=True,
    )
    assert outcome.exit_code == 0
    assert all(math.isfinite(loss) for loss in outcome.result["losses"])
    assert "Using `precision='bf16-mixed'` instead" in outcome.output
