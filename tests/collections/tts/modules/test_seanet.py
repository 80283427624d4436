"""EnCodec's encoder and decoder: lengths, padding, names, recurrent layers against PyTorch's own, weight norms."""

import pytest
import torch

from nemo.collections.tts.modules.seanet import SEANetDecoder, SEANetEncoder, SEANetResnetBlock, SEANetRNN
from nemo.utils.exceptions import ConfigError


@torch.no_grad()
def test_audio_of_whole_frames_keeps_its_length_and_neighbours_do_not_matter():
    encoder = SEANetEncoder([2, 5], base_channels=4, encoded_dim=6).eval()
    decoder = SEANetDecoder([5, 2], base_channels=16, encoded_dim=6).eval()
    audio, lengths = torch.randn(2, 320), torch.tensor([320, 160])
    audio[1, 160:] = 0
    vectors, frames = encoder(audio=audio, audio_len=lengths)
    assert vectors.shape == (2, 6, 32) and frames.tolist() == [32, 16]
    assert vectors[1, :, 16:].eq(0).all()
    decoded, samples = decoder(inputs=vectors, input_len=frames)
    assert decoded.shape == (2, 320) and samples.tolist() == [320, 160]
    assert decoded[1, 160:].eq(0).all() and float(decoded.abs().max()) <= 1
    alone = encoder(audio=audio[1:], audio_len=lengths[1:])[0]
    torch.testing.assert_close(alone, vectors[1:])
    torch.testing.assert_close(decoder(inputs=alone, input_len=frames[1:])[0], decoded[1:])


@torch.no_grad()
def test_folded_weight_norms_change_nothing():
    encoder = SEANetEncoder([2, 4], base_channels=4, encoded_dim=6).eval()
    arguments = {"audio": torch.randn(1, 64), "audio_len": torch.tensor([64])}
    expected, _ = encoder(**arguments)
    assert "down_sample_conv_layers.1.conv.weight_g" in encoder.state_dict()
    assert "res_blocks.0.res_conv1.conv.weight_v" in encoder.state_dict()
    assert "rnn.rnn.weight_hh_l1" in encoder.state_dict()
    encoder.remove_weight_norm()
    assert "down_sample_conv_layers.1.conv.weight" in encoder.state_dict()
    torch.testing.assert_close(encoder(**arguments)[0], expected, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_residual_block_is_the_sum_of_two_ways():
    block = SEANetResnetBlock(4)
    x, lengths = torch.randn(1, 4, 9), torch.tensor([9])
    elu = torch.nn.functional.elu
    beside = block.pre_conv.conv(x)
    expected = beside + block.res_conv2.conv(elu(block.res_conv1.conv(elu(x))))
    torch.testing.assert_close(block(x, lengths), expected)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_layers_see_no_later_frame_and_can_be_skipped(kind):
    layers = SEANetRNN(3, 2, kind, use_skip=True)
    x, lengths = torch.randn(1, 3, 7), torch.tensor([7])
    found = layers(x, lengths)
    torch.testing.assert_close(found, layers.rnn(x.transpose(1, 2))[0].transpose(1, 2) + x)
    torch.testing.assert_close(layers(x[..., :4], torch.tensor([4])), found[..., :4])
    with pytest.raises(ConfigError, match="rnn_type is 'rnn'"):
        SEANetRNN(3, 1, "rnn")


def test_channels_that_cannot_be_halved_are_named():
    with pytest.raises(ConfigError, match="base_channels is 12, which 2 rates and a residual block halve"):
        SEANetDecoder([4, 2], base_channels=12)
