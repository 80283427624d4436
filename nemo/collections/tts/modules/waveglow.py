"""WaveGlow: noise into audio and back by a chain of steps that can be inverted (Prenger, Valle and Catanzaro, 2019).

audio [B, T] -> groups [B, G, T / G] -> for each flow: 1x1 convolution, then half of the channels scales and shifts the
other half, as a WaveNet says that sees the mel spectrogram -> noise [B, G, T / G]
B batch, T samples, G group, D mel bands, F frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nemo.collections.tts.modules.weight_norm import remove_weight_norm, weight_norm
from nemo.core.classes.neural_module import NeuralModule
from nemo.utils.exceptions import ConfigError, ShapeError

HOP = 256
"""Samples of a frame; the original does not let configs choose it."""
UPSAMPLING_KERNEL = 1024


class Invertible1x1Conv(nn.Module):
    """Mixes channels by a matrix that can be inverted; it begins as a rotation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 1, bias=False)
        rotation = torch.linalg.qr(torch.randn(channels, channels))[0]
        if torch.det(rotation) < 0:
            rotation[:, 0] = -rotation[:, 0]
        self.conv.weight.data = rotation[..., None].contiguous()
        self.register_load_state_dict_pre_hook(_leave_out_inverse)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """[B, G, T] mixed, and the logarithm of the determinant for the whole batch."""
        log_determinant = z.shape[0] * z.shape[2] * torch.logdet(self.conv.weight[..., 0].float())
        return self.conv(z), log_determinant

    def inverse_matrix(self) -> Tensor:
        """[G, G], which takes the mixing back."""
        weight = self.conv.weight[..., 0]
        return weight.float().inverse().to(weight.dtype)


def _leave_out_inverse(module: nn.Module, state: dict[str, Any], prefix: str, *others: Any) -> None:
    state.pop(f"{prefix}inv_conv.weight", None)  # archives that were saved after speaking have it; it is computed here


class WaveNet(nn.Module):
    """Gated, dilated convolutions that see one half of the channels and the spectrogram.

    Args:
        n_in_channels: channels of the half.
        n_mel_channels: of the spectrogram, folded to the rate of the groups.
        n_layers: layers; the dilation of each is twice that of the one before.
        n_channels: inside.
        kernel_size: odd.
    """

    def __init__(
        self, n_in_channels: int, n_mel_channels: int, n_layers: int, n_channels: int, kernel_size: int
    ) -> None:
        super().__init__()
        self.n_layers, self.n_channels = n_layers, n_channels
        self.start = weight_norm(nn.Conv1d(n_in_channels, n_channels, 1))
        self.end = nn.Conv1d(n_channels, 2 * n_in_channels, 1)
        nn.init.zeros_(self.end.weight)  # every flow begins as the identity
        nn.init.zeros_(self.end.bias)  # type: ignore[arg-type]  # it has one
        self.cond_layer = weight_norm(nn.Conv1d(n_mel_channels, 2 * n_channels * n_layers, 1))
        self.in_layers, self.res_skip_layers = nn.ModuleList(), nn.ModuleList()
        for layer in range(n_layers):
            dilation = 2**layer
            padding = (kernel_size - 1) * dilation // 2
            gated = nn.Conv1d(n_channels, 2 * n_channels, kernel_size, dilation=dilation, padding=padding)
            self.in_layers.append(weight_norm(gated))
            both = n_channels if layer == n_layers - 1 else 2 * n_channels
            self.res_skip_layers.append(weight_norm(nn.Conv1d(n_channels, both, 1)))

    def forward(self, audio: Tensor, spec: Tensor) -> tuple[Tensor, Tensor]:
        """Logarithms of scales, and shifts, of the other half [B, G / 2, T]."""
        x = self.start(audio)
        skipped = torch.zeros_like(x)
        conditions = self.cond_layer(spec).chunk(self.n_layers, dim=1)
        for gated, mixing, condition in zip(self.in_layers, self.res_skip_layers, conditions, strict=True):
            tanh, sigmoid = (gated(x) + condition).chunk(2, dim=1)
            mixed = mixing(torch.tanh(tanh) * torch.sigmoid(sigmoid))
            if mixing.out_channels > self.n_channels:  # type: ignore[operator]  # a Conv1d's number
                residual, mixed = mixed.chunk(2, dim=1)
                x = x + residual
            skipped = skipped + mixed
        shift, log_scale = self.end(skipped).chunk(2, dim=1)
        return log_scale, shift


