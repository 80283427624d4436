import pytest
import torch
from omegaconf import OmegaConf

from tests.core.tiny import TinyModel, tiny_config


@pytest.fixture
def source(tmp_path):
    model = TinyModel(tiny_config())
    model.save_to(str(tmp_path / "source.nemo"))
    return tmp_path / "source.nemo", model


def test_all_weights_from_a_nemo_file(source):
    path, model = source
    fresh = TinyModel(tiny_config())
    fresh.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": str(path)}))
    assert torch.equal(fresh.decoder.weight, model.decoder.weight)


def test_include_and_exclude_choose_tensors(source):
    path, model = source
    fresh = TinyModel(tiny_config())
    before = fresh.encoder.bias.clone(), fresh.decoder.weight.clone()
    part = {"path": str(path), "include": ["encoder"], "exclude": ["bias"]}
    fresh.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": {"source": part}}))
    assert torch.equal(fresh.encoder.weight, model.encoder.weight)
    assert torch.equal(fresh.encoder.bias, before[0]) and torch.equal(fresh.decoder.weight, before[1])


def test_other_shapes_are_listed_and_nothing_is_loaded(source):
    path, _ = source
    fresh = TinyModel(tiny_config(width=5))
    before = fresh.state_dict()["decoder.bias"].clone()
    with pytest.raises(ValueError, match=r"encoder.weight: \[5, 4\] here, \[3, 4\] in the source"):
        fresh.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": str(path)}))
    assert torch.equal(fresh.decoder.bias, before)


def test_two_sources_are_one_too_many():
    config = OmegaConf.create({"init_from_nemo_model": "a.nemo", "init_from_ptl_ckpt": "b.ckpt"})
    with pytest.raises(ValueError, match="both set"):
        TinyModel(tiny_config()).maybe_init_from_pretrained_checkpoint(config)


def test_value_must_be_a_path_or_a_section():
    with pytest.raises(TypeError, match="init_from_nemo_model"):
        TinyModel(tiny_config()).maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_nemo_model": 3}))


def test_no_source_changes_nothing():
    model = TinyModel(tiny_config())
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"other": 1}))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_weights_from_a_lightning_checkpoint(source, tmp_path):
    _, model = source
    torch.save({"state_dict": model.state_dict()}, tmp_path / "last.ckpt")
    fresh = TinyModel(tiny_config())
    fresh.maybe_init_from_pretrained_checkpoint(OmegaConf.create({"init_from_ptl_ckpt": str(tmp_path / "last.ckpt")}))
    assert torch.equal(fresh.encoder.weight, model.encoder.weight)
