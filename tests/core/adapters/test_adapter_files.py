"""Files of adapters: saved, loaded elsewhere, of the original, damaged, of another network."""

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core.archive.plain import load_plain
from nemo.utils.exceptions import ArchiveError, ConfigError
from tests.core.adapters.networks import ADAPTER, WIDTH, AdaptableModel, section

X = torch.rand(5, WIDTH)
WEIGHTS = torch.arange(float(WIDTH))


@pytest.fixture
def model():
    """Three adapters with weights that tell them apart; the one of the decoder is not enabled."""
    model = AdaptableModel(cfg={}).eval()
    model.add_adapter("a", section())
    model.add_adapter("decoder:b", section(enabled=False))
    model.add_adapter("encoder+decoder:c", section())
    with torch.no_grad():
        for index, (name, weight) in enumerate(model.named_parameters()):
            if "adapter_layer" in name:
                weight.copy_(WEIGHTS + index)
    return model


def twin(model):
    """The same network without adapters."""
    other = AdaptableModel(cfg={}).eval()
    other.load_state_dict({name: value for name, value in model.state_dict().items() if "adapter" not in name})
    return other


def test_saved_adapters_make_another_model_the_same(model, tmp_path):
    model.save_adapters(str(tmp_path / "folder" / "all.pt"))
    other = twin(model)
    other.load_adapters(str(tmp_path / "folder" / "all.pt"))
    assert torch.equal(other(X), model(X))
    assert other.get_enabled_adapters() == ["a", "c"]
    assert other.cfg.adapters == model.cfg.adapters
    other.set_enabled_adapters(enabled=True)
    model.set_enabled_adapters(enabled=True)
    assert torch.equal(other(X), model(X))


def test_files_hold_plain_containers_as_the_original_orders_them(model, tmp_path):
    path = tmp_path / "all.pt"
    model.save_adapters(str(path))
    content = torch.load(path, weights_only=True)
    assert list(content) == ["a", "decoder:b", "encoder+decoder:c", "__cfg__"]
    assert [len(content[name]) for name in list(content)[:3]] == [2, 1, 3]
    assert list(content["a"][0]) == ["scale"]
    assert torch.equal(content["a"][1]["scale"], model.encoder.blocks[1].adapter_layer["a"].scale)
    assert content["__cfg__"] == OmegaConf.to_container(model.cfg.adapters)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["all.pt"]


@pytest.mark.parametrize("names", ["decoder:b", "b", ["b"], ["decoder:b"]])
def test_one_of_several(model, tmp_path, names):
    model.save_adapters(str(tmp_path / "all.pt"))
    model.save_adapters(str(tmp_path / "one.pt"), name=names)
    assert list(load_plain(tmp_path / "one.pt")) == ["decoder:b", "__cfg__"]
    assert set(load_plain(tmp_path / "one.pt")["__cfg__"]) == {"b", "global_cfg"}
    for file, chosen in (("all.pt", names), ("one.pt", None), ("one.pt", names)):
        other = twin(model)
        other.load_adapters(str(tmp_path / file), name=chosen)
        assert set(other.cfg.adapters) == {"b", "global_cfg"}
        assert torch.equal(other.decoder.adapter_layer["b"].scale, model.decoder.adapter_layer["b"].scale)


def of_the_original(model, path, **changes):
    """What release 1.23 writes: the config is an object of OmegaConf whose parent is the model's."""
    content = {
        "a": [block.adapter_layer["a"].state_dict() for block in model.encoder.blocks],
        "decoder:b": [model.decoder.adapter_layer["b"].state_dict()],
        "__cfg__": model.cfg.adapters,
    }
    torch.save({**content, **changes}, path)


def test_files_of_the_original(model, tmp_path):
    of_the_original(model, tmp_path / "theirs.pt")
    other = twin(model)
    other.load_adapters(str(tmp_path / "theirs.pt"))
    assert other.get_enabled_adapters() == ["a"]
    for index in (0, 1):
        ours, theirs = (each.encoder.blocks[index].adapter_layer["a"].scale for each in (other, model))
        assert torch.equal(ours, theirs)
    assert ours.is_leaf
    assert ours.requires_grad


def test_the_file_may_be_written_again_afterwards(model, tmp_path):
    path = str(tmp_path / "all.pt")
    model.save_adapters(path)
    other = twin(model)
    other.load_adapters(path)
    before = other(X)
    other.save_adapters(path)
    with open(path, "r+b") as file:
        file.write(b"\0" * 3000)
    assert torch.equal(other(X), before)


