"""Battery S2: Lightning checkpoints that try to do harm are refused, and nothing was done."""

from __future__ import annotations

import pytest
import torch
from omegaconf import OmegaConf

from nemo.utils.exceptions import UnsafeArchiveError
from tests.security import archives
from tests.security.model import ModelWithPart
from tests.security.samples_checkpoint import CHECKPOINTS, content


@pytest.fixture(scope="module", autouse=True)
def _warm(tmp_path_factory):
    """A good checkpoint loads; and what loading imports is imported."""
    path = tmp_path_factory.mktemp("good") / "good.ckpt"
    torch.save(content(), path)
    model = ModelWithPart.load_from_checkpoint(str(path))
    assert torch.equal(model.part.weight, content()["state_dict"]["part.weight"])


def test_there_are_thirty_samples():
    assert len(CHECKPOINTS) >= 30


@pytest.mark.battery("S2")
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_refused_and_nothing_done(name, tmp_path, canary, refused):
    path = tmp_path / "bad.ckpt"
    CHECKPOINTS[name](path, canary)
    error = refused(lambda: ModelWithPart.load_from_checkpoint(str(path)), UnsafeArchiveError)
    assert "bad.ckpt" in str(error)


@pytest.mark.parametrize("name", ["pickle_eval", "instantiator", "object_in_the_optimizer"])
def test_refused_as_a_source_of_weights_too(name, tmp_path, canary, refused):
    path = tmp_path / "bad.ckpt"
    CHECKPOINTS[name](path, canary)
    model = ModelWithPart(archives.CONFIG)
    config = OmegaConf.create({"init_from_ptl_ckpt": str(path)})
    refused(lambda: model.maybe_init_from_pretrained_checkpoint(config), UnsafeArchiveError)


def test_control_torch_runs_the_object(tmp_path):
    CHECKPOINTS["object_in_the_callbacks"](tmp_path / "bad.ckpt", tmp_path / "canary")
    torch.load(tmp_path / "bad.ckpt", weights_only=False)
    assert (tmp_path / "canary").exists()
