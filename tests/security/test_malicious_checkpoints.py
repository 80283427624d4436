"""Battery S2: Lightning checkpoints that try to do harm are refused, and nothing was done."""

from __future__ import annotations

import gc
import sys
import tempfile

import pytest
import torch

from nemo.utils.exceptions import UnsafeArchiveError
from tests.security.audit import watching
from tests.security.model import ModelWithPart
from tests.security.samples_checkpoint import CHECKPOINTS, content

pytestmark = pytest.mark.battery("S2")


@pytest.fixture(scope="module", autouse=True)
def _warm(tmp_path_factory):
    """A good checkpoint loads; and what loading imports is imported."""
    path = tmp_path_factory.mktemp("good") / "good.ckpt"
    torch.save(content(), path)
    model = ModelWithPart.load_from_checkpoint(str(path))
    assert torch.equal(model.part.weight, content()["state_dict"]["part.weight"])


def test_there_are_thirty_samples():
    assert len(CHECKPOINTS) >= 30


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_refused_and_nothing_done(name, tmp_path, monkeypatch):
    path, canary = tmp_path / "bad.ckpt", tmp_path / "canary"
    CHECKPOINTS[name](path, canary)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    modules = set(sys.modules)
    gc.collect()  # models of earlier tests remove their own folders now, and not while we watch
    with watching(str(scratch)) as watch, pytest.raises(UnsafeArchiveError, match="bad.ckpt"):
        ModelWithPart.load_from_checkpoint(str(path))
    assert watch.harm == []
    assert not canary.exists()
    assert list(scratch.iterdir()) == []
    assert {
        module for module in set(sys.modules) - modules if module.split(".")[0] not in ("nemo", "encodings")
    } == set()


def test_control_torch_runs_the_object(tmp_path):
    CHECKPOINTS["object_in_the_callbacks"](tmp_path / "bad.ckpt", tmp_path / "canary")
    torch.load(tmp_path / "bad.ckpt", weights_only=False)
    assert (tmp_path / "canary").exists()
