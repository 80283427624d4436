"""UnivNet's generator against the implementation in transformers, and its convolution against a loop."""

import torch
import torch.nn.functional as F
from transformers import UnivNetConfig, UnivNetModel

from nemo.collections.tts.modules.univnet import Generator, location_variable_convolution

SIZES = {"noise_dim": 64, "channel_size": 4, "dilations": [1, 3], "strides": [4, 3], "n_mel_channels": 5}


def test_every_frame_is_convolved_with_its_own_kernel():
    torch.manual_seed(0)
    hop, frames = 4, 3
    x, kernels, biases = torch.randn(2, 5, hop * frames), torch.randn(2, 5, 6, 3, frames), torch.randn(2, 6, frames)
    found = location_variable_convolution(x, kernels, biases, hop)
    for row in range(2):
        for frame in range(frames):
            kernel = kernels[row, ..., frame].transpose(0, 1)
            whole = F.conv1d(x[row], kernel, biases[row, :, frame], padding=1)
            span = slice(frame * hop, (frame + 1) * hop)
            torch.testing.assert_close(found[row, :, span], whole[:, span])


def as_transformers_names(state):
    """Our names -> those of transformers without weight norm."""
    names = {}
    for name, value in state.items():
        parts = name.split(".")
        if parts[0] == "res_stack":
            parts[0] = "resblocks"
            if parts[2] == "convt_pre":
                parts.pop(3)
            elif parts[2] == "conv_blocks":
                parts[2:5] = ["resblocks", parts[3], "conv"]
            elif parts[3] == "input_conv":
                parts.pop(4)
            elif parts[3] == "residual_convs":
                parts[3:6] = ["resblocks", parts[4], {"1": "conv1", "3": "conv2"}[parts[5]]]
        elif parts[0] == "conv_post":
            parts.pop(1)
        names[".".join(parts)] = value
    return names


@torch.no_grad()
def test_it_makes_the_audio_of_transformers():
    torch.manual_seed(0)
    ours = Generator(**SIZES).eval()
    theirs = UnivNetModel(
        UnivNetConfig(
            model_in_channels=64,
            model_hidden_channels=4,
            num_mel_bins=5,
            resblock_kernel_sizes=[3, 3],
            resblock_stride_sizes=[4, 3],
            resblock_dilation_sizes=[[1, 3], [1, 3]],
            kernel_predictor_hidden_channels=64,
        )
    ).eval()
    mel, noise = torch.randn(2, 5, 7), torch.randn(2, 64, 7)
    audio = ours(x=mel, z=noise)
    assert audio.shape == (2, 1, 84)
    ours.remove_weight_norm()
    torch.testing.assert_close(ours(x=mel, z=noise), audio, atol=1e-6, rtol=0)
    theirs.load_state_dict(as_transformers_names(ours.state_dict()))
    found = theirs(input_features=mel.transpose(1, 2), noise_sequence=noise.transpose(1, 2)).waveforms
    torch.testing.assert_close(audio[:, 0], found, atol=1e-6, rtol=0)
