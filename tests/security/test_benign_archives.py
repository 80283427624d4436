"""Battery S3: what is harmless loads, unchanged."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from nemo.core.archive.checkpoint import load_checkpoint
from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.classes.model_pt import ModelPT
from nemo.core.connectors.weight_members import read_weights
from nemo.utils.exceptions import NotYetSupportedError
from tests.security.model import ModelWithPart
from tests.security.samples_benign import ARCHIVES, CHECKPOINTS

SMALL_ONES = sorted((Path(__file__).parents[1] / "data" / "compat").glob("*.nemo"))


def reference(path):
    """The weights as PyTorch and safetensors read them."""
    from safetensors.torch import load

    with ArchiveReader(path) as archive:
        name = next(name for name in archive.names() if "model_weights" in name)
        if bytes(archive.view(name)[8:9]) == b"{":
            return load(archive.read(name))
        return torch.load(archive.open_member(name), weights_only=True)


@pytest.mark.battery("S3")
@pytest.mark.parametrize("name", ARCHIVES)
def test_archive_loads_unchanged(name, tmp_path, recwarn):
    path = tmp_path / "good.nemo"
    ARCHIVES[name](path)
    model = ModelPT.restore_from(str(path), map_location="cpu")
    theirs = reference(path)
    assert model.state_dict().keys() == theirs.keys()
    for key, value in model.state_dict().items():
        assert value.dtype == theirs[key].dtype
        assert torch.equal(value.reshape(-1).view(torch.uint8), theirs[key].contiguous().reshape(-1).view(torch.uint8))
    if name.startswith("words_") and name not in ("words_empty", "words_not_there"):
        assert model.words
    model.save_to(str(tmp_path / "again.nemo"))
    again = ModelPT.restore_from(str(tmp_path / "again.nemo"), map_location="cpu")
    assert again.state_dict().keys() == theirs.keys()
    assert not recwarn.list


@pytest.mark.battery("S3")
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_checkpoint_loads_unchanged(name, tmp_path):
    path = tmp_path / "good.ckpt"
    CHECKPOINTS[name](path)
    model = ModelWithPart.load_from_checkpoint(str(path))
    theirs = torch.load(path, weights_only=False)
    ours = load_checkpoint(path)
    assert torch.equal(model.part.weight, theirs["state_dict"]["part.weight"])
    assert ours.keys() - {"hparams_type"} == theirs.keys() - {"hparams_type"}


def class_of(path):
    """Checks an archive of the original; its class, None where this release does not have that one."""
    config = ModelPT.restore_from(str(path), return_config=True)
    with ArchiveReader(path) as archive:
        state = read_weights(archive, str(path))
        theirs = torch.load(archive.open_member("model_weights.ckpt"), weights_only=True)
    assert list(state) == list(theirs)
    assert all(torch.equal(state[name], theirs[name]) for name in theirs)
    try:
        model = restored(path)
    except NotYetSupportedError as error:
        message = str(error)
    else:
        assert all(torch.equal(value, theirs[name]) for name, value in model.state_dict().items())
        return type(model).__name__
    assert "nemo.collections." in message and "this release" in message
    assert config.target.startswith("nemo.collections.")
    return None


def restored(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a model says of its config is no matter here
        return ModelPT.restore_from(str(path), map_location="cpu")


@pytest.mark.battery("U1")
@pytest.mark.parametrize("path", SMALL_ONES, ids=lambda path: path.stem)
def test_archive_of_the_original_loads(path):
    assert class_of(path) is not None or "ctc" not in path.stem


@pytest.mark.data
@pytest.mark.battery("S3")
def test_every_archive_of_the_original_loads_or_lacks_only_its_class(compat_folder, record_property):
    paths = sorted(compat_folder.glob("*.nemo"))
    assert {path.stem.partition("_")[0] for path in paths} == {"n123", "n300"}
    classes = {path.stem: class_of(path) for path in paths}
    record_property("trials", len(paths))
    assert all(classes[name] for name in classes if "_ctc_" in name and ("citrinet" in name or "quartznet" in name))
