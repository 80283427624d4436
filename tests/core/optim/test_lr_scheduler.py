import dataclasses
import io
import logging
import math

import pytest
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from nemo.core.config.schedulers import (
    AVAILABLE_SCHEDULER_PARAMS,
    CosineAnnealingParams,
    SchedulerParams,
    get_scheduler_config,
)
from nemo.core.optim.lr_scheduler import (
    AVAILABLE_SCHEDULERS,
    CosineAnnealing,
    WarmupHoldAnnealLinear,
    WarmupHoldAnnealOneMinusSquareRoot,
    compute_max_steps,
    get_scheduler,
    prepare_lr_scheduler,
    register_scheduler,
)

SEED_NAMES = [
    "WarmupPolicy",
    "WarmupHoldPolicy",
    "SquareAnnealing",
    "CosineAnnealing",
    "NoamAnnealing",
    "WarmupAnnealing",
    "InverseSquareRootAnnealing",
    "SquareRootAnnealing",
    "PolynomialDecayAnnealing",
    "PolynomialHoldDecayAnnealing",
    "StepLR",
    "ExponentialLR",
    "ReduceLROnPlateau",
    "CyclicLR",
]

ARGUMENTS = {
    "NoamAnnealing": {"d_model": 16, "warmup_steps": 2},
    "NoamHoldAnnealing": {"warmup_steps": 2},
    "T5InverseSquareRootAnnealing": {"constant_steps": 2},
    "StepLR": {"step_size": 2},
    "ExponentialLR": {"gamma": 0.9},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1},
}


@pytest.fixture
def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)


def run(scheduler, optimizer, steps):
    rates = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        optimizer.step()
        scheduler.step(*([1.0] if type(scheduler).__name__ == "ReduceLROnPlateau" else []))
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_registry_has_the_seed_s_names_and_prints_their_public_paths():
    assert set(SEED_NAMES) <= set(AVAILABLE_SCHEDULERS)
    assert str(AVAILABLE_SCHEDULERS["WarmupPolicy"]) == "<class 'nemo.core.optim.lr_scheduler.WarmupPolicy'>"
    assert AVAILABLE_SCHEDULERS["StepLR"] is torch.optim.lr_scheduler.StepLR


@pytest.mark.parametrize("name", list(AVAILABLE_SCHEDULERS))
def test_state_is_plain_and_a_resumed_schedule_goes_on_alike(name, optimizer):
    config = OmegaConf.create({"name": name, "max_steps": 20, "monitor": "val_loss", **ARGUMENTS.get(name, {})})
    scheduler = prepare_lr_scheduler(optimizer, config)["scheduler"]
    run(scheduler, optimizer, 4)
    file = io.BytesIO()
    torch.save({"scheduler": scheduler.state_dict(), "optimizer": optimizer.state_dict()}, file)
    expected = run(scheduler, optimizer, 6)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    other = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    resumed = prepare_lr_scheduler(other, config)["scheduler"]
    other.load_state_dict(saved["optimizer"])
    resumed.load_state_dict(saved["scheduler"])
    assert run(resumed, other, 6) == expected
    _assert_plain(saved["scheduler"])


def _assert_plain(value):
    if isinstance(value, dict):
        for key, child in value.items():
            assert isinstance(key, str)
            _assert_plain(child)
    elif isinstance(value, list | tuple):
        for child in value:
            _assert_plain(child)
    else:
        assert value is None or isinstance(value, bool | int | float | str), value


def test_prepared_dict_says_when_lightning_steps(optimizer):
    prepared = prepare_lr_scheduler(optimizer, {"name": "CosineAnnealing", "max_steps": 10, "min_lr": 0.01})
    assert isinstance(prepared["scheduler"], CosineAnnealing)
    assert {**prepared, "scheduler": None} == {
        "scheduler": None,
        "interval": "step",
        "frequency": 1,
        "monitor": "loss",
        "reduce_on_plateau": False,
    }
    prepared = prepare_lr_scheduler(
        optimizer, {"name": "ExponentialLR", "gamma": 0.9, "max_steps": 10, "monitor": "wer"}
    )
    assert (prepared["interval"], prepared["monitor"]) == ("epoch", "wer")