class WaveGlowModule(NeuralModule):
    """The chain of flows.

    Args:
        n_mel_channels: D.
        n_flows: flows.
        n_group: G, samples that are seen as channels; even.
        n_early_every: after so many flows some channels are already noise.
        n_early_size: how many; even.
        n_wn_channels: channels inside of each WaveNet.
        n_wn_layers: layers of each.
        wn_kernel_size: kernel of each, odd.

    Raises:
        ConfigError: sizes that do not fit each other.
    """

    def __init__(
        self,
        n_mel_channels: int,
        n_flows: int,
        n_group: int,
        n_early_every: int,
        n_early_size: int,
        n_wn_channels: int,
        n_wn_layers: int,
        wn_kernel_size: int,
    ) -> None:
        super().__init__()
        left = n_group - n_early_size * ((n_flows - 1) // n_early_every)
        if n_group % 2 or n_early_size % 2 or HOP % n_group or left < 2:
            raise ConfigError(
                f"waveglow.n_group is {n_group}, n_early_size {n_early_size} every {n_early_every} of {n_flows} flows; "
                f"{left} channels are left. Expected even sizes, a divisor of {HOP} as the group, and 2 or more left."
            )
        if wn_kernel_size % 2 == 0:
            raise ConfigError(f"waveglow.wn_kernel_size is {wn_kernel_size}. Expected an odd number.")
        self.n_group, self.n_early_every, self.n_early_size = n_group, n_early_every, n_early_size
        self.n_mel_channels, self.n_remaining_channels = n_mel_channels, left
        self.upsample = nn.ConvTranspose1d(n_mel_channels, n_mel_channels, UPSAMPLING_KERNEL, stride=HOP)
        self.wavenet, self.convinv = nn.ModuleList(), nn.ModuleList()
        channels = n_group
        for flow in range(n_flows):
            if self._gives_noise(flow):
                channels -= n_early_size
            self.convinv.append(Invertible1x1Conv(channels))
            self.wavenet.append(
                WaveNet(channels // 2, n_mel_channels * n_group, n_wn_layers, n_wn_channels, wn_kernel_size)
            )

    def _gives_noise(self, flow: int) -> bool:
        """Whether some channels leave the chain before this flow."""
        return flow > 0 and flow % self.n_early_every == 0

    def forward(self, spec: Tensor, audio: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Audio to noise.

        Args:
            spec: [B, D, F] log-mel spectrograms.
            audio: [B, T]; T is a multiple of the group and at most 256 * (F + 3).

        Returns:
            Noise [B, G, T / G]; the sum of logarithms of scales, and of determinants, for the whole batch.
        """
        if audio.shape[1] % self.n_group:
            raise ShapeError(
                f"WaveGlowModule got audio {list(audio.shape)}; it expects a multiple of n_group={self.n_group} "
                "samples. Cut the audio to one."
            )
        condition = self._condition(spec, audio.shape[1])
        z = audio.unflatten(1, (-1, self.n_group)).transpose(1, 2)
        early: list[Tensor] = []
        log_scales, log_determinants = z.new_zeros(()), z.new_zeros(())
        for flow, (mixing, network) in enumerate(zip(self.convinv, self.wavenet, strict=True)):
            if self._gives_noise(flow):
                early.append(z[:, : self.n_early_size])
                z = z[:, self.n_early_size :]
            z, log_determinant = mixing(z)
            kept, changed = z.chunk(2, dim=1)
            log_scale, shift = network(kept, condition)
            z = torch.cat([kept, log_scale.exp() * changed + shift], dim=1)
            log_scales = log_scales + log_scale.sum()
            log_determinants = log_determinants + log_determinant
        return torch.cat([*early, z], dim=1), log_scales, log_determinants

    def inverse_matrices(self) -> list[Tensor]:
        """For each flow the matrix [G, G] that takes its mixing back."""
        return [mixing.inverse_matrix() for mixing in self.convinv]  # type: ignore[operator]  # an Invertible1x1Conv

    def norm_dist_to_audio(
        self,
        spec: Tensor,
        z: Tensor | None = None,
        sigma: float = 1.0,
        inverse_matrices: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Noise to audio, the inverse of :meth:`forward`.

        Args:
            spec: [B, D, F] log-mel spectrograms.
            z: [B, G, T / G] noise; None draws it from PyTorch's default generator.
            sigma: deviation of the noise that is drawn.
            inverse_matrices: as :meth:`inverse_matrices` gives them; None: they are computed.

        Returns:
            [B, T]; T is 256 times F where the noise is drawn.
        """
        matrices = self.inverse_matrices() if inverse_matrices is None else inverse_matrices
        samples = spec.shape[2] * HOP if z is None else z.shape[2] * self.n_group
        condition = self._condition(spec, samples)
        if z is None:
            z = self._noise(condition, sigma)
        early, x = z.split([self.n_group - self.n_remaining_channels, self.n_remaining_channels], dim=1)
        for flow in reversed(range(len(self.convinv))):
            kept, changed = x.chunk(2, dim=1)
            log_scale, shift = self.wavenet[flow](kept, condition)
            x = torch.cat([kept, (changed - shift) / log_scale.exp()], dim=1)
            x = nn.functional.conv1d(x, matrices[flow].to(x.dtype)[..., None])
            if self._gives_noise(flow):
                x = torch.cat([early[:, -self.n_early_size :], x], dim=1)
                early = early[:, : -self.n_early_size]
        return x.transpose(1, 2).flatten(1)

    def _noise(self, condition: Tensor, sigma: float) -> Tensor:
        """[B, G, T / G]; what the original draws from the same seed lands in the same channels."""
        size = (condition.shape[0], self.n_group, condition.shape[2])
        drawn = sigma * torch.randn(size, device=condition.device, dtype=condition.dtype)
        last, early = drawn.tensor_split([self.n_remaining_channels], dim=1)
        parts = early.split(self.n_early_size, dim=1) if early.shape[1] else ()
        return torch.cat([*reversed(parts), last], dim=1)

    def _condition(self, spec: Tensor, samples: int) -> Tensor:
        """[B, D, F] -> [B, D * G, T / G]: at the rate of audio, then folded as it is."""
        wide = self.upsample(spec)
        if not torch.jit.is_tracing() and wide.shape[2] < samples:
            raise ShapeError(
                f"WaveGlowModule got {samples} samples of audio and {spec.shape[2]} frames, which last "
                f"{wide.shape[2]} samples at most. A frame has {HOP} samples: set preprocessor.n_window_stride to it."
            )
        groups = wide[:, :, :samples].unflatten(2, (-1, self.n_group))  # [B, D, T / G, G]
        return groups.permute(0, 1, 3, 2).flatten(1, 2)

    def remove_weight_norm(self) -> None:
        """Folds the weight norms: the same audio, a little faster. Training goes on without them."""
        remove_weight_norm(self)
