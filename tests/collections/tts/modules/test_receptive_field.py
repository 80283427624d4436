"""How far generators see, against the gradients of what one frame sounds like."""

import pytest
import torch

from nemo.collections.tts.modules import hifigan, univnet

BANDS = 4
V1 = {
    "resblock": 1,
    "upsample_rates": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    "upsample_initial_channel": 32,
    "initial_input_size": BANDS,
}
V3 = {
    **V1,
    "resblock": 2,
    "upsample_rates": [8, 8, 4],
    "upsample_kernel_sizes": [16, 16, 8],
    "resblock_kernel_sizes": [3, 5, 7],
    "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]],
}
HIFIGANS = {
    "v1": V1,
    "v2": {**V1, "upsample_initial_channel": 16},
    "v3": V3,
    "44100": {**V1, "upsample_rates": [8, 8, 4, 2], "upsample_kernel_sizes": [16, 16, 4, 4]},
    "lopsided": {**V3, "upsample_rates": [3, 2], "upsample_kernel_sizes": [5, 7]},
}


def loud(generator):
    """Weights so large that nothing vanishes, in double precision."""
    torch.manual_seed(0)
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    return generator.double().eval()


def seen_by(audio, hop, frame, values):
    """How many frames before and after its own the audio of a frame depends on."""
    (gradient,) = torch.autograd.grad(audio[..., frame * hop : (frame + 1) * hop].sum(), values, retain_graph=True)
    frames = gradient[0].abs().sum(0).nonzero()[:, 0]
    return frame - int(frames.min()), int(frames.max()) - frame


@pytest.mark.parametrize("name", HIFIGANS)
def test_hifigan_sees_as_far_as_computed(name):
    generator = loud(hifigan.Generator(**HIFIGANS[name]))
    mel = torch.randn(1, BANDS, 61, dtype=torch.float64, requires_grad=True)
    seen = seen_by(generator(x=mel), generator.hop_length, 30, mel)
    assert max(seen) == generator.context_frames
    assert {"v1": 13, "v2": 13, "v3": 11}.get(name, generator.context_frames) == generator.context_frames


@pytest.mark.parametrize("strides", [(8, 8, 4), (3, 2)])
def test_univnet_sees_as_far_as_computed(strides):
    generator = loud(univnet.Generator(noise_dim=3, channel_size=2, strides=strides, n_mel_channels=BANDS))
    half = generator.context_frames + 2
    mel, noise = (torch.randn(1, size, 2 * half, dtype=torch.float64, requires_grad=True) for size in (BANDS, 3))
    audio = generator(x=mel, z=noise)
    seen = [*seen_by(audio, generator.hop_length, half, mel), *seen_by(audio, generator.hop_length, half, noise)]
    assert max(seen) == generator.context_frames