def test_plateau_takes_its_keys_and_steps_by_epoch(optimizer):
    # `verbose` was taken away from PyTorch; published configs still have it
    config = {
        "name": "ReduceLROnPlateau",
        "monitor": "val_loss",
        "reduce_on_plateau": True,
        "max_steps": 10,
        "mode": "min",
        "factor": 0.5,
        "patience": 1,
        "min_lr": 1e-6,
        "verbose": True,
    }
    prepared = prepare_lr_scheduler(optimizer, config)
    assert (prepared["interval"], prepared["monitor"], prepared["reduce_on_plateau"]) == ("epoch", "val_loss", True)
    assert (prepared["scheduler"].factor, prepared["scheduler"].patience) == (0.5, 1)


@pytest.mark.parametrize(
    "config",
    [
        {"name": "CosineAnnealing", "args": {"min_lr": 0.05, "warmup_ratio": 0.5}, "max_steps": 10},
        {"name": "CosineAnnealing", "args": {"min_lr": 0.05, "warmup_ratio": 0.5, "max_steps": 10}},
        {
            "name": "CosineAnnealing",
            "args": {"name": "auto", "params": {"min_lr": 0.05, "warmup_ratio": 0.5}},
            "max_steps": 10,
        },
        {
            "name": "CosineAnnealing",
            "args": {"name": "CosineAnnealingParams", "params": {"min_lr": 0.05, "warmup_ratio": 0.5}},
            "max_steps": 10,
        },
        {
            "_target_": "nemo.core.config.CosineAnnealingParams",
            "params": {"min_lr": 0.05, "warmup_ratio": 0.5},
            "max_steps": 10,
        },
        {"_target_": "nemo.core.config.CosineAnnealingParams", "min_lr": 0.05, "warmup_ratio": 0.5, "max_steps": 10},
    ],
)
def test_every_way_to_write_the_arguments_gives_the_same_schedule(optimizer, config):
    for form in (config, OmegaConf.create(config)):
        scheduler = prepare_lr_scheduler(optimizer, form)["scheduler"]
        assert isinstance(scheduler, CosineAnnealing)
        assert (scheduler.min_lr, scheduler.warmup_steps, scheduler.max_steps) == (0.05, 5, 10)


def test_misspelt_name_or_argument_is_named(optimizer):
    with pytest.raises(ValueError, match=r"no schedule 'Cosine'.*CosineAnnealing"):
        prepare_lr_scheduler(optimizer, {"name": "Cosine", "max_steps": 10})
    with pytest.raises(ValueError, match=r"CosineAnnealing cannot be built.*minimum"):
        prepare_lr_scheduler(optimizer, {"name": "CosineAnnealing", "max_steps": 10, "minimum": 1})
    with pytest.raises(ValueError, match="has no `name`"):
        prepare_lr_scheduler(optimizer, {"max_steps": 10})


def test_no_schedule_without_a_number_of_steps(optimizer, caplog):
    loader = DataLoader(TensorDataset(torch.zeros(10)), batch_size=2)
    assert prepare_lr_scheduler(optimizer, None) is None
    for config, data, reason in [
        ({}, None, "Neither max_steps"),
        ({"max_steps": -1}, None, "max_steps is -1"),
        ({"t_max_epochs": 2}, None, "no training data"),
        ({"t_max_epochs": -1}, loader, "max_epochs is -1"),
    ]:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert prepare_lr_scheduler(optimizer, {"name": "CosineAnnealing", **config}, data) is None
        assert reason in caplog.text
    with pytest.raises(AssertionError, match="max_steps is -5"):
        prepare_lr_scheduler(optimizer, {"name": "CosineAnnealing", "max_steps": -5})


def test_max_steps_comes_from_trainer_and_loader(optimizer):
    loader = DataLoader(TensorDataset(torch.zeros(103)), batch_size=8)
    config = {"name": "CosineAnnealing", "max_steps": None, "t_max_epochs": 3, "t_accumulate_grad_batches": 2}
    config |= {"t_limit_train_batches": 1.0, "t_num_workers": 2}
    prepared = prepare_lr_scheduler(optimizer, OmegaConf.create(config), loader)
    # 52 samples in each of two processes, 7 batches, 4 updates, 3 epochs
    assert prepared["scheduler"].max_steps == 12


def test_max_steps_of_a_batch_sampler_and_of_an_endless_data_set(optimizer):
    config = {"name": "CosineAnnealing", "t_max_epochs": 3}
    buckets = DataLoader(TensorDataset(torch.zeros(10)), batch_sampler=[[0, 1, 2], [3], [4, 5, 6, 7, 8, 9]])
    assert prepare_lr_scheduler(optimizer, config, buckets)["scheduler"].max_steps == 9

    class Endless(IterableDataset):
        def __iter__(self):
            return iter(range(3))

    with pytest.raises(ValueError, match=r"no length.*Set trainer\.max_steps"):
        prepare_lr_scheduler(optimizer, config, DataLoader(Endless(), batch_size=2))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("limit", [1.0, 0.5, 3, 0.0])
