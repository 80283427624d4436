"""Dataclasses of `nemo.core.config` against the defaults recorded from release 1.23, and their printed form."""

import dataclasses
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from nemo.core.config.optimizers import AVAILABLE_OPTIMIZER_PARAMS, NovogradParams, get_optimizer_config
from nemo.core.config.pytorch_lightning import TrainerConfig
from nemo.core.config.schedulers import CosineAnnealingParams, WarmupHoldSchedulerParams

RECORDED = json.loads((Path(__file__).parents[2] / "data" / "traces" / "core_config_defaults.json").read_text())
CASES = [(module, name) for module, classes in RECORDED.items() for name in classes]


def plain(value):
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(("module", "name"), CASES, ids=[name for _, name in CASES])
def test_defaults_are_the_recorded_ones(module, name):
    cls = getattr(importlib.import_module(module), name)
    assert plain(cls()) == RECORDED[module][name]
    OmegaConf.structured(cls)  # usable as a structured config


def test_every_instance_has_its_own_containers():
    from nemo.core.config.modelPT import HydraConfig

    HydraConfig().run["dir"] = "elsewhere"
    assert HydraConfig().run == {"dir": "."}


def test_printed_params_are_the_seed_s():
    assert str(NovogradParams()) == (
        "NovogradParams(lr='???', betas=(0.95, 0.98), eps=1e-08, weight_decay=0, grad_averaging=False, "
        "amsgrad=False, luc=False, luc_trust=0.001, luc_eps=1e-08)"
    )
    assert str(CosineAnnealingParams()) == (
        "CosineAnnealingParams(last_epoch=-1, warmup_steps=None, warmup_ratio=None, min_lr=0.0)"
    )


def test_fields_hidden_at_their_default_are_printed_once_set():
    assert "max_steps=100, " in str(CosineAnnealingParams(max_steps=100))
    assert "constant_ratio=0.1" in str(CosineAnnealingParams(constant_ratio=0.1))
    assert str(WarmupHoldSchedulerParams(hold_steps=3)) == (
        "WarmupHoldSchedulerParams(last_epoch=-1, warmup_steps=None, warmup_ratio=None, hold_steps=3, "
        "hold_ratio=None, min_lr=0.0)"
    )


def test_optimizer_params_registry_has_the_original_s_keys():
    assert list(AVAILABLE_OPTIMIZER_PARAMS)[:11] == [
        f"{name}_params"
        for name in ["optim", "adam", "novograd", "sgd", "adadelta", "adamax", "adagrad", "adamw"]
        + ["rmsprop", "rprop", "adafactor"]
    ]
    assert get_optimizer_config(None, lr=1) == {"lr": 1}
    assert get_optimizer_config("adam_params", lr=1)().lr == 1


def test_trainer_config_has_exactly_the_installed_trainer_s_arguments():
    import pytorch_lightning

    ours = {field.name for field in dataclasses.fields(TrainerConfig)}
    theirs = set(inspect.signature(pytorch_lightning.Trainer).parameters)
    # added by Lightning after the original's release; `+trainer.KEY=VALUE` sets them
    assert theirs - ours <= {"model_registry", "enable_autolog_hparams"}
    assert ours - theirs == set()


def test_trainer_config_builds_a_trainer():
    import pytorch_lightning

    config = TrainerConfig(accelerator="cpu", logger=False, max_epochs=2, enable_progress_bar=False)
    assert pytorch_lightning.Trainer(**OmegaConf.structured(config)).max_epochs == 2


def test_importing_the_package_loads_neither_hydra_nor_torch():
    code = "import sys, nemo.core.config; sys.exit(bool({'hydra', 'torch', 'pytorch_lightning'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3]).returncode == 0


def test_hydra_runner_is_the_function_although_a_module_has_its_name():
    import nemo.core.config.hydra_runner
    from nemo.core.config import hydra_runner

    assert callable(hydra_runner)
    assert nemo.core.config.hydra_runner is hydra_runner
