"""UnivNet's generator: noise shaped by convolutions whose kernels follow the spectrogram (Jang et al., 2021).

noise [B, N, F] -> convolution [B, C, F] -> for each stride s: transposed convolution, F * s, then dilated
convolutions, each gated by one whose kernels a network makes of each mel frame -> audio [B, 1, T]
B batch, N noise channels, F frames, C channels, D mel bands, T samples: F times the product of the strides.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.tts.modules.receptive_field import Reach, widest
from nemo.collections.tts.modules.weight_norm import remove_weight_norm, weight_norm
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.neural_types import AudioSignal, MelSpectrogramType, NeuralType

KERNEL = 3
"""Of the convolutions whose kernels are predicted, and of the dilated ones before them."""
PREDICTOR_CHANNELS = 64
PREDICTOR_BLOCKS = 3


def location_variable_convolution(x: Tensor, kernels: Tensor, biases: Tensor, hop_length: int) -> Tensor:
    """A convolution of which every frame has its own kernel (Zeng et al., 2021, LVCNet).

    Args:
        x: [B, C, F * hop_length].
        kernels: [B, C, C', K, F].
        biases: [B, C', F].
        hop_length: samples of a frame.

    Returns:
        [B, C', F * hop_length].
    """
    taps, samples = kernels.shape[3], x.shape[2]
    padded = F.pad(x, (taps // 2, taps // 2))
    seen = [padded[:, :, tap : tap + samples].unflatten(2, (-1, hop_length)) for tap in range(taps)]
    out = torch.einsum("bifsk,biokf->bofs", torch.stack(seen, dim=-1), kernels) + biases[..., None]
    return out.flatten(2)


class KernelPredictor(nn.Module):
    """Makes kernels and biases of each frame of a spectrogram."""

    def __init__(self, bands: int, channels: int, layers: int, slope: float, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.channels, self.layers = channels, layers
        hidden, padding = PREDICTOR_CHANNELS, (kernel_size - 1) // 2
        kernels = channels * 2 * channels * KERNEL * layers

        def convolution(outputs: int) -> nn.Module:
            return weight_norm(nn.Conv1d(hidden, outputs, kernel_size, padding=padding))

        self.input_conv = nn.Sequential(weight_norm(nn.Conv1d(bands, hidden, 5, padding=2)), nn.LeakyReLU(slope))
        self.residual_convs = nn.ModuleList(
            nn.Sequential(
                nn.Dropout(dropout), convolution(hidden), nn.LeakyReLU(slope), convolution(hidden), nn.LeakyReLU(slope)
            )
            for _ in range(PREDICTOR_BLOCKS)
        )
        self.kernel_conv = convolution(kernels)
        self.bias_conv = convolution(2 * channels * layers)

    def forward(self, spec: Tensor) -> tuple[Tensor, Tensor]:
        """[B, D, F] -> kernels [B, layers, C, 2 * C, K, F] and biases [B, layers, 2 * C, F]."""
        x = self.input_conv(spec)
        for block in self.residual_convs:
            x = x + block(x)
        shape = (self.layers, self.channels, 2 * self.channels, KERNEL)
        return self.kernel_conv(x).unflatten(1, shape), self.bias_conv(x).unflatten(1, (self.layers, -1))

    def reach(self, reach: Reach) -> Reach:
        """Of the spectrogram, where that of the kernels is given."""
        inside = [layer for block in self.residual_convs for layer in (block[1], block[3])]  # type: ignore[index]
        return reach.through_convolutions([self.input_conv[0], *inside, self.kernel_conv])


class LVCBlock(nn.Module):
    """Widens by a stride, then gates dilated convolutions by location-variable ones."""

    def __init__(
        self,
        channels: int,
        bands: int,
        stride: int,
        dilations: Sequence[int],
        slope: float,
        hop_length: int,
        kpnet_conv_size: int,
    ) -> None:
        super().__init__()
        self.hop_length = hop_length
        self.kernel_predictor = KernelPredictor(bands, channels, len(dilations), slope, kpnet_conv_size, dropout=0.0)
        odd = stride % 2
        widening = nn.ConvTranspose1d(
            channels, channels, 2 * stride, stride, padding=stride // 2 + odd, output_padding=odd
        )
        self.convt_pre = nn.Sequential(nn.LeakyReLU(slope), weight_norm(widening))
        self.conv_blocks = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(slope),
                weight_norm(nn.Conv1d(channels, channels, KERNEL, padding=dilation, dilation=dilation)),
                nn.LeakyReLU(slope),
            )
            for dilation in dilations
        )

    def forward(self, x: Tensor, spec: Tensor) -> Tensor:
        """[B, C, T], [B, D, F] -> [B, C, T * stride]."""
        x = self.convt_pre(x)
        kernels, biases = self.kernel_predictor(spec)
        for layer, block in enumerate(self.conv_blocks):
            out = location_variable_convolution(block(x), kernels[:, layer], biases[:, layer], self.hop_length)
            sigmoid, tanh = out.chunk(2, dim=1)
            x = x + torch.sigmoid(sigmoid) * torch.tanh(tanh)
        return x

    def reach(self, reach: Reach) -> tuple[Reach, Reach]:
        """Of the input at its own rate, and of the spectrogram in frames, where that of the output is given."""
        frames = []
        for block in reversed(self.conv_blocks):
            frames.append(reach.in_frames(self.hop_length))  # those whose kernels are needed
            gate = Reach(reach.before + KERNEL // 2, reach.after + KERNEL // 2)
            reach = gate.through_convolution(block[1])  # type: ignore[index]  # of a Sequential
        spec = self.kernel_predictor.reach(widest(frames))
        return reach.through_transposed(self.convt_pre[1]), spec


class Generator(NeuralModule):
    """Turns noise and mel spectrograms into audio.

    Args:
        noise_dim: N.
        channel_size: C.
        dilations: of the convolutions in each block.
        strides: of the blocks; their product is the hop of the spectrogram.
        lReLU_slope: of the leaky rectifiers.
        kpnet_conv_size: kernel inside of the networks that make kernels, odd.
        n_mel_channels: D.
    """

    def __init__(
        self,
        noise_dim: int = 64,
        channel_size: int = 32,
        dilations: Sequence[int] = (1, 3, 9, 27),
        strides: Sequence[int] = (8, 8, 4),
        lReLU_slope: float = 0.2,  # the name is that of configs
        kpnet_conv_size: int = 3,
        n_mel_channels: int = 80,
    ) -> None:
        super().__init__()
        self.noise_dim, self.n_mel_channels = noise_dim, n_mel_channels
        self.hop_length = 1
        self.res_stack = nn.ModuleList()
        for stride in strides:
            self.hop_length *= stride
            self.res_stack.append(
                LVCBlock(channel_size, n_mel_channels, stride, dilations, lReLU_slope, self.hop_length, kpnet_conv_size)
            )
        self.conv_pre = weight_norm(nn.Conv1d(noise_dim, channel_size, 7, padding=3, padding_mode="reflect"))
        self.conv_post = nn.Sequential(
            nn.LeakyReLU(lReLU_slope),
            weight_norm(nn.Conv1d(channel_size, 1, 7, padding=3, padding_mode="reflect")),
            nn.Tanh(),
        )

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-mel spectrograms, and noise of the same frames."""
        return {
            "x": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "z": NeuralType(("B", "D", "T"), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Audio between -1 and 1."""
        return {"audio": NeuralType(("B", "S", "T"), AudioSignal())}

    @typecheck()
    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        """Audio of spectrograms.

        Args:
            x: [B, D, F] log-mel spectrograms; at least 4 frames.
            z: [B, N, F] noise; None draws it from PyTorch's default generator.

        Returns:
            [B, 1, F * hop_length].
        """
        if z is None:
            z = torch.randn(x.shape[0], self.noise_dim, x.shape[2], device=x.device, dtype=x.dtype)
        audio = self.conv_pre(z)
        for block in self.res_stack:
            audio = block(audio, x)
        return self.conv_post(audio)

    @property
    def context_frames(self) -> int:
        """Frames before and after its own that a sample may depend on."""
        reach, specs = Reach().through_convolution(self.conv_post[1]), []
        for block in reversed(self.res_stack):
            reach, spec = block.reach(reach)  # type: ignore[operator]  # an LVCBlock
            specs.append(spec)
        seen = widest([reach.through_convolution(self.conv_pre), *specs])
        return max(seen.before, seen.after)

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same audio, a little faster. Training goes on without them."""
        remove_weight_norm(self)
