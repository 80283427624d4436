"""Encoders: what else is in a batch, and how much padding, changes no valid frame, however short the recording.

With the masks of release 2.5 and later; before, subsampling lets padding into the last frame, as archives expect.
"""

import pytest
import torch

from nemo.collections.asr.modules import ConformerEncoder, RNNEncoder, SqueezeformerEncoder
from nemo.collections.asr.modules.releases import follow_release

LENGTHS = (1, 2, 5, 37, 64)
SIZES = {"feat_in": 16, "n_layers": 2, "d_model": 16, "n_heads": 2, "conv_kernel_size": 5}
SUBSAMPLINGS = {
    "striding": {"subsampling": "striding"},
    "dw_striding": {"subsampling": "dw_striding", "subsampling_factor": 8},
    "causal": {"subsampling": "dw_striding", "causal_downsampling": True, "conv_context_size": "causal"},
    "vggnet": {"subsampling": "vggnet"},
    "stacking": {"subsampling": "stacking"},
    "stacking_norm": {"subsampling": "stacking_norm"},
    "none": {"subsampling_factor": 1},
}
LOCAL = {"self_attention_model": "rel_pos_local_attn", "att_context_size": [4, 4]}
ATTENTIONS = {
    "full": {},
    "absolute": {"self_attention_model": "abs_pos"},
    "limited": {"att_context_size": [4, 2]},
    "chunked": {"att_context_size": [4, 1], "att_context_style": "chunked_limited"},
    "local": LOCAL,
    "global": {**LOCAL, "global_tokens": 1},
    "two global": {**LOCAL, "global_tokens": 2, "global_tokens_spacing": 2, "global_attn_separate": True},
}
REDUCTIONS = [("pooling", 0), ("pooling", -1), ("striding", 0), ("striding", -1)]


@torch.no_grad()
def assert_padding_changes_nothing(encoder):
    """Each length alone, and in a batch beside a longer one."""
    follow_release(encoder.eval(), "3.0.0")
    for frames in LENGTHS:
        features = torch.randn(1, 16, frames)
        alone, (length,) = encoder(audio_signal=features, length=torch.tensor([frames]))
        assert torch.isfinite(alone).all()
        for more in (1, 40):
            batch = torch.cat([torch.nn.functional.pad(features, (0, more)), torch.randn(1, 16, frames + more)])
            together, lengths = encoder(audio_signal=batch, length=torch.tensor([frames, frames + more]))
            assert lengths[0] == length
            torch.testing.assert_close(together[0, :, :length], alone[0, :, :length], atol=2e-5, rtol=0)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_conformers(subsampling, attention):
    options = {"subsampling_conv_channels": 8, **SUBSAMPLINGS[subsampling], **ATTENTIONS[attention]}
    assert_padding_changes_nothing(ConformerEncoder(**SIZES, **options))


@pytest.mark.parametrize(("reduction", "position"), REDUCTIONS)
def test_conformers_that_join_frames(reduction, position):
    joins = {"reduction": reduction, "reduction_position": position, "reduction_factor": 2}
    assert_padding_changes_nothing(ConformerEncoder(**SIZES, **joins))


@pytest.mark.parametrize("subsampling", ["dw_striding", "striding", "vggnet", "stacking"])
def test_squeezeformers_and_lstms(subsampling):
    options = {"subsampling": subsampling, "subsampling_conv_channels": 8}
    assert_padding_changes_nothing(SqueezeformerEncoder(**{**SIZES, "n_layers": 4}, **options, time_reduce_idx=1))
    assert_padding_changes_nothing(RNNEncoder(feat_in=16, n_layers=2, d_model=8, **options))


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
def test_sizes_are_known_without_memory(subsampling):
    options = {**SIZES, "subsampling_conv_channels": 8, **SUBSAMPLINGS[subsampling]}
    with torch.device("meta"):
        without = ConformerEncoder(**options)
    expected = {name: weight.shape for name, weight in ConformerEncoder(**options).state_dict().items()}
    assert {name: weight.shape for name, weight in without.state_dict().items()} == expected
    assert all(weight.is_meta for weight in without.parameters())