def test_compute_max_steps_equals_counting(drop_last, limit):
    for workers, samples, batch, accumulate in [(1, 10, 3, 1), (2, 11, 2, 2), (3, 100, 7, 4), (4, 5, 2, 1)]:
        share = list(range(math.ceil(samples / workers)))
        batches = [share[i : i + batch] for i in range(0, len(share), batch)]
        batches = [b for b in batches if len(b) == batch or not drop_last]
        used = batches[:limit] if isinstance(limit, int) else batches[: int(len(batches) * limit)]
        updates = len([used[i : i + accumulate] for i in range(0, len(used), accumulate)])
        assert compute_max_steps(5, accumulate, limit, workers, samples, batch, drop_last) == 5 * updates


def test_a_registered_schedule_is_found_with_its_params(optimizer):
    class TempSchedule(CosineAnnealing):
        pass

    @dataclasses.dataclass
    class TempScheduleParams(CosineAnnealingParams):
        pass

    register_scheduler("TempSchedule", TempSchedule, TempScheduleParams)
    try:
        assert get_scheduler_config("TempSchedule_params")() == TempScheduleParams()
        assert isinstance(get_scheduler("TempSchedule", max_steps=5)(optimizer), TempSchedule)
        with pytest.raises(ValueError, match="is taken"):
            register_scheduler("TempSchedule", TempSchedule, TempScheduleParams)
    finally:
        del AVAILABLE_SCHEDULERS["TempSchedule"], AVAILABLE_SCHEDULER_PARAMS["TempSchedule_params"]


def test_params_exist_for_every_schedule():
    for name in AVAILABLE_SCHEDULERS:
        assert get_scheduler_config(f"{name}Params")() is not None
    with pytest.raises(ValueError, match="no schedule parameters called"):
        get_scheduler_config("nothing")
    assert get_scheduler_config("SchedulerParams", last_epoch=3)() == SchedulerParams(last_epoch=3)


def test_steps_and_ratio_of_a_phase_exclude_each_other(optimizer):
    with pytest.raises(AssertionError, match="warmup_steps is 5 and warmup_ratio is 0.1"):
        get_scheduler("WarmupPolicy", warmup_steps=5, warmup_ratio=0.1, max_steps=10)(optimizer)
    with pytest.raises(AssertionError, match="hold_ratio is 0.1"):
        get_scheduler("WarmupHoldPolicy", hold_ratio=0.1)(optimizer)


@pytest.mark.parametrize("name", ["CosineAnnealing", "NoamAnnealing", "NoamHoldAnnealing"])
def test_a_rate_below_min_lr_is_refused(optimizer, name):
    arguments = {"min_lr": 0.5, "max_steps": 10, **ARGUMENTS.get(name, {})}
    with pytest.raises(ValueError, match="min_lr=0.5"):
        run(get_scheduler(name, **arguments)(optimizer), optimizer, 5)


def test_noam_hold_needs_a_warmup(optimizer):
    with pytest.raises(ValueError, match="needs a warmup"):
        get_scheduler("NoamHoldAnnealing", max_steps=10)(optimizer)


def test_a_hold_without_warmup_starts_at_the_optimizer_s_rate(optimizer):
    rates = run(get_scheduler("PolynomialHoldDecayAnnealing", max_steps=10, hold_steps=4)(optimizer), optimizer, 10)
    assert rates[:5] == [0.1] * 5
    assert rates[10] == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("policy", "share"),
    [(WarmupHoldAnnealLinear, lambda p: 1 - p), (WarmupHoldAnnealOneMinusSquareRoot, lambda p: 1 - math.sqrt(p))],
)
def test_warmup_hold_anneal_has_its_four_phases(optimizer, policy, share):
    rates = run(policy(optimizer, max_steps=20, warmup_steps=4, constant_ratio=0.5, min_lr=0.02), optimizer, 24)
    expected = [0.1 * (step + 1) / 5 for step in range(5)] + [0.1] * 10
    expected += [0.02 + 0.08 * share((step - 14) / 6) for step in range(15, 21)] + [0.02] * 4
    assert rates == pytest.approx(expected)
