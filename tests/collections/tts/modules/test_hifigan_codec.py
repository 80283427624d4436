"""The codec's encoder and decoder: lengths, padding, names, weight norms."""

import pytest
import torch

from nemo.collections.tts.modules.codec_layers import CodecActivation, Conv1dNorm, ConvTranspose1dNorm
from nemo.collections.tts.modules.hifigan_codec import HiFiGANDecoder, HiFiGANEncoder
from nemo.utils.exceptions import ConfigError

SIZES = {"resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [1, 3]}


@pytest.mark.parametrize("rate", [2, 3, 5])
def test_strides_divide_and_multiply_lengths(rate):
    x, longer = torch.randn(1, 2, 30), torch.tensor([30 * rate])
    assert ConvTranspose1dNorm(2, 3, 2 * rate, stride=rate)(x, longer).shape == (1, 3, 30 * rate)
    padding = (rate + 1) // 2
    narrowed = Conv1dNorm(2, 3, 2 * rate, stride=rate, padding=padding)(x, torch.tensor([30 // rate]))
    assert narrowed.shape == (1, 3, 30 // rate)


@torch.no_grad()
def test_audio_of_whole_frames_keeps_its_length_and_neighbours_do_not_matter():
    torch.manual_seed(0)
    encoder = HiFiGANEncoder(5, down_sample_rates=[2, 4], base_channels=4, **SIZES).eval()
    decoder = HiFiGANDecoder(5, up_sample_rates=[4, 2], base_channels=16, **SIZES).eval()
    audio, lengths = torch.randn(2, 320), torch.tensor([320, 160])
    audio[1, 160:] = 0
    vectors, frames = encoder(audio=audio, audio_len=lengths)
    assert vectors.shape == (2, 5, 40) and frames.tolist() == [40, 20]
    assert vectors[1, :, 20:].eq(0).all()
    decoded, samples = decoder(inputs=vectors, input_len=frames)
    assert decoded.shape == (2, 320) and samples.tolist() == [320, 160]
    torch.testing.assert_close(encoder(audio=audio[:1], audio_len=lengths[:1])[0], vectors[:1])
    names = set(encoder.state_dict())
    assert {
        "pre_conv.conv.weight_g",
        "res_layers.0.res_blocks.1.res_blocks.0.input_conv.conv.weight_v",
        "down_sample_conv_layers.1.conv.bias",
        "post_conv.conv.weight_v",
    } <= names
    encoder.remove_weight_norm()
    torch.testing.assert_close(encoder(audio=audio, audio_len=lengths)[0], vectors, atol=1e-5, rtol=1e-4)


def test_activations_are_those_of_their_names():
    x = torch.randn(1, 2, 9)
    torch.testing.assert_close(CodecActivation("snake", 2)(x), x + x.sin() ** 2)
    torch.testing.assert_close(CodecActivation("lrelu")(x), torch.where(x > 0, x, 0.01 * x))
    torch.testing.assert_close(CodecActivation("elu")(x), torch.where(x > 0, x, x.exp() - 1))
    with pytest.raises(ConfigError, match="activation is 'gelu'"):
        CodecActivation("gelu")
    with pytest.raises(ConfigError, match="base_channels is 6"):
        HiFiGANDecoder(5, up_sample_rates=[4, 2], base_channels=6)
