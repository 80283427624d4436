"""The enhancer's networks against hand-made weights and PyTorch's own operations; batches give what items give."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nemo.collections.tts.modules.spectrogram_enhancer import Discriminator, Generator
from nemo.collections.tts.modules.style_layers import Blur, Conv2DMod, EqualLinear, StyleMapping, mask_frames
from nemo.utils.exceptions import ConfigError


def padded(spectrograms, factor):
    """With a frame of the first block to spare."""
    frames = spectrograms.shape[-1]
    return F.pad(spectrograms, (0, (-(-frames // factor) + 1) * factor - frames))


@pytest.mark.parametrize("demod", [True, False])
def test_a_modulated_convolution_is_one_with_scaled_weights_for_each_item(demod):
    layer = Conv2DMod(3, 5, 3, demod=demod)
    x, style = torch.randn(2, 3, 6, 7), torch.randn(2, 3)
    found = layer(x, style)
    for row in range(2):
        weight = layer.weight * (style[row] + 1)[None, :, None, None]
        if demod:
            weight = torch.stack([each / each.square().sum().sqrt() for each in weight])
        expected = F.conv2d(x[row : row + 1], weight, padding=1)
        torch.testing.assert_close(found[row : row + 1], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_demodulated_noise_keeps_its_deviation():
    layer = Conv2DMod(64, 8, 3)
    found = layer(torch.randn(1, 64, 64, 64), 3 * torch.randn(1, 64))[:, :, 1:-1, 1:-1]
    assert float(found.std()) == pytest.approx(1.0, abs=0.05)


def test_blur_is_a_binomial_filter_and_keeps_what_is_constant():
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 16.0
    expected = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    assert torch.equal(Blur()(x)[0, 0, 1:4, 1:4], expected)
    assert torch.equal(Blur()(torch.ones(1, 2, 4, 4)), torch.ones(1, 2, 4, 4))


def test_styles_do_not_depend_on_the_length_of_the_noise():
    mapping, z = StyleMapping(4, 2), torch.randn(3, 4)
    torch.testing.assert_close(mapping(z), mapping(5 * z))
    first, second = mapping.net[0], mapping.net[2]
    assert isinstance(first, EqualLinear)
    unit = z / z.norm(dim=1, keepdim=True)
    inner = F.leaky_relu(unit @ (0.1 * first.weight).T, 0.2)
    torch.testing.assert_close(mapping(z), F.leaky_relu(inner @ (0.1 * second.weight).T, 0.2))


def test_sizes_and_names_of_eighty_bands():
    generator = Generator(80, latent_dim=8, style_depth=2, network_capacity=1, fmap_max=16)
    assert generator.num_layers == 5 and generator.upsample_factor == 16
    assert generator.initial_block.shape == (1, 16, 5, 1)
    assert [block.conv2.weight.shape[0] for block in generator.blocks] == [16, 16, 8, 4, 2]
    names = set(generator.state_dict())
    assert {"style_mapping.net.2.weight", "blocks.4.to_rgb.conv.weight", "blocks.0.to_noise1.bias"} <= names
    discriminator = Discriminator(80, network_capacity=1, fmap_max=16)
    assert [block.conv_res.out_channels for block in discriminator.blocks] == [4, 8, 16, 16, 16, 16]
    assert discriminator.blocks[5].downsample is None and "blocks.0.downsample.1.weight" in discriminator.state_dict()


def enhance(generator, condition, lengths, styles, noise):
    condition = padded(mask_frames(condition, lengths), generator.upsample_factor)
    frames = condition.shape[-1]
    ws = [style[: len(lengths)] for style in styles]
    return generator(condition_spectrograms=condition, lengths=lengths, ws=ws, noise=noise[:, :, :frames])


@torch.no_grad()
def test_padding_stays_and_changes_nothing():
    generator = Generator(16, latent_dim=4, style_depth=1, network_capacity=2)
    for block in generator.blocks:
        nn.init.normal_(block.to_noise1.weight)
        nn.init.normal_(block.to_noise2.bias)
    lengths = torch.tensor([29, 17, 8])
    condition, noise = torch.rand(3, 1, 16, 29), torch.rand(3, 16, 64, 1)
    styles = [generator.style_mapping(torch.randn(3, 4)) for _ in generator.blocks]
    together = enhance(generator, condition, lengths, styles, noise)
    for row, length in enumerate(lengths):
        assert not together[row, :, :, length:].any()
        own = [style[row : row + 1] for style in styles]
        alone = enhance(
            generator, condition[row : row + 1, ..., :length], lengths[row : row + 1], own, noise[row : row + 1]
        )
        torch.testing.assert_close(together[row, ..., :length], alone[0, ..., :length], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_scores_do_not_depend_on_padding():
    discriminator = Discriminator(16, network_capacity=1, fmap_max=8)
    lengths = torch.tensor([29, 17])
    pair = torch.rand(2, 2, 1, 16, 29)
    together = discriminator(x=padded(pair[0], 4), condition=padded(pair[1], 4), lengths=lengths)
    x, condition = (padded(each[1:, ..., :17], 4) for each in pair)
    torch.testing.assert_close(together[1:], discriminator(x=x, condition=condition, lengths=lengths[1:]))
    assert together.shape == (2,)


@torch.no_grad()
def test_without_convolutions_the_condition_comes_through():
    generator = Generator(8, latent_dim=4, style_depth=1, network_capacity=2)
    for block in generator.blocks:
        nn.init.zeros_(block.to_rgb.conv.weight)
    condition = torch.full((1, 1, 8, 12), 0.6)
    styles = [torch.zeros(1, 4)] * generator.num_layers
    found = enhance(generator, condition, torch.tensor([12]), styles, torch.zeros(1, 8, 64, 1))
    # each block takes the mean of what there is and of the condition: 0.3, then 0.45; the end sees the padding
    torch.testing.assert_close(found[..., :9], torch.full((1, 1, 8, 9), 0.45))


def test_bands_that_cannot_be_halved_are_told():
    with pytest.raises(ConfigError, match="n_bands is 90, which 5 blocks halve 4 times"):
        Generator(90, latent_dim=4, style_depth=1)
    with pytest.raises(ConfigError, match="n_bands is 2"):
        Discriminator(2)
