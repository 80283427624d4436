"""Convolutions as images, and in tiles, against PyTorch's own over the whole."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nemo.collections.tts.modules import channels_last
from nemo.collections.tts.modules.channels_last import as_image, convolve, in_tiles, is_fast_here
from nemo.collections.tts.modules.hifigan import Generator
from nemo.collections.tts.modules.receptive_field import Reach

GENERATOR = {
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3], [1, 5]],
    "initial_input_size": 6,
}


@pytest.mark.parametrize(
    "layer",
    [nn.Conv1d(5, 7, 3, padding=1), nn.Conv1d(5, 5, 7, padding=9, dilation=3), nn.Conv1d(5, 1, 7, bias=False)],
)
@torch.no_grad()
def test_a_convolution_of_an_image_of_height_one_is_that_over_time(layer):
    x = torch.randn(2, 5, 40)
    found = convolve(layer, as_image(x))
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found.squeeze(2), layer(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("kernel", "rate"), [(16, 8), (4, 2), (7, 3)])
@torch.no_grad()
def test_a_transposed_one_too(kernel, rate):
    layer, x = nn.ConvTranspose1d(6, 3, kernel, rate, padding=(kernel - rate) // 2), torch.randn(2, 6, 11)
    torch.testing.assert_close(convolve(layer, as_image(x)).squeeze(2), layer(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("time", [1, 9, 14, 30, 31, 64])
def test_tiles_are_the_whole(monkeypatch, time):
    monkeypatch.setattr(channels_last, "TILE_SIZE", 30)
    monkeypatch.setattr(channels_last, "LEAST_SHARE", 0)
    x, weight = torch.randn(5, 3, 1, time), torch.randn(3, 3, 1, 5)
    seen = []

    def twice(x):
        seen.append(x.shape)
        once = F.conv2d(x, weight, padding=(0, 2))
        return F.conv2d(once, weight, padding=(0, 4), dilation=(1, 2))

    whole = twice(x)
    torch.testing.assert_close(in_tiles(twice, x, Reach(6, 6)), whole, rtol=1e-4, atol=1e-4)
    assert max(shape[3] for shape in seen[1:]) <= 15 + 12


def test_tiles_are_longer_than_what_they_see_beside_them(monkeypatch):
    monkeypatch.setattr(channels_last, "TILE_SIZE", 1)
    lengths = []
    x = torch.randn(2, 3, 1, 100)
    found = in_tiles(lambda x: lengths.append(x.shape[3]) or x + 1, x, Reach(3, 2))
    assert torch.equal(found, x + 1)
    assert lengths == [22, 25, 25, 25, 23] * 2


@pytest.mark.parametrize("resblock", [1, 2])
def test_audio_without_gradients_is_that_with_them(monkeypatch, resblock):
    torch.manual_seed(0)
    generator = Generator(resblock, **GENERATOR).eval()
    for parameter in generator.parameters():  # the first weights are so small that everything would be zero
        nn.init.normal_(parameter, 0.0, 0.3)
    mel = torch.randn(2, 6, 50)
    expected, given = generator(x=mel).detach(), mel.clone()
    for size in (2**9, 2**11, 2**19):
        monkeypatch.setattr(channels_last, "TILE_SIZE", size)
        with torch.inference_mode():
            torch.testing.assert_close(generator(x=mel), expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(mel, given)


def test_traced_programs_take_any_length():
    generator = Generator(1, **GENERATOR).eval().requires_grad_(False)

    def audio(mel):
        return generator(x=mel)

    with torch.no_grad():
        traced = torch.jit.trace(audio, torch.randn(1, 6, 8))
        assert "aten::unsqueeze" not in str(traced.graph)
        mel = torch.randn(2, 6, 30)
        torch.testing.assert_close(traced(mel), generator(x=mel), rtol=1e-5, atol=1e-6)


def test_it_is_for_float32_without_gradients():
    assert not is_fast_here(torch.ones(1))
    with torch.no_grad():
        assert is_fast_here(torch.ones(1))
        assert not is_fast_here(torch.ones(1, dtype=torch.float64))
        assert not is_fast_here(torch.ones(1, device="meta"))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert not is_fast_here(torch.ones(1))
