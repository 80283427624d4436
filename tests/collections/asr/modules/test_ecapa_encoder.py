import pytest
import torch
from torch.nn import functional

from nemo.collections.asr.modules import ECAPAEncoder
from nemo.collections.asr.modules.tdnn import MaskedSEModule, TDNNModule
from nemo.collections.asr.modules.valid_frames import ValidFrames
from nemo.utils.exceptions import ConfigError


def encoder(**changes):
    options = {"filters": [16, 16, 16, 24], "kernel_sizes": [5, 3, 3, 1], "dilations": [1, 2, 3, 1], "scale": 4}
    return ECAPAEncoder(feat_in=8, **(options | changes)).eval()


def test_frames_stay_and_channels_are_those_of_the_last_layer():
    lengths = torch.tensor([20, 13])
    encoded, encoded_lengths = encoder()(audio_signal=torch.randn(2, 8, 20), length=lengths)
    assert encoded.shape == (2, 24, 20) and torch.equal(encoded_lengths, lengths)


def test_outputs_of_all_blocks_reach_the_last_layer():
    network = encoder()
    features, lengths = torch.randn(1, 8, 20), torch.tensor([20])
    x, outputs = network.layers[0](features), []
    for block in network.layers[1:]:
        gated = block.se_layer(block.group_tdnn_block(x), ValidFrames(lengths, 20))
        x = x + gated
        outputs.append(x)
    by_hand = network.feature_agg(torch.cat(outputs, dim=1))
    assert torch.allclose(network(audio_signal=features, length=lengths)[0], by_hand, atol=1e-6)


def test_time_delay_layer_is_convolution_relu_and_norm():
    layer = TDNNModule(3, 4, kernel_size=3, dilation=2).eval()
    layer.bn.running_mean.normal_()
    x = torch.randn(2, 3, 10)
    convolved = functional.conv1d(x, layer.conv_layer.weight, layer.conv_layer.bias, padding=2, dilation=2)
    expected = functional.batch_norm(convolved.relu(), layer.bn.running_mean, layer.bn.running_var)
    assert torch.allclose(layer(x), expected, atol=1e-6)


def test_gates_ignore_the_padding():
    gates = MaskedSEModule(4, 6, 4).eval()
    x, lengths = torch.randn(2, 4, 9), torch.tensor([9, 5])
    together = gates(x, ValidFrames(lengths, 9))
    alone = gates(x[1:, :, :5], ValidFrames(None, 5))
    assert torch.allclose(together[1, :, :5], alone[0], atol=1e-6)


def test_lists_that_do_not_fit_are_named():
    with pytest.raises(ConfigError, match="have 4, 3 and 4 values"):
        encoder(kernel_sizes=[5, 3, 1])
    with pytest.raises(ConfigError, match="multiple of encoder.scale"):
        encoder(filters=[16, 16, 20, 24])
    with pytest.raises(ConfigError, match="Expected odd numbers"):
        encoder(kernel_sizes=[5, 4, 3, 1])
