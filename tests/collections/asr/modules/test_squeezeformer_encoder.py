import pytest
import torch

from nemo.collections.asr.modules import SqueezeformerEncoder, SqueezeformerEncoderAdapter
from nemo.collections.common.adapters.linear import LinearAdapterConfig
from nemo.utils.exceptions import ConfigError, ShapeError

REDUCED = {"time_reduce_idx": 1, "time_recovery_idx": 3}


def encoder(**options):
    defaults = {"feat_in": 16, "n_layers": 4, "d_model": 8, "n_heads": 2, "conv_kernel_size": 5}
    return SqueezeformerEncoder(**defaults | options)


OPTIONS = [{}, REDUCED, {"time_reduce_idx": 0}, {"self_attention_model": "abs_pos"}, {"untie_biases": False},
           {"att_context_size": [4, 2], **REDUCED}, {"subsampling": "stacking"}, {"feat_out": 12},
           {"subsampling_factor": 1}]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
def test_padding_does_not_change_results(options):
    module = encoder(**options).eval()
    module.follow_release("3.0.0")
    x, lengths = torch.randn(3, 16, 75), torch.tensor([75, 52, 21])
    x[torch.arange(75) >= lengths[:, None, None].expand_as(x)] = 0.0  # as preprocessors leave it
    together, encoded_lengths = module(audio_signal=x, length=lengths)
    assert together.shape == (3, module._feat_out, int(encoded_lengths.max()))
    for row, length in enumerate(lengths.tolist()):
        alone, _ = module(audio_signal=x[row : row + 1, :, :length], length=lengths[row : row + 1])
        torch.testing.assert_close(together[row, :, : alone.shape[2]], alone[0], atol=1e-4, rtol=1e-4)


def test_layers_between_reduction_and_recovery_have_half_the_frames():
    module = encoder(**REDUCED).eval()
    seen = []
    for layer in module.layers:
        layer.register_forward_hook(lambda _, inputs, out: seen.append((out.shape[1], inputs[2].shape[1])))
    module(audio_signal=torch.randn(1, 16, 75), length=torch.tensor([75]))
    assert seen == [(19, 37), (10, 19), (10, 19), (19, 37)]


def test_without_its_projection_the_way_through_few_frames_adds_nothing():
    module = encoder(**REDUCED).eval()
    plain = encoder().eval()
    plain.load_state_dict({name: value for name, value in module.state_dict().items() if "time_" not in name})
    with torch.no_grad():
        module.time_recovery_layer.weight.zero_()
        module.time_recovery_layer.bias.zero_()
    for unused in (1, 2):
        plain.layers[unused].forward = lambda x, mask, positions: x
    x, lengths = torch.randn(2, 16, 60), torch.tensor([60, 33])
    torch.testing.assert_close(module(audio_signal=x, length=lengths)[0], plain(audio_signal=x, length=lengths)[0])


def test_every_parameter_is_trained():
    module = encoder(**REDUCED, feat_out=12)
    module(audio_signal=torch.randn(2, 16, 60), length=torch.tensor([60, 33]))[0].square().sum().backward()
    assert [name for name, each in module.named_parameters() if each.grad is None] == []


@pytest.mark.parametrize(("layers", "width", "heads", "millions"), [(16, 144, 4, 9.0), (16, 256, 4, 28.2)])
def test_sizes_are_those_of_the_paper(layers, width, heads, millions):
    """Table 2 of the paper: XS and SM, with a vocabulary of 128 on top."""
    module = SqueezeformerEncoder(
        80, layers, width, n_heads=heads, time_reduce_idx=7, time_recovery_idx=15, subsampling_conv_channels=width
    )
    found = sum(each.numel() for each in module.parameters()) + 129 * (width + 1)
    assert found / 1e6 == pytest.approx(millions, rel=0.01)


def test_names_are_those_of_archives():
    names = set(encoder(n_layers=2, time_reduce_idx=0).state_dict())
    parts = {"pre_ln.weight", "pre_encode.conv.0.weight", "pre_encode.out.bias", "time_reduce_layer.dw_conv.weight",
             "time_reduce_layer.pw_conv.bias", "time_recovery_layer.weight", "layers.0.self_attn_scale.scale",
             "layers.1.self_attn.linear_pos.weight", "layers.0.self_attn.pos_bias_u", "layers.1.conv_scale.bias",
             "layers.1.norm_feed_forward2.weight", "layers.0.conv.batch_norm.running_mean"}  # fmt: skip
    assert parts <= names


def test_adapters_change_the_output_when_they_are_switched_on():
    module = SqueezeformerEncoderAdapter(16, 2, 8, n_heads=2, conv_kernel_size=5).eval()
    x, lengths = torch.randn(1, 16, 40), torch.tensor([40])
    before = module(audio_signal=x, length=lengths)[0]
    module.add_adapter("a", LinearAdapterConfig(in_features=8, dim=4, dropout=0.0))
    torch.nn.init.normal_(module.layers[0].adapter_layer["a"].module[-1].weight)
    assert not torch.allclose(module(audio_signal=x, length=lengths)[0], before)
    module.set_enabled_adapters(enabled=False)
    assert torch.equal(module(audio_signal=x, length=lengths)[0], before)


def test_faults_are_named():
    with pytest.raises(ConfigError, match="time_reduce_idx is 3 and time_recovery_idx 3"):
        encoder(time_reduce_idx=3)
    with pytest.raises(ConfigError, match="rel_pos, abs_pos"):
        encoder(self_attention_model="rel_pos_local_attn")
    with pytest.raises(ShapeError, match=r"expected \[B, D=16, F\]"):
        encoder()(audio_signal=torch.randn(1, 40, 16), length=torch.tensor([40]))
