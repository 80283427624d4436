"""Tiny models that speak: untrained, but with durations of some frames a token."""

import copy

import torch

from nemo.collections.tts.models import FastPitchModel, HifiGanModel, Tacotron2Model, VitsModel
from tests.collections.tts.models.test_fastpitch import CONFIG as FASTPITCH
from tests.collections.tts.models.test_hifigan import CONFIG as HIFIGAN
from tests.collections.tts.models.test_hifigan import GENERATOR
from tests.collections.tts.models.test_tacotron2 import CONFIG as TACOTRON2
from tests.collections.tts.models.test_vits import CONFIG as VITS

FRAMES = 4
"""Of each token that FastPitch speaks."""


def fastpitch(**changes):
    torch.manual_seed(0)
    model = FastPitchModel({**copy.deepcopy(FASTPITCH), **changes}).eval()
    model.fastpitch.duration_predictor.fc.weight.data.zero_()
    model.fastpitch.duration_predictor.fc.bias.data.fill_(torch.log(torch.tensor(FRAMES + 1.0)))
    return model


def tacotron2():
    torch.manual_seed(0)
    model = Tacotron2Model(TACOTRON2).eval()
    model.decoder.gate_threshold = 1.0  # speaks to the last frame
    return model


def vits(n_speakers=0):
    torch.manual_seed(0)
    return VitsModel({**VITS, "n_speakers": n_speakers}).eval()


def hifigan(**changes):
    """A vocoder for the spectrograms of the others."""
    torch.manual_seed(0)
    settings = {"sample_rate": 8000, "n_window_stride": 128, "nfilt": 8, "highfreq": None, **changes}
    generator = {**GENERATOR, "upsample_rates": [16, 8], "upsample_kernel_sizes": [32, 16], "initial_input_size": 8}
    return HifiGanModel(
        {**HIFIGAN, "preprocessor": {**HIFIGAN["preprocessor"], **settings}, "generator": generator}
    ).eval()
