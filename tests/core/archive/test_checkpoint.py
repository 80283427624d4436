import argparse
import collections
import dataclasses
from pathlib import PurePosixPath

import pytest
import torch
from lightning_fabric.utilities.data import AttributeDict
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint

from nemo.core.archive.checkpoint import load_checkpoint
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError


def load(tmp_path, **content):
    torch.save({"state_dict": collections.OrderedDict(w=torch.ones(2)), **content}, tmp_path / "x.ckpt")
    return load_checkpoint(tmp_path / "x.ckpt")


def test_omegaconf_becomes_plain_containers(tmp_path):
    config = OmegaConf.create({"a": 1, "b": [1, 2.5, None, "x", "???"], "c": "${a}", "d": {"e": True, "f": {}}})
    loaded = load(tmp_path, hyper_parameters=AttributeDict(cfg=config), hparams_type=DictConfig, hparams_name="cfg")
    assert loaded["hyper_parameters"] == {"cfg": OmegaConf.to_container(config)}
    assert type(loaded["hyper_parameters"]["cfg"]) is dict
    assert "hparams_type" not in loaded


def test_plain_containers_come_back(tmp_path):
    content = {
        "numbers": [1, -(2**80), 0.5, 1e300, True, None],
        "text": "ü" * 300,
        "bytes": b"\x00\xff",
        "tuple": (1, (2,)),
        "set": {1, 2},
        "dtype": torch.float16,
        "epoch": 3,
    }
    loaded = load(tmp_path, **content)
    assert {key: loaded[key] for key in content} == content


def test_near_plain_things_become_plain(tmp_path):
    counts = collections.defaultdict(list, {"a": [1]})
    loaded = load(
        tmp_path,
        path=PurePosixPath("/a/b"),
        namespace=argparse.Namespace(x=1),
        counts=counts,
        size=torch.Size([1, 2]),
        callbacks={ModelCheckpoint: {"best": 1}},
    )
    assert loaded["path"] == "/a/b"
    assert loaded["namespace"] == {"x": 1}
    assert loaded["counts"] == {"a": [1]}
    assert loaded["size"] == (1, 2)
    assert loaded["callbacks"] == {"pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint": {"best": 1}}


def test_optimizer_state_comes_back(tmp_path):
    module = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    state = load(tmp_path, optimizer_states=[optimizer.state_dict()])["optimizer_states"][0]
    expected = optimizer.state_dict()
    assert state["param_groups"] == expected["param_groups"]
    assert torch.equal(state["state"][0]["exp_avg"], expected["state"][0]["exp_avg"])
    optimizer.load_state_dict(state)


def test_shared_objects_stay_shared(tmp_path):
    shared = [1]
    loaded = load(tmp_path, a=shared, b=shared)
    assert loaded["a"] is loaded["b"]


@dataclasses.dataclass
class Settings:
    a: int = 1


@pytest.mark.parametrize(
    ("hyper_parameters", "message"),
    [
        ({"_instantiator": "os.system"}, "_instantiator"),
        ({"deep": [{"_instantiator": "os.system"}]}, "_instantiator"),
        (Settings(), "Settings"),
        (OmegaConf.structured(Settings()), "Settings"),
        (torch.nn.Identity(), "Identity"),
        (ModelCheckpoint(), "ModelCheckpoint"),
        (torch.Generator(), "Generator"),
        (print, "print"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_objects_are_refused_by_name(tmp_path, hyper_parameters, message):
    with pytest.raises(UnsafeArchiveError, match=rf"x\.ckpt: .*{message}"):
        load(tmp_path, hyper_parameters=hyper_parameters)


def test_endless_and_deep_contents_are_refused(tmp_path):
    endless: list = []
    endless.append(endless)
    with pytest.raises(UnsafeArchiveError, match="contains itself"):
        load(tmp_path, hyper_parameters=endless)
    deep: list = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(UnsafeArchiveError, match="100 levels"):
        load(tmp_path, hyper_parameters=deep)


def test_weights_alone_are_no_checkpoint(tmp_path):
    torch.save({"w": torch.ones(1)}, tmp_path / "x.ckpt")
    with pytest.raises(ArchiveError, match="no 'state_dict'"):
        load_checkpoint(tmp_path / "x.ckpt")
    with pytest.raises(FileNotFoundError, match=r"y\.ckpt"):
        load_checkpoint(tmp_path / "y.ckpt")


def test_trusted_checkpoint_may_hold_objects(tmp_path):
    torch.save({"state_dict": {}, "module": torch.nn.Identity()}, tmp_path / "x.ckpt")
    assert isinstance(load_checkpoint(tmp_path / "x.ckpt", trusted=True)["module"], torch.nn.Identity)
