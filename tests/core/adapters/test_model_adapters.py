"""Adapters of a model: config, parts, archives, training."""

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf
from torch.utils.data import DataLoader, TensorDataset

from nemo.core.adapters import AdapterModelPTMixin
from nemo.core.classes.model_pt import ModelPT
from nemo.utils.exceptions import ConfigError
from tests.core.adapters.networks import WIDTH, AdaptableModel, Encoder, section

X = torch.rand(5, WIDTH)


@pytest.fixture
def model():
    return AdaptableModel(cfg={"optim": {"name": "sgd", "lr": 0.1}}).eval()


def test_config_has_sections_and_says_where(model):
    model.add_adapter("a", section(scale=2.0))
    model.add_adapter("decoder:b", OmegaConf.create(section(enabled=False)))
    assert model.cfg.adapters == {
        "a": section(scale=2.0, enabled=True),
        "b": section(enabled=False),
        "global_cfg": {"adapter_meta_cfg": {"modules": {"a": "", "b": "decoder"}}},
    }
    assert model.encoder.get_enabled_adapters() == ["a"]
    assert model.decoder.adapter_layer["b"] is model.decoder.get_adapter_module("b")
    assert model.get_enabled_adapters() == ["a"]
    assert model.is_adapter_available()


def test_a_model_without_adapters_has_no_section(model):
    assert "adapters" not in model.cfg
    assert not model.is_adapter_available()
    assert model.get_enabled_adapters() == []


def test_earlier_configs_stay_as_they_were(model):
    before = model.cfg
    model.add_adapter("a", section())
    assert "adapters" not in before
    now = model.cfg
    model.set_enabled_adapters("a", enabled=False)
    assert now.adapters.a.enabled


def test_enabling_reaches_every_place(model):
    plain = model(X)
    model.add_adapter("encoder:a", section(scale=2.0))
    model.add_adapter("decoder:b", section(scale=2.0))
    both = model(X)
    model.set_enabled_adapters(enabled=False)
    assert torch.equal(model(X), plain)
    assert not model.encoder.is_adapter_available()
    model.set_enabled_adapters("decoder:b", enabled=True)
    assert (model.get_enabled_adapters(), model.decoder.get_enabled_adapters()) == (["b"], ["b"])
    model.set_enabled_adapters("a")
    assert torch.equal(model(X), both)


def test_an_edited_section_is_handed_to_the_network(model):
    model.add_adapter("a", section(scale=2.0))
    model.cfg.adapters.a.enabled = False
    model.update_adapter_cfg(model.cfg.adapters)
    assert model.encoder.get_enabled_adapters() == []


def test_one_adapter_at_several_parts(model):
    model.add_adapter("encoder+decoder:a", section(scale=2.0))
    assert model.encoder.get_enabled_adapters() == model.decoder.get_enabled_adapters() == ["a"]
    assert model.cfg.adapters.global_cfg.adapter_meta_cfg.modules.a == "encoder+decoder"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("global_cfg", "the key of what concerns all"),
        ("joint:a", "says 'joint'; parts of a AdaptableModel with adapters are: encoder, decoder, head"),
        ("head:a", "the head is a Linear, which takes no adapters"),
        ("x:y:a", "expected NAME or PART:NAME"),
    ],
)
def test_names_that_cannot_be(model, name, message):
    before = model.cfg.copy()
    with pytest.raises(ConfigError, match=message):
        model.add_adapter(name, section())
    assert model.cfg == before


def test_a_name_is_unique_in_the_model(model):
    model.add_adapter("encoder:a", section())
    with pytest.raises(ValueError, match="there is an adapter 'a' already"):
        model.add_adapter("decoder:a", section())


def test_the_names_part_is_known_afterwards(model):
    model.add_adapter("decoder:a", section())
    assert model.resolve_adapter_module_name_("a") == ("decoder", "a")
    assert model.resolve_adapter_module_name_("new") == ("", "new")


def test_nothing_to_enable(model):
    with pytest.raises(ValueError, match="no adapters to enable"):
        model.set_enabled_adapters()
    model.add_adapter("a", section())
    with pytest.raises(ConfigError, match="no adapter 'b'; it has a"):
        model.set_enabled_adapters("b")


def test_a_section_that_cannot_be_built_leaves_the_model_alone(model):
    model.decoder.set_accepted_adapter_types(["torch.nn.Linear"])
    before, names = model.cfg.copy(), set(model.state_dict())
    with pytest.raises(ConfigError, match="Block does not take"):
        model.add_adapter("encoder+decoder:a", section())  # the encoder has it already when the decoder refuses
    assert model.cfg == before
    assert set(model.state_dict()) == names


