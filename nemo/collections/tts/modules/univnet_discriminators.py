"""UnivNet's discriminators of spectrograms, and those of periods as its configs size them (Jang et al., 2021, 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.hifigan_discriminators import DiscriminatorP
from nemo.collections.tts.modules.judgements import Judgement, Judgements, judge
from nemo.collections.tts.modules.weight_norm import weight_norm
from nemo.core.classes.neural_module import NeuralModule

PERIOD_CHANNELS = (64, 128, 256, 512, 1024)
SMALL_PERIOD_CHANNELS = (8, 8, 16, 16, 16)
"""Those of `debug: true`."""
CHANNELS = 32
SMALL_CHANNELS = 4
LAYERS = (((3, 9), 1), ((3, 9), 2), ((3, 9), 2), ((3, 9), 2), ((3, 3), 1))
"""Kernel over frames and frequencies, and stride over frequencies, of each convolution."""


class DiscriminatorR(nn.Module):
    """Sees the magnitudes of audio at one resolution.

    Args:
        resolution: length of the Fourier transform, hop and window, in samples.
        slope: of the leaky rectifiers.
        channels: of the convolutions.
    """

    window: Tensor

    def __init__(self, resolution: Sequence[int], slope: float, channels: int) -> None:
        super().__init__()
        self.n_fft, self.hop_length, self.win_length = resolution
        self.slope = slope
        self.register_buffer("window", torch.hann_window(self.win_length), persistent=False)
        self.convs = nn.ModuleList(
            weight_norm(
                nn.Conv2d(
                    channels if layer else 1, channels, kernel, (1, stride), padding=(kernel[0] // 2, kernel[1] // 2)
                )
            )
            for layer, (kernel, stride) in enumerate(LAYERS)
        )
        self.conv_post = weight_norm(nn.Conv2d(channels, 1, (3, 3), padding=(1, 1)))

    def forward(self, x: Tensor) -> Judgement:
        """Audio [B, 1, T] -> scores [B, N] and the outputs of the layers."""
        edge = (self.n_fft - self.hop_length) // 2
        audio = F.pad(x, (edge, edge), "reflect")[:, 0]
        spectrum = torch.stft(
            audio, self.n_fft, self.hop_length, self.win_length, self.window, center=False, return_complex=True
        )
        x = spectrum.abs()[:, None]
        outputs = []
        for layer in self.convs:
            x = F.leaky_relu(layer(x), self.slope)
            outputs.append(x)
        x = self.conv_post(x)
        outputs.append(x)
        return x.flatten(1), outputs


class MultiPeriodDiscriminator(NeuralModule):
    """A discriminator for each period.

    Args:
        cfg: `periods`, `kernel_size`, `stride` and `lReLU_slope`.
        debug: few channels, for tests.
    """

    def __init__(self, cfg: Any, debug: bool = False) -> None:
        super().__init__()
        channels = SMALL_PERIOD_CHANNELS if debug else PERIOD_CHANNELS
        self.discriminators = nn.ModuleList(
            DiscriminatorP(period, channels, cfg.kernel_size, cfg.stride, cfg.lReLU_slope) for period in cfg.periods
        )

    def forward(self, y: Tensor, y_hat: Tensor) -> Judgements:
        """Judges real audio `y` and generated `y_hat`, both [B, 1, T]."""
        return judge(self.discriminators, y, y_hat)


class MultiResolutionDiscriminator(NeuralModule):
    """A discriminator for each resolution of spectrograms.

    Args:
        cfg: `resolutions`, each [n_fft, hop, window] in samples, and `lReLU_slope`.
        debug: few channels, for tests.
    """

    def __init__(self, cfg: Any, debug: bool = False) -> None:
        super().__init__()
        channels = SMALL_CHANNELS if debug else CHANNELS
        self.discriminators = nn.ModuleList(
            DiscriminatorR(resolution, cfg.lReLU_slope, channels) for resolution in cfg.resolutions
        )

    def forward(self, y: Tensor, y_hat: Tensor) -> Judgements:
        """Judges real audio `y` and generated `y_hat`, both [B, 1, T]."""
        return judge(self.discriminators, y, y_hat)
