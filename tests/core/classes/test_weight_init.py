import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.classes.weight_init import load_part_of_state_dict
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


def test_without_init_strict_other_shapes_keep_their_values(source, caplog):
    path, model = source
    fresh = TinyModel(tiny_config(width=5))
    before = fresh.encoder.weight.clone()
    config = OmegaConf.create({"init_from_nemo_model": str(path), "init_strict": False})
    fresh.maybe_init_from_pretrained_checkpoint(config)
    assert torch.equal(fresh.encoder.weight, before)
    assert torch.equal(fresh.decoder.bias, model.decoder.bias)
    (record,) = [record for record in caplog.records if "weights from" in record.getMessage()]
    assert record.levelname == "WARNING"


def test_one_table_says_what_came_of_each_tensor():
    model = torch.nn.ModuleDict(
        {
            "encoder": torch.nn.Sequential(*(torch.nn.Linear(10, 10) for _ in range(3))),
            "decoder": torch.nn.Linear(10, 4),
        }
    )
    source = {name: tensor for name, tensor in model.state_dict().items() if name != "encoder.2.bias"}
    source["decoder.weight"], source["joint.weight"] = torch.zeros(6, 10), torch.zeros(2)
    report = load_part_of_state_dict(model, source, [""], ["decoder.bias"], strict=False)
    columns = [line.split() for line in str(report).splitlines()]
    assert columns[0] == ["tensors", "weights"]
    assert str(report).splitlines()[1].split("   ")[-1] == "encoder (5)"
    assert columns[1][:3] == ["loaded", "5", "320"]
    assert columns[2][:4] == ["wrong", "shape", "1", "40"]
    assert "decoder.weight: [4, 10] here, [6, 10] in the source" in str(report)
    assert columns[3][-3:] == ["1", "10", "encoder.2.bias"]
    assert columns[4][-4:] == ["2", "4", "decoder.bias,", "joint.weight"]
