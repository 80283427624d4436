"""Rows 2-27 to 2-38 of the seed documents: optimizers and learning-rate schedules."""

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.config.optimizers import NovogradParams, OptimizerParams
from nemo.core.config.schedulers import CosineAnnealingParams, SchedulerParams
from nemo.core.optim.lr_scheduler import AVAILABLE_SCHEDULERS, register_scheduler
from nemo.core.optim.optimizers import AVAILABLE_OPTIMIZERS, register_optimizer
from tests.core.tiny import TinyModel, tiny_config

SCHEDULE = """
name: novograd
lr: 0.01

# optimizer arguments
betas: [0.8, 0.25]
weight_decay: 0.001

# scheduler setup
sched:
  name: CosineAnnealing

  # Optional arguments
  max_steps: null # computed at runtime or explicitly set here
  monitor: val_loss
  reduce_on_plateau: false

  # scheduler config override
  warmup_steps: 1000
  warmup_ratio: null
  min_lr: 1e-9
"""


def test_rows_2_27_and_2_28_the_sample_section_builds_its_schedule():
    import pytorch_lightning as pl

    optim = OmegaConf.create(SCHEDULE)  # the seed's text, its indentation mended
    trainer = pl.Trainer(max_epochs=600, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    _, schedule = TinyModel(tiny_config(optim=optim, train_ds={}), trainer).setup_optimization()
    assert type(schedule["scheduler"]) is AVAILABLE_SCHEDULERS["CosineAnnealing"]
    assert schedule["scheduler"].max_steps == 4 * 600
    assert schedule["scheduler"].warmup_steps == 1000
    assert schedule["monitor"] == "val_loss" and schedule["reduce_on_plateau"] is False


def test_rows_2_20_and_2_31_the_registry_lists_torchs_classes_and_novograd():
    names = ["sgd", "adam", "adamw", "adadelta", "adamax", "adagrad", "rmsprop", "rprop", "novograd"]
    assert list(AVAILABLE_OPTIMIZERS)[: len(names)] == names
    assert AVAILABLE_OPTIMIZERS["sgd"] is torch.optim.SGD
    assert str(AVAILABLE_OPTIMIZERS["novograd"]) == "<class 'nemo.core.optim.novograd.Novograd'>"
    optim = {"name": "novograd", "lr": 0.01, "betas": [0.8, 0.5], "weight_decay": 0.001}
    group = TinyModel(tiny_config(optim=optim)).setup_optimization()[0].param_groups[0]
    assert (group["lr"], list(group["betas"]), group["weight_decay"]) == (0.01, [0.8, 0.5], 0.001)


def test_rows_2_32_and_2_33_parameters_print_as_in_the_seed():
    assert NovogradParams().lr == "???"
    assert str(NovogradParams()) == (
        "NovogradParams(lr='???', betas=(0.95, 0.98), eps=1e-08, weight_decay=0, grad_averaging=False, "
        "amsgrad=False, luc=False, luc_trust=0.001, luc_eps=1e-08)"
    )


def test_row_2_34_an_optimizer_is_registered_once(monkeypatch):
    class SeedSGD(torch.optim.SGD):
        pass

    register_optimizer("seed_sgd", SeedSGD, OptimizerParams())
    assert AVAILABLE_OPTIMIZERS["seed_sgd"] is SeedSGD
    assert type(TinyModel(tiny_config(optim={"name": "seed_sgd", "lr": 0.1})).setup_optimization()[0]) is SeedSGD
    with pytest.raises(ValueError, match="seed_sgd"):
        register_optimizer("seed_sgd", SeedSGD, OptimizerParams())
    del AVAILABLE_OPTIMIZERS["seed_sgd"]


def test_row_2_35_all_fourteen_schedules_are_there():
    policies = (
        "WarmupPolicy WarmupHoldPolicy SquareAnnealing CosineAnnealing NoamAnnealing WarmupAnnealing "
        "InverseSquareRootAnnealing SquareRootAnnealing PolynomialDecayAnnealing PolynomialHoldDecayAnnealing"
    ).split()
    for name in policies:
        assert str(AVAILABLE_SCHEDULERS[name]) == f"<class 'nemo.core.optim.lr_scheduler.{name}'>"
    for name in ("StepLR", "ExponentialLR", "ReduceLROnPlateau", "CyclicLR"):
        assert AVAILABLE_SCHEDULERS[name] is getattr(torch.optim.lr_scheduler, name)


def test_row_2_36_schedule_parameters_print_as_in_the_seed():
    expected = "CosineAnnealingParams(last_epoch=-1, warmup_steps=None, warmup_ratio=None, min_lr=0.0)"
    assert str(CosineAnnealingParams()) == expected
    assert CosineAnnealingParams().constant_steps is None


def test_row_2_37_a_schedule_is_registered_once():
    class SeedStep(torch.optim.lr_scheduler.StepLR):
        pass

    register_scheduler("SeedStep", SeedStep, SchedulerParams())
    with pytest.raises(ValueError, match="SeedStep"):
        register_scheduler("SeedStep", SeedStep, SchedulerParams())
    del AVAILABLE_SCHEDULERS["SeedStep"]


def test_row_2_38_without_sched_there_is_only_an_optimizer():
    assert TinyModel(tiny_config()).setup_optimization()[1] is None
