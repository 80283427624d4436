"""Schedules and optimizers against what release 1.23 of the original did (tests/data/traces/README.md)."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from nemo.core.optim.lr_scheduler import AVAILABLE_SCHEDULERS, EPOCH_SCHEDULERS, get_scheduler
from nemo.core.optim.optimizers import AVAILABLE_OPTIMIZERS, get_optimizer
from tests.arrays import arrays_of

TRACES = Path(__file__).parents[2] / "data" / "traces"
SCHEDULES = json.loads((TRACES / "schedulers.json").read_text())
OPTIMIZERS = json.loads((TRACES / "optimizers.json").read_text())["cases"]
REGISTRIES = json.loads((TRACES / "registries.json").read_text())


def rates_over_time(case: dict, steps: int) -> np.ndarray:
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = torch.optim.SGD(
        [{"params": params[0], "lr": case["base_lr"]}, {"params": params[1], "lr": case["base_lr"] * 0.1}]
    )
    scheduler = get_scheduler(case["scheduler"], **case["kwargs"])(optimizer)
    rates = [[group["lr"] for group in optimizer.param_groups]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step(*([1.0] if case["scheduler"] == "ReduceLROnPlateau" else []))
        rates.append([group["lr"] for group in optimizer.param_groups])
    return np.array(rates)


@pytest.mark.parametrize("case", SCHEDULES, ids=lambda case: f"{case['scheduler']}-{case['key']}")
def test_schedule_follows_the_recorded_rates(case):
    if "error" in case:  # a ratio without max_steps: a TypeError by accident there, a ConfigError here
        with pytest.raises(ValueError, match="constant_ratio is 0.1"):
            rates_over_time(case, 1)
        return
    theirs = arrays_of(TRACES / "schedulers.npz")[case["key"]]
    ours = rates_over_time(case, len(theirs) - 1)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-17)


@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: case["key"])
def test_optimizer_follows_the_recorded_trajectory(case):
    arrays = arrays_of(TRACES / "optimizers.npz")
    inputs, targets = (torch.from_numpy(arrays[f"init_{name}"]) for name in "xy")
    params = [torch.nn.Parameter(torch.from_numpy(arrays[f"init_{name}"]).clone()) for name in case["order"]]
    optimizer = get_optimizer(case["optimizer"], **case["kwargs"])(params)
    ours = []
    for _ in range(case["steps"]):
        optimizer.zero_grad()
        w1, b1, w2, b2 = params
        predicted = torch.tanh(inputs @ w1.T + b1) @ w2.T + b2
        torch.nn.functional.mse_loss(predicted, targets).backward()
        optimizer.step()
        ours.append(torch.cat([p.detach().flatten() for p in params]).numpy().copy())
    # single precision, 40 steps; another order of multiplications moves the last digits
    np.testing.assert_allclose(np.stack(ours), arrays[case["key"]], rtol=1e-5, atol=2e-6)


def test_registries_hold_the_recorded_names():
    assert sorted(AVAILABLE_OPTIMIZERS) == REGISTRIES["optimizers"]
    assert sorted(EPOCH_SCHEDULERS) == REGISTRIES["epoch_schedulers"]
    added_by_release_3 = {"WarmupHoldAnnealLinear", "WarmupHoldAnnealOneMinusSquareRoot"}
    assert set(AVAILABLE_SCHEDULERS) == {*REGISTRIES["schedulers"], *added_by_release_3}


def test_no_schedule_warns_while_it_is_built_and_stepped():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rates_over_time({"scheduler": "CosineAnnealing", "base_lr": 1.0, "kwargs": {"max_steps": 3}}, 5)
