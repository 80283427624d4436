"""HiFi-GAN's discriminators: is this audio real? (Kong et al., 2020, section 2.3; scales: Kumar et al., 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from nemo.collections.tts.modules.judgements import Judgement, Judgements, judge
from nemo.collections.tts.modules.weight_norm import weight_norm
from nemo.core.classes.neural_module import NeuralModule

SLOPE = 0.1
PERIODS = (2, 3, 5, 7, 11)
PERIOD_CHANNELS = (32, 128, 512, 1024, 1024)
SMALL_PERIOD_CHANNELS = (8, 12, 32, 64, 64)
SCALE_CHANNELS = (128, 128, 256, 512, 1024, 1024, 1024)
SMALL_SCALE_CHANNELS = (16, 16, 32, 32, 64, 64, 64)
"""The small ones are those of `debug: true`."""
SCALE_LAYERS = ((15, 1, 1), (41, 2, 4), (41, 2, 16), (41, 4, 16), (41, 4, 16), (41, 1, 16), (5, 1, 1))
"""Kernel, stride and groups of each convolution."""


class DiscriminatorP(nn.Module):
    """Sees audio folded to columns of one period: every `period`-th sample of it in a row."""

    def __init__(
        self, period: int, channels: Sequence[int], kernel: int = 5, stride: int = 3, slope: float = SLOPE
    ) -> None:
        super().__init__()
        self.period, self.slope = period, slope
        widths = [1, *channels]
        strides = [stride] * (len(channels) - 1) + [1]
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, (kernel, 1), (stride, 1), padding=(kernel // 2, 0)))
            for before, after, stride in zip(widths, channels, strides, strict=False)
        )
        self.conv_post = weight_norm(nn.Conv2d(channels[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, x: Tensor) -> Judgement:
        """Audio [B, 1, T] -> scores [B, N] and the outputs of the layers."""
        x = F.pad(x, (0, -x.shape[-1] % self.period), "reflect")
        x = x.unflatten(-1, (-1, self.period))
        outputs = []
        for layer in self.convs:
            x = F.leaky_relu(layer(x), self.slope)
            outputs.append(x)
        x = self.conv_post(x)
        outputs.append(x)
        return x.flatten(1), outputs


class DiscriminatorS(nn.Module):
    """Sees audio at one rate through grouped, strided convolutions."""

    def __init__(
        self, channels: Sequence[int], spectral: bool, layers: Sequence[tuple[int, int, int]] = SCALE_LAYERS
    ) -> None:
        super().__init__()
        norm = spectral_norm if spectral else weight_norm
        widths = [1, *channels]
        self.convs = nn.ModuleList(
            norm(nn.Conv1d(before, after, kernel, stride, padding=kernel // 2, groups=groups))
            for before, after, (kernel, stride, groups) in zip(widths, channels, layers, strict=False)
        )
        self.conv_post = norm(nn.Conv1d(channels[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> Judgement:
        """Audio [B, 1, T] -> scores [B, N] and the outputs of the layers."""
        outputs = []
        for layer in self.convs:
            x = F.leaky_relu(layer(x), SLOPE)
            outputs.append(x)
        x = self.conv_post(x)
        outputs.append(x)
        return x.flatten(1), outputs


class MultiPeriodDiscriminator(NeuralModule):
    """A discriminator for each of five periods.

    Args:
        debug: few channels, for tests.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__()
        channels = SMALL_PERIOD_CHANNELS if debug else PERIOD_CHANNELS
        self.discriminators = nn.ModuleList(DiscriminatorP(period, channels) for period in PERIODS)

    def forward(self, y: Tensor, y_hat: Tensor) -> Judgements:
        """Judges real audio `y` and generated `y_hat`, both [B, 1, T]."""
        return judge(self.discriminators, y, y_hat)


class MultiScaleDiscriminator(NeuralModule):
    """Discriminators for the audio itself, at half and at a quarter of its rate.

    Args:
        debug: few channels, for tests.
    """

    def __init__(self, debug: bool = False) -> None:
        super().__init__()
        channels = SMALL_SCALE_CHANNELS if debug else SCALE_CHANNELS
        self.discriminators = nn.ModuleList(DiscriminatorS(channels, spectral=number == 0) for number in range(3))
        self.meanpools = nn.ModuleList(nn.AvgPool1d(4, 2, padding=2) for _ in range(2))

    def forward(self, y: Tensor, y_hat: Tensor) -> Judgements:
        """Judges real audio `y` and generated `y_hat`, both [B, 1, T]."""
        return judge(self.discriminators, y, y_hat, self._hear)

    def _hear(self, audio: Tensor) -> list[Judgement]:
        judged = [self.discriminators[0](audio)]
        for pool, discriminator in zip(self.meanpools, list(self.discriminators)[1:], strict=True):
            audio = pool(audio)
            judged.append(discriminator(audio))
        return judged