def test_a_config_with_adapters_builds_them(model):
    model.add_adapter("decoder:b", section(scale=3.0, enabled=False))
    model.add_adapter("a", section(scale=2.0))
    twin = AdaptableModel(cfg=model.cfg)
    assert twin.cfg == model.cfg
    assert twin.get_enabled_adapters() == ["a"]
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin.eval()(X), model(X))


def test_archives_and_checkpoints_have_the_adapters(model, tmp_path):
    plain = model(X)
    model.add_adapter("a", section(scale=2.0))
    model.add_adapter("decoder:b", section(scale=3.0))
    model.set_enabled_adapters("b", enabled=False)
    model.save_to(str(tmp_path / "model.nemo"))
    for restored in (
        AdaptableModel.restore_from(str(tmp_path / "model.nemo")),
        ModelPT.restore_from(str(tmp_path / "model.nemo")),
    ):
        restored.eval()
        assert torch.equal(restored(X), model(X))
        assert restored.get_enabled_adapters() == ["a"]
        restored.set_enabled_adapters(enabled=False)
        assert torch.allclose(restored(X), plain)
        restored.add_adapter("c", section())
        assert restored.get_enabled_adapters() == ["c"]


def trainer(**more):
    options = {
        "max_steps": 3, "accelerator": "cpu", "devices": 1, "logger": False, "enable_checkpointing": False,
        "enable_progress_bar": False, "enable_model_summary": False,
    }  # fmt: skip
    return pl.Trainer(**{**options, **more})


def loader():
    x = torch.randn(12, WIDTH)
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=4)


@pytest.mark.filterwarnings("ignore:Found 3 module.* in eval mode")  # the batch norms, which is meant
def test_training_changes_nothing_but_the_adapters(model, tmp_path):
    model.add_adapter("a", section(scale=0.1))
    model.add_adapter("decoder:b", section(scale=0.1, enabled=False))
    model.freeze()
    model.train()
    model.unfreeze_enabled_adapters()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fit = trainer()
    fit.fit(model, loader())
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {f"encoder.blocks.{index}.adapter_layer.a.scale" for index in (0, 1)}
    fit.save_checkpoint(tmp_path / "model.ckpt")
    loaded = AdaptableModel.load_from_checkpoint(str(tmp_path / "model.ckpt")).eval()
    assert loaded.get_enabled_adapters() == ["a"]
    assert torch.equal(loaded(X), model.eval()(X))


class HandMade(ModelPT, AdapterModelPTMixin):
    """A model as users of the original write it: it adds the adapters to its network itself."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg=cfg, trainer=trainer)
        self.encoder = Encoder()
        self.setup_adapters()

    def add_adapter(self, name, cfg):
        super().add_adapter(name=name, cfg=cfg)
        self.encoder.add_adapter(name=name, cfg=cfg)

    def set_enabled_adapters(self, name=None, enabled=True):
        super().set_enabled_adapters(name, enabled)
        self.encoder.set_enabled_adapters(name, enabled)

    def check_valid_model_with_adapter_support_(self):
        if self.cfg.get("refuses"):
            raise ValueError("this model takes no adapters")

    @classmethod
    def list_available_models(cls):
        return []


def test_a_model_may_add_to_its_network_itself(tmp_path):
    model = HandMade(cfg={})
    model.add_adapter("a", section(scale=2.0))
    model.set_enabled_adapters("a", enabled=False)
    model.set_enabled_adapters(enabled=True)
    twin = HandMade(cfg=model.cfg)
    assert twin.get_enabled_adapters() == twin.encoder.get_enabled_adapters() == ["a"]
    with torch.no_grad():
        model.encoder.blocks[1].adapter_layer["a"].scale.fill_(7.0)
    model.save_adapters(str(tmp_path / "a.pt"))
    other = HandMade(cfg={})
    other.load_adapters(str(tmp_path / "a.pt"))
    assert other.encoder.blocks[1].adapter_layer["a"].scale.tolist() == [7.0] * WIDTH
    assert other.adapter_module_names == [""]


def test_a_model_may_refuse_adapters():
    model = HandMade(cfg={"refuses": True})
    with pytest.raises(ValueError, match="takes no adapters"):
        model.add_adapter("a", section())
    assert "adapters" not in model.cfg


def test_scripts_may_write_global_settings_into_the_config(model):
    """As the original's training script does, before and after adding an adapter."""
    for name in ("a", "b"):
        if "adapters" not in model.cfg:
            model.cfg.adapters = OmegaConf.create({})
        model.cfg.adapters[model.adapter_global_cfg_key] = OmegaConf.create({"check_encoder_adapter": True})
        model.update_adapter_cfg(model.cfg.adapters)
        model.add_adapter(f"encoder:{name}", section())
    assert model.get_enabled_adapters() == ["a", "b"]
    assert model.cfg.adapters.global_cfg.check_encoder_adapter is True
    assert model.cfg.adapters.global_cfg.adapter_meta_cfg.modules.b == "encoder"
