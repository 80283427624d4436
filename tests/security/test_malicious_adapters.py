"""Files of adapters that try to do harm are refused, and nothing was done."""

from __future__ import annotations

import gc
import os
import pickle
import sys
import zipfile

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.common.adapters import LinearAdapterConfig
from nemo.core.adapters.strategies import ResidualAddAdapterStrategyConfig
from nemo.utils.exceptions import UnsafeArchiveError
from tests.core.adapters.networks import WIDTH, AdaptableModel
from tests.security.audit import watching

LINEAR, RESIDUAL = LinearAdapterConfig._target_, ResidualAddAdapterStrategyConfig._target_


class _Touch:
    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.mkdir, (self.canary,)


def section(**more):
    return {"_target_": LINEAR, "in_features": WIDTH, "dim": 2, **more}


def content(canary, **changes):
    """A file that loads, but for the changes."""
    model = AdaptableModel(cfg={})
    model.add_adapter("a", section())
    states = [dict(block.adapter_layer["a"].state_dict()) for block in model.encoder.blocks]
    return {"a": states, "__cfg__": {"a": section(enabled=True)}, **changes}


def _with(**changes):
    return lambda canary: content(canary, **changes)


def _config(**more):
    return lambda canary: content(canary, __cfg__={"a": section(**more)})


def _target(path, **arguments):
    """A class that a section may not name, where the adapter's should be."""
    return lambda canary: content(canary, __cfg__={"a": {"_target_": path, **arguments}})


def _strategy(path, **arguments):
    return _config(adapter_strategy={"_target_": path, **arguments})


SAMPLES = {
    "object_in_the_weights": lambda canary: content(canary, a=[{"scale": _Touch(canary)}]),
    "object_beside_the_adapters": lambda canary: content(canary, b=_Touch(canary)),
    "object_in_the_config": lambda canary: content(canary, __cfg__={"a": section(dim=_Touch(canary))}),
    "object_in_an_omegaconf_config": lambda canary: content(
        canary, __cfg__=OmegaConf.create({"a": section(dim=_Touch(canary))}, flags={"allow_objects": True})
    ),
    "class_of_the_standard_library": _target("os.system", command="true"),
    "another_one": _target("subprocess.Popen", args=["true"]),
    "path_through_a_module_of_ours": _target("nemo.core.archive.plain.os.system", command="true"),
    "function_of_torch": _target("torch.hub.load", repo_or_dir="x/y", model="z"),
    "function_of_ours": _target("nemo.utils.download.download", url="http://x.invalid"),
    "data_set": _target("nemo.collections.asr.data.audio_to_text.AudioToCharDataset", manifest_filepath="/etc/passwd"),
    "whole_model": _target("nemo.collections.asr.models.ctc_models.EncDecCTCModel", cfg={}),
    "tokenizer": _target("nemo.collections.common.tokenizers.char_tokenizer.CharTokenizer", vocab_file="/etc/passwd"),
    "optimizer": _target("torch.optim.SGD", params=[]),
    "strategy_of_the_standard_library": _strategy("os.mkdir", mode=0),
    "strategy_that_is_a_data_set": _strategy("nemo.collections.asr.data.audio_to_text.AudioToCharDataset"),
    "partial": _config(_partial_=True),
    "positional_arguments": _config(_args_=[1, 2]),
    "nested_target_in_an_argument": _config(activation={"_target_": "builtins.eval", "_args_": ["1"]}),
    "class_of_hydra_0": lambda canary: content(
        canary, __cfg__={"a": {"cls": "os.system", "params": {"command": "true"}, "_target_": LINEAR}}
    ),
    "environment": _config(activation="${oc.env:HOME}"),
    "target_by_interpolation": _target("${oc.decode:os.system}"),
    "instantiator_of_lightning": _with(_instantiator="os.system"),
    "deep_config": lambda canary: content(canary, __cfg__={"a": section(dim=_deep(80))}),
}


def _deep(levels):
    return {"x": _deep(levels - 1)} if levels else 1


def _bare_pickle(path, canary):
    path.write_bytes(pickle.dumps(content(canary, b=_Touch(canary)), protocol=2))


def _compressed(path, canary):
    torch.save(content(canary), path)
    with zipfile.ZipFile(path) as file:
        records = {name: file.read(name) for name in file.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in records.items():
            file.writestr(name, data)


def _script(path, canary):
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(2)), str(path))


WRITERS = {"bare_pickle": _bare_pickle, "compressed": _compressed, "torchscript": _script}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A good file loads; and what loading imports is imported."""
    path = tmp_path_factory.mktemp("good") / "good.pt"
    torch.save(content(None), path)
    model = AdaptableModel(cfg={})
    model.load_adapters(str(path))
    assert model.get_enabled_adapters() == ["a"]
    return AdaptableModel(cfg={})


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", [*SAMPLES, *WRITERS])
def test_refused_and_nothing_done(name, tmp_path, model):
    path, canary = tmp_path / "bad.pt", tmp_path / "canary"
    if name in SAMPLES:
        torch.save(SAMPLES[name](canary), path)
    else:
        WRITERS[name](path, canary)
    names, modules = list(model.state_dict()), set(sys.modules)
    gc.collect()
    with watching(str(tmp_path / "nowhere")) as watch, pytest.raises(UnsafeArchiveError, match="bad.pt"):
        model.load_adapters(str(path))
    assert watch.harm == []
    assert "/etc/passwd" not in watch.opened
    assert not canary.exists()
    assert list(model.state_dict()) == names
    assert "adapters" not in model.cfg
    assert {
        module for module in set(sys.modules) - modules if module.split(".")[0] not in ("nemo", "encodings")
    } == set()


def test_control_torch_runs_the_object(tmp_path):
    torch.save(SAMPLES["object_in_the_weights"](tmp_path / "canary"), tmp_path / "bad.pt")
    torch.load(tmp_path / "bad.pt", weights_only=False)
    assert (tmp_path / "canary").exists()
