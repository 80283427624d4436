"""WaveGlow's flows: they can be inverted, and their determinant is the one of the whole map."""

import pytest
import torch

from nemo.collections.tts.modules.waveglow import Invertible1x1Conv, WaveGlowModule
from nemo.utils.exceptions import ConfigError, ShapeError

SIZES = {
    "n_mel_channels": 4,
    "n_flows": 5,
    "n_group": 8,
    "n_early_every": 2,
    "n_early_size": 2,
    "n_wn_channels": 6,
    "n_wn_layers": 2,
    "wn_kernel_size": 3,
}


def disturbed(module):
    """Weights that are not those of the beginning, where every coupling is the identity."""
    torch.manual_seed(0)
    with torch.no_grad():
        for network in module.wavenet:
            network.end.weight.normal_(0, 0.1)
            network.end.bias.normal_(0, 0.1)
        for mixing in module.convinv:
            mixing.conv.weight.add_(0.1 * torch.randn_like(mixing.conv.weight))
    return module


@torch.no_grad()
def test_noise_of_audio_gives_the_audio_back():
    module = disturbed(WaveGlowModule(**SIZES))
    audio, spec = torch.rand(2, 512) - 0.5, torch.randn(2, 4, 2)
    z, _, _ = module(spec, audio)
    assert z.shape == (2, 8, 64)
    torch.testing.assert_close(module.norm_dist_to_audio(spec, z=z), audio, atol=1e-5, rtol=0)
    assert module.norm_dist_to_audio(spec).shape == audio.shape


def test_logarithms_are_those_of_the_jacobian():
    module = disturbed(WaveGlowModule(**SIZES)).double()
    audio, spec = torch.rand(1, 24, dtype=torch.double) - 0.5, torch.randn(1, 4, 1, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(lambda x: module(spec, x)[0].flatten(), audio)[:, 0]
    _, log_scales, log_determinants = module(spec, audio)
    torch.testing.assert_close(
        (log_scales + log_determinants).double(), torch.linalg.slogdet(jacobian)[1], atol=1e-5, rtol=0
    )


@torch.no_grad()
def test_without_weight_norms_it_makes_the_same_audio():
    module = disturbed(WaveGlowModule(**SIZES))
    spec, z = torch.randn(1, 4, 2), torch.randn(1, 8, 64)
    before = module.norm_dist_to_audio(spec, z=z)
    assert {"wavenet.0.start.weight_g", "wavenet.0.in_layers.0.weight_v", "convinv.0.conv.weight"} <= set(
        module.state_dict()
    )
    module.remove_weight_norm()
    torch.testing.assert_close(module.norm_dist_to_audio(spec, z=z), before, atol=1e-5, rtol=0)


def test_the_inverse_that_archives_may_have_is_computed_here():
    mixing = Invertible1x1Conv(4)
    mixing.load_state_dict({"conv.weight": torch.eye(4)[..., None] * 2, "inv_conv.weight": torch.zeros(4, 4, 1)})
    torch.testing.assert_close(mixing.inverse_matrix(), torch.eye(4) / 2)


def test_sizes_that_do_not_fit_are_named():
    with pytest.raises(ConfigError, match="-2 channels are left"):
        WaveGlowModule(**{**SIZES, "n_flows": 11})
    with pytest.raises(ConfigError, match="wn_kernel_size is 4"):
        WaveGlowModule(**{**SIZES, "wn_kernel_size": 4})
    with pytest.raises(ShapeError, match="multiple of n_group=8"):
        WaveGlowModule(**SIZES)(torch.zeros(1, 4, 2), torch.zeros(1, 100))
    with pytest.raises(ShapeError, match="1280 samples at most"):
        WaveGlowModule(**SIZES)(torch.zeros(1, 4, 2), torch.zeros(1, 1600))
