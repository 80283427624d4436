"""Discriminators of codecs: of periods (Kong et al., 2020) and of complex spectrograms (Défossez et al., 2022)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.codec_layers import Conv2dNorm
from nemo.collections.tts.modules.judgements import Judgement, Judgements, judge
from nemo.core.classes.neural_module import NeuralModule

PERIOD_CHANNELS = (32, 128, 512, 1024, 1024)
CHANNELS = 32
"""Of the discriminators of spectrograms."""


class PeriodDiscriminator(nn.Module):
    """Sees audio folded to columns of one period.

    Args:
        period: samples.
        lrelu_slope: of the leaky rectifiers.
    """

    def __init__(self, period: int, lrelu_slope: float = 0.1) -> None:
        super().__init__()
        self.period = period
        self.activation = nn.LeakyReLU(lrelu_slope)
        widths = [1, *PERIOD_CHANNELS]
        strides = [3] * (len(PERIOD_CHANNELS) - 1) + [1]
        self.conv_layers = nn.ModuleList(
            Conv2dNorm(before, after, (5, 1), (stride, 1))
            for before, after, stride in zip(widths, PERIOD_CHANNELS, strides, strict=False)
        )
        self.conv_post = Conv2dNorm(PERIOD_CHANNELS[-1], 1, (3, 1))

    def forward(self, audio: Tensor) -> Judgement:
        """Audio [B, T] -> scores [B, period, N] and the outputs of the layers."""
        x = F.pad(audio[:, None], (0, -audio.shape[1] % self.period), "reflect").unflatten(-1, (-1, self.period))
        score, outputs = _through(self, x)
        return score[:, 0].transpose(1, 2), outputs


class DiscriminatorSTFT(nn.Module):
    """Sees the complex spectrogram at one resolution.

    Args:
        resolution: length of the Fourier transform, hop and window, in samples.
        lrelu_slope: of the leaky rectifiers.
    """

    window: Tensor

    def __init__(self, resolution: Sequence[int], lrelu_slope: float = 0.1) -> None:
        super().__init__()
        self.n_fft, self.hop_length, self.win_length = resolution
        self.register_buffer("window", torch.hann_window(self.win_length, periodic=False))
        self.activation = nn.LeakyReLU(lrelu_slope)
        self.conv_layers = nn.ModuleList(
            [
                Conv2dNorm(2, CHANNELS, (3, 9)),
                *(Conv2dNorm(CHANNELS, CHANNELS, (3, 9), (1, 2), (dilation, 1)) for dilation in (1, 2, 4)),
                Conv2dNorm(CHANNELS, CHANNELS, (3, 3)),
            ]
        )
        self.conv_post = Conv2dNorm(CHANNELS, 1, (3, 3))

    def forward(self, audio: Tensor) -> Judgement:
        """Audio [B, T] -> scores [B, F, N] and the outputs of the layers."""
        spectrum = torch.stft(
            audio, self.n_fft, self.hop_length, self.win_length, self.window, normalized=True, return_complex=True
        )
        x = torch.view_as_real(spectrum).permute(0, 3, 2, 1)  # [B, 2, F, n_fft // 2 + 1]
        score, outputs = _through(self, x)
        return score[:, 0], outputs


def _through(network: PeriodDiscriminator | DiscriminatorSTFT, x: Tensor) -> Judgement:
    outputs = []
    for layer in network.conv_layers:
        x = network.activation(layer(x))
        outputs.append(x)
    return network.conv_post(x), outputs


class MultiPeriodDiscriminator(NeuralModule):
    """A discriminator for each period.

    Args:
        periods: samples of each.
        lrelu_slope: of the leaky rectifiers.
    """

    def __init__(self, periods: Sequence[int] = (2, 3, 5, 7, 11), lrelu_slope: float = 0.1) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(PeriodDiscriminator(period, lrelu_slope) for period in periods)

    def forward(self, audio_real: Tensor, audio_gen: Tensor) -> Judgements:
        """Judges real and generated audio, [B, T] each."""
        return judge(self.discriminators, audio_real, audio_gen)


class MultiResolutionDiscriminatorSTFT(NeuralModule):
    """A discriminator for each resolution of spectrograms.

    Args:
        resolutions: length of the Fourier transform, hop and window of each, in samples.
        lrelu_slope: of the leaky rectifiers.
    """

    def __init__(self, resolutions: Sequence[Sequence[int]], lrelu_slope: float = 0.1) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(DiscriminatorSTFT(each, lrelu_slope) for each in resolutions)

    def forward(self, audio_real: Tensor, audio_gen: Tensor) -> Judgements:
        """Judges real and generated audio, [B, T] each."""
        return judge(self.discriminators, audio_real, audio_gen)


class Discriminator(NeuralModule):
    """Several groups of discriminators as one.

    Args:
        discriminators: the groups.
    """

    def __init__(self, discriminators: Iterable[NeuralModule]) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(discriminators)

    def forward(self, audio_real: Tensor, audio_gen: Tensor) -> Judgements:
        """Judges real and generated audio, [B, T] each."""
        found = [group(audio_real=audio_real, audio_gen=audio_gen) for group in self.discriminators]
        real, generated, layers_real, layers_generated = (list(chain(*kind)) for kind in zip(*found, strict=True))
        return real, generated, layers_real, layers_generated
