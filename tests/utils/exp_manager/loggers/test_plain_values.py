from argparse import Namespace
from pathlib import Path

import torch
from omegaconf import OmegaConf

from nemo.utils.exp_manager.loggers.plain_values import flat_values, plain_metrics, plain_values


def test_configs_namespaces_and_objects_become_plain():
    config = OmegaConf.create({"lr": 0.1, "twice": "${lr}", "layers": [{"n": 1}, {"n": None}]})
    given = {"cfg": config, "args": Namespace(a=(1, True)), "path": Path("x"), "scale": torch.tensor(2.0)}
    assert plain_values(given) == {
        "cfg": {"lr": 0.1, "twice": 0.1, "layers": [{"n": 1}, {"n": None}]},
        "args": {"a": [1, True]},
        "path": "x",
        "scale": 2.0,
    }


def test_flat_names_are_joined_by_slashes():
    assert flat_values({"optim": {"lr": 0.1, "betas": [0.9, 0.98]}, "empty": {}}) == {
        "optim/lr": 0.1,
        "optim/betas/0": 0.9,
        "optim/betas/1": 0.98,
    }


def test_metrics_are_numbers():
    metrics = plain_metrics({"a": torch.tensor(1.5), "b": 2})
    assert metrics == {"a": 1.5, "b": 2.0}
    assert {type(value) for value in metrics.values()} == {float}
