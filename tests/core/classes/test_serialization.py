import dataclasses

import pytest
import torch
from omegaconf import OmegaConf

from nemo.core import NeuralModule
from nemo.core.classes.serialization import Serialization
from nemo.core.config.legacy import maybe_update_config_version
from nemo.utils.exceptions import ConfigError


class Scale(NeuralModule):
    """Multiplies by a number."""

    def __init__(self, factor: float, inner: torch.nn.Module | None = None):
        super().__init__()
        self.factor, self.inner = factor, inner


SCALE = f"{__name__}.Scale"


def test_target_is_called_with_the_other_keys():
    module = NeuralModule.from_config_dict(OmegaConf.create({"_target_": SCALE, "factor": 2.0}))
    assert type(module) is Scale and module.factor == 2.0
    assert module.to_config_dict() == {"_target_": SCALE, "factor": 2.0}


def test_nested_target_is_built_first():
    config = {
        "_target_": SCALE,
        "factor": 1.0,
        "inner": {"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 3},
    }
    module = NeuralModule.from_config_dict(config)
    assert isinstance(module.inner, torch.nn.Linear) and module.inner.out_features == 3


def test_interpolation_to_a_parent_is_resolved():
    whole = OmegaConf.create({"size": 4.0, "part": {"_target_": SCALE, "factor": "${size}"}})
    assert Serialization.from_config_dict(whole.part).factor == 4.0


def test_hydra_0x_form_is_understood():
    old = OmegaConf.create({"cls": SCALE, "params": {"factor": 3.0}})
    assert Serialization.from_config_dict(old).factor == 3.0
    assert Serialization.from_config_dict({"target": SCALE, "params": {"factor": 3.0}}).factor == 3.0


def test_conversion_reaches_every_depth_and_leaves_the_original():
    old = OmegaConf.create({"a": [{"cls": "x.Y", "params": {"k": 1}}], "optim": {"args": {"params": {"lr": 1}}}})
    new = maybe_update_config_version(old)
    assert new.a[0] == {"_target_": "x.Y", "k": 1}
    assert new.optim == {"args": {"params": {"lr": 1}}}  # `params` without a class is something else
    assert "cls" in old.a[0]


@dataclasses.dataclass
class ScaleConfig:
    factor: float = 6.0
    _target_: str = SCALE


def test_dataclass_config():
    assert Serialization.from_config_dict(ScaleConfig()).factor == 6.0


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"_target_": SCALE, "facter": 1.0, "factor": 2.0}, "did you mean 'factor'"),
        ({"_target_": f"{__name__}.Missing"}, "cannot be imported"),
        ({"_target_": "no_such_package.Thing"}, "cannot be imported"),
        (3, "DictConfig, dict or dataclass"),
    ],
)
def test_faults_are_named(config, message):
    with pytest.raises(ValueError, match=message):
        Serialization.from_config_dict(config)


def test_object_without_config_has_none_to_give():
    with pytest.raises(NotImplementedError, match="not built from a config"):
        Scale(1.0).to_config_dict()
    with pytest.raises(NotImplementedError, match="not built from a config"):
        Scale(1.0).to_config_file("x.yaml")


def test_config_file_round_trip(tmp_path):
    module = NeuralModule.from_config_dict({"_target_": SCALE, "factor": 2.5})
    module.to_config_file(tmp_path / "scale.yaml")
    assert NeuralModule.from_config_file(tmp_path / "scale.yaml").factor == 2.5


def test_faults_of_a_config_are_named_together_with_their_sections():
    config = OmegaConf.create(
        {
            "model": {
                "encoder": {
                    "_target_": "torch.nn.Linear",
                    "in_featurs": 3,
                    "out_features": {"_target_": "torch.nn.Nothing"},
                }
            }
        }
    )
    with pytest.raises(ConfigError) as caught:
        Serialization.from_config_dict(config.model.encoder)
    assert str(caught.value).splitlines()[0] == (
        "model.encoder: torch.nn.Linear has no argument 'in_featurs': did you mean 'in_features'?"
    )
    assert (
        str(caught.value)
        .splitlines()[1]
        .startswith("model.encoder.out_features: _target_ 'torch.nn.Nothing' cannot be imported")
    )
