"""Against a stand-in for the package that records what it gets: its public service has ended."""

import os
import sys
from collections import defaultdict
from types import ModuleType

import pytest

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


class Run:
    def __init__(self, **arguments):
        self.arguments, self.values, self.series, self.synced = arguments, {}, defaultdict(list), False

    def __setitem__(self, name, value):
        self.values[name] = value

    def __getitem__(self, name):
        return Field(self, name)

    def sync(self):
        self.synced = True


class Field:
    def __init__(self, run, name):
        self.run, self.name = run, name

    def append(self, value, step):
        self.run.series[self.name].append((step, value))

    def fetch(self):
        return "RUN-1"


@pytest.fixture
def neptune(monkeypatch):
    package = ModuleType("neptune")
    package.init_run = Run
    monkeypatch.setitem(sys.modules, "neptune", package)
    monkeypatch.delenv("NEPTUNE_API_TOKEN", raising=False)
    monkeypatch.setenv("NEPTUNE_DATA_DIRECTORY", "given")  # what is set stays set


def test_a_run_has_its_metrics_and_hyperparameters(tmp_path, neptune):
    kwargs = {"project": "us/speech", "name": "first", "api_key": "key", "tags": ["test"]}
    config = {"exp_dir": str(tmp_path), "create_checkpoint_callback": False, "create_neptune_logger": True}
    trainer, _, folder = run({**config, "neptune_logger_kwargs": kwargs})
    logger = trainer.loggers[1]
    began = logger.experiment
    assert began.arguments == {"project": "us/speech", "name": "first", "api_token": "key", "tags": ["test"]}
    assert began.values["training/hyperparams/cfg/optim/lr"] == 0.1
    assert began.values["training/status"] == "success"
    assert began.series["training/val_loss"] == [(3, pytest.approx(0.0837)), (7, pytest.approx(0.0154))]
    assert began.synced
    assert (logger.name, logger.version, logger.save_dir) == ("first", "RUN-1", str(folder))
    assert os.environ["NEPTUNE_DATA_DIRECTORY"] == "given"


@pytest.mark.parametrize("kwargs", [None, {"api_key": "k"}])
def test_a_name_or_a_project_is_needed(kwargs, tmp_path, neptune):
    with pytest.raises(ConfigError, match="neptune_logger_kwargs has neither name nor project"):
        exp_manager(quiet_trainer(), {"create_neptune_logger": True, "neptune_logger_kwargs": kwargs})
    assert list(tmp_path.iterdir()) == []


def test_a_token_is_needed_unless_offline(tmp_path, neptune, monkeypatch):
    def manage(**kwargs):
        exp_manager(quiet_trainer(), {"create_neptune_logger": True, "neptune_logger_kwargs": {"name": "n", **kwargs}})

    with pytest.raises(ConfigError, match="Neptune needs a token. Set NEPTUNE_API_TOKEN"):
        manage()
    manage(mode="offline")
    monkeypatch.setenv("NEPTUNE_API_TOKEN", "token")
    manage()
