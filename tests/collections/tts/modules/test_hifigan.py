"""The generator: shapes, weight norms, and errors."""

import copy

import pytest
import torch

from nemo.collections.tts.modules.hifigan import Generator
from nemo.utils.exceptions import ConfigError

SMALL = {
    "resblock": 1,
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 3]],
    "initial_input_size": 6,
}


@pytest.fixture(params=[1, 2])
def generator(request):
    torch.manual_seed(0)
    network = Generator(**{**SMALL, "resblock": request.param})
    for parameter in network.parameters():  # the first weights are so small that everything would be zero
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    return network.eval()


def test_each_frame_becomes_a_hop_of_audio_between_minus_one_and_one(generator):
    audio = generator(x=torch.randn(2, 6, 5))
    assert audio.shape == (2, 1, 5 * 8)
    assert generator.hop_length == 8
    assert 0.01 < audio.abs().max() <= 1


def test_without_its_weight_norms_it_computes_the_same(generator):
    mel = torch.randn(1, 6, 7)
    folded = copy.deepcopy(generator)
    folded.remove_weight_norm()
    assert not any(name.endswith("weight_g") for name in folded.state_dict())
    torch.testing.assert_close(folded(x=mel), generator(x=mel), rtol=1e-5, atol=1e-6)


def test_weight_norm_is_length_times_direction(generator):
    state = generator.state_dict()
    length, direction = state["conv_pre.weight_g"], state["conv_pre.weight_v"]
    expected = length * direction / direction.pow(2).sum(dim=(1, 2), keepdim=True).sqrt()
    torch.testing.assert_close(generator.conv_pre.weight, expected)


def test_its_own_state_dict_loads_strictly(generator):
    other = copy.deepcopy(generator)
    for parameter in other.parameters():
        torch.nn.init.zeros_(parameter)
    assert other.load_state_dict(generator.state_dict(), strict=True)
    mel = torch.randn(1, 6, 3)
    assert torch.equal(other(x=mel), generator(x=mel))


def test_chunks_with_enough_context_are_the_whole(generator):
    mel = torch.randn(1, 6, 60)
    whole = generator(x=mel)
    context = 12  # frames; more than the network sees to each side
    middle = generator(x=mel[:, :, 20 - context : 40 + context])
    hop = generator.hop_length
    torch.testing.assert_close(middle[..., context * hop : (context + 20) * hop], whole[..., 20 * hop : 40 * hop])


def test_lists_that_do_not_fit_are_named():
    with pytest.raises(ConfigError, match="upsample_rates has 2 items and generator.upsample_kernel_sizes 1"):
        Generator(**{**SMALL, "upsample_kernel_sizes": [8]})
    with pytest.raises(ConfigError, match="resblock is 3"):
        Generator(**{**SMALL, "resblock": 3})