def unchanged(model, act, error, message):
    """Fails, and leaves the model as it was."""
    config, names, output = model.cfg.copy(), list(model.state_dict()), model(X)
    with pytest.raises(error, match=message):
        act()
    assert model.cfg == config
    assert list(model.state_dict()) == names
    assert torch.equal(model(X), output)


def test_missing_file(model, tmp_path):
    unchanged(model, lambda: model.load_adapters(str(tmp_path / "no.pt")), FileNotFoundError, "no.pt")


def test_names_that_are_there_already(model, tmp_path):
    model.save_adapters(str(tmp_path / "all.pt"))
    unchanged(model, lambda: model.load_adapters(str(tmp_path / "all.pt")), ValueError, "'a' already")
    half = twin(model)
    half.add_adapter("c", section())
    unchanged(half, lambda: half.load_adapters(str(tmp_path / "all.pt")), ValueError, "'c' already")


def test_names_that_are_not_there(model, tmp_path):
    unchanged(model, lambda: model.save_adapters(str(tmp_path / "x.pt"), name="x"), ConfigError, "no adapter 'x'")
    model.save_adapters(str(tmp_path / "all.pt"))
    other = twin(model)
    act = lambda: other.load_adapters(str(tmp_path / "all.pt"), name=["a", "x"])  # noqa: E731
    unchanged(other, act, ConfigError, "all.pt has no adapter 'x'; it has a, decoder:b, encoder")
    with pytest.raises(ConfigError, match="no adapters"):
        other.save_adapters(str(tmp_path / "x.pt"))
    assert not (tmp_path / "x.pt").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"a": [{"scale": WEIGHTS}]}, "'a' was at 1 places of its model; this model has 2"),
        ({"a": [{"scale": WEIGHTS}, {"scale": WEIGHTS[:2]}]}, "does not fit place 1 .*size mismatch"),
        ({"decoder:b": [{"other": WEIGHTS}]}, "does not fit place 0 .*[Mm]issing"),
        ({"decoder:b": {"scale": WEIGHTS}}, "expected a list of tensors by name"),
        ({"decoder:b": [{"scale": 1.0}]}, "expected a list of tensors by name"),
        ({"decoder:b": "text"}, "expected a list of tensors by name"),
        ({"x": [{"scale": WEIGHTS}]}, "no section for the adapter 'x'"),
        ({"global_cfg": []}, "no name of an adapter"),
        ({"__cfg__": None}, "it has no '__cfg__'"),
        ({"__cfg__": {"a": section(in_features=10**14), "b": section()}}, "'a' cannot be built"),
        ({"__cfg__": {"a": section(in_features="wide"), "b": section()}}, "'a' cannot be built"),
    ],
)
def test_damaged_files_are_named_and_leave_no_trace(model, tmp_path, changes, message):
    of_the_original(model, tmp_path / "bad.pt", **changes)
    other = twin(model)
    unchanged(other, lambda: other.load_adapters(str(tmp_path / "bad.pt")), ArchiveError, f"(?s)bad.pt.*{message}")


def test_cut_files_are_refused(model, tmp_path):
    path = tmp_path / "all.pt"
    model.save_adapters(str(path))
    path.write_bytes(path.read_bytes()[:500])
    other = twin(model)
    unchanged(other, lambda: other.load_adapters(str(path)), ArchiveError, "all.pt")


def test_not_strict_takes_what_fits(model, tmp_path):
    of_the_original(model, tmp_path / "more.pt", a=[{"scale": WEIGHTS, "more": WEIGHTS}, {}])
    other = twin(model)
    other.load_adapters(str(tmp_path / "more.pt"), strict=False)
    assert torch.equal(other.encoder.blocks[0].adapter_layer["a"].scale, WEIGHTS)
    assert torch.equal(other.encoder.blocks[1].adapter_layer["a"].scale, torch.ones(WIDTH))  # as a new one


def test_a_section_may_refer_to_the_others(model, tmp_path):
    sections = {"a": section(scale="${b.scale}"), "b": section(scale=5.0)}
    of_the_original(model, tmp_path / "linked.pt", __cfg__=OmegaConf.create(sections))
    other = twin(model)
    other.load_adapters(str(tmp_path / "linked.pt"), name="a")
    assert other.cfg.adapters.a.scale == 5.0
    assert other.cfg.adapters.a._target_ == ADAPTER
