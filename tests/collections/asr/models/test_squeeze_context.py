import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.models.ctc import EncDecCTCModel
from nemo.collections.asr.models.squeeze_context import change_conv_asr_se_context_window
from nemo.collections.asr.modules.squeeze_excite import SqueezeExcite
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny


def test_every_layer_and_the_config_change():
    section = tiny.config()
    for block in section["encoder"]["jasper"]:
        block |= {"se": True, "se_reduction_ratio": 4}
    model = EncDecCTCModel(OmegaConf.create(section))
    layers = [part for part in model.modules() if isinstance(part, SqueezeExcite)]
    assert [layer.context_window for layer in layers] == [-1, -1]
    change_conv_asr_se_context_window(model, 32)
    assert [layer.context_window for layer in layers] == [32, 32]
    again = EncDecCTCModel(model.cfg)
    assert [part.context_window for part in again.modules() if isinstance(part, SqueezeExcite)] == [32, 32]
    change_conv_asr_se_context_window(model, 0, update_config=False)
    assert [layer.context_window for layer in layers] == [-1, -1]
    assert model.cfg.encoder.jasper[0].se_context_size == 32


def test_an_encoder_without_such_layers_is_refused():
    model = torch.nn.Module()
    model.encoder = torch.nn.ReLU()
    with pytest.raises(ConfigError, match="ReLU has no squeeze-and-excitation"):
        change_conv_asr_se_context_window(model, 32)
