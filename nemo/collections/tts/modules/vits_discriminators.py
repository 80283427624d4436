"""VITS's discriminators: one of the audio itself, then those of HiFi-GAN's periods (Kim, Kong and Son, 2021, 2.3)."""

from __future__ import annotations

from torch import Tensor, nn

from nemo.collections.tts.modules.hifigan_discriminators import (
    PERIOD_CHANNELS,
    PERIODS,
    SMALL_PERIOD_CHANNELS,
    DiscriminatorP,
    DiscriminatorS,
)
from nemo.collections.tts.modules.judgements import Judgements, judge
from nemo.core.classes.neural_module import NeuralModule

CHANNELS = (16, 64, 256, 1024, 1024, 1024)
SMALL_CHANNELS = (4, 8, 16, 16, 16, 16)
"""Those of `debug: true`."""
LAYERS = ((15, 1, 1), (41, 4, 4), (41, 4, 16), (41, 4, 64), (41, 4, 256), (5, 1, 1))
"""Kernel, stride and groups of each convolution."""
SMALL_LAYERS = ((15, 1, 1), (41, 4, 4), (41, 4, 4), (41, 4, 4), (41, 4, 4), (5, 1, 1))


class MultiPeriodDiscriminator(NeuralModule):
    """All of them.

    Args:
        debug: few channels, for tests.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__()
        of_periods = SMALL_PERIOD_CHANNELS if debug else PERIOD_CHANNELS
        channels, layers = (SMALL_CHANNELS, SMALL_LAYERS) if debug else (CHANNELS, LAYERS)
        whole = DiscriminatorS(channels, spectral=False, layers=layers)
        self.discriminators = nn.ModuleList([whole, *(DiscriminatorP(period, of_periods) for period in PERIODS)])

    def forward(self, y: Tensor, y_hat: Tensor) -> Judgements:
        """Judges real audio `y` and generated `y_hat`, both [B, 1, T]."""
        return judge(self.discriminators, y, y_hat)
