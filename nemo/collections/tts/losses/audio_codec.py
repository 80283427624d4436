"""Losses of audio codecs: of waveforms, of spectrograms at several resolutions, and against discriminators.

The relative matching of features and the hinged losses are those of EnCodec (Défossez et al., 2022, section 3.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nemo.collections.common.audio.mel import FilterbankFeatures
from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.core.classes.loss import Loss

Scores = Sequence[Tensor]


class MaskedLoss(Loss):
    """The mean of a distance over what is no padding: of each item, then of the batch.

    Args:
        loss_fn: distance of each element, of `input` and `target`.
        loss_scale: factor.
    """

    def __init__(self, loss_fn: Callable[..., Tensor], loss_scale: float = 1.0) -> None:
        super().__init__()
        self.loss_fn, self.loss_scale = loss_fn, loss_scale

    def forward(self, predicted: Tensor, target: Tensor, target_len: Tensor) -> Tensor:
        """Of `predicted` and `target` [B, D, T], with lengths [B]."""
        distance = self.loss_fn(input=predicted, target=target).mean(dim=1)
        inside = lengths_to_mask(target_len, target.shape[2])[..., 0].to(distance.dtype)
        return ((distance * inside).sum(dim=1) / target_len.clamp(min=1)).mean() * self.loss_scale


class MaskedMAELoss(MaskedLoss):
    """The mean absolute difference.

    Args:
        loss_scale: factor.
    """

    def __init__(self, loss_scale: float = 1.0) -> None:
        super().__init__(nn.L1Loss(reduction="none"), loss_scale)


class MaskedMSELoss(MaskedLoss):
    """The mean squared difference.

    Args:
        loss_scale: factor.
    """

    def __init__(self, loss_scale: float = 1.0) -> None:
        super().__init__(nn.MSELoss(reduction="none"), loss_scale)


class TimeDomainLoss(Loss):
    """The mean absolute difference of waveforms."""

    def __init__(self) -> None:
        super().__init__()
        self.loss_fn = MaskedMAELoss()

    def forward(self, audio_real: Tensor, audio_gen: Tensor, audio_len: Tensor) -> Tensor:
        """Of audio [B, T] with lengths [B]."""
        return self.loss_fn(predicted=audio_gen[:, None], target=audio_real[:, None], target_len=audio_len)


class SISDRLoss(Loss):
    """Minus the scale-invariant signal-to-distortion ratio in dB (Le Roux et al., 2019), means taken off first.

    Args:
        epsilon: keeps ratios of silence finite.
    """

    def __init__(self, epsilon: float = 1e-8) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, audio_real: Tensor, audio_gen: Tensor, audio_len: Tensor) -> Tensor:
        """Of audio [B, T] with lengths [B]."""
        inside = lengths_to_mask(audio_len, audio_real.shape[1])[..., 0].to(audio_real.dtype)
        count = audio_len.clamp(min=1)[:, None]
        real, generated = (
            (each - (each * inside).sum(dim=1, keepdim=True) / count) * inside for each in (audio_real, audio_gen)
        )
        power = real.square().sum(dim=1, keepdim=True)
        scaled = ((real * generated).sum(dim=1, keepdim=True) + self.epsilon) / (power + self.epsilon) * real
        signal, distortion = (each.square().sum(dim=1) for each in (scaled, generated - scaled))
        return -(10 * torch.log10((signal + self.epsilon) / (distortion + self.epsilon))).mean()


class MultiResolutionMelLoss(Loss):
    """Distances of log-mel spectrograms at several resolutions, averaged.

    Args:
        sample_rate: Hz.
        resolutions: length of the Fourier transform, hop and window of each, in samples.
        mel_dims: mel bands of each.
        log_guard: added before the logarithm.
    """

    def __init__(
        self, sample_rate: int, resolutions: Sequence[Sequence[int]], mel_dims: Sequence[int], log_guard: float = 1.0
    ) -> None:
        super().__init__()
        self.l1_loss_fn, self.l2_loss_fn = MaskedMAELoss(), MaskedMSELoss()
        self.mel_features = nn.ModuleList(
            FilterbankFeatures(
                sample_rate=sample_rate,
                n_window_size=window,
                n_window_stride=hop,
                n_fft=n_fft,
                nfilt=bands,
                normalize=None,
                preemph=None,
                log_zero_guard_type="add",
                log_zero_guard_value=log_guard,
                dither=0.0,
                pad_to=1,
                mag_power=1.0,
                mel_norm=None,
                use_grads=True,
            )
            for bands, (n_fft, hop, window) in zip(mel_dims, resolutions, strict=True)
        )

    def forward(self, audio_real: Tensor, audio_gen: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Mean absolute and mean squared difference, of audio [B, T] with lengths [B]."""
        found = []
        for features in self.mel_features:
            real, lengths = features(audio_real, audio_len)
            generated, _ = features(audio_gen, audio_len)
            pair = {"predicted": generated, "target": real, "target_len": lengths}
            found.append(torch.stack([self.l1_loss_fn(**pair), self.l2_loss_fn(**pair)]))
        absolute, squared = torch.stack(found).mean(dim=0)
        return absolute, squared


class STFTLoss(Loss):
    """Mean absolute difference of log-magnitudes at one resolution.

    Args:
        resolution: length of the Fourier transform, hop and window, in samples.
        log_guard: added before the logarithm.
        sqrt_guard: added to powers before the square root, so that silence has a gradient.
    """

    window: Tensor

    def __init__(self, resolution: Sequence[int], log_guard: float = 1.0, sqrt_guard: float = 1e-5) -> None:
        super().__init__()
        self.loss_fn = MaskedMAELoss()
        self.n_fft, self.hop_length, self.win_length = resolution
        self.log_guard, self.sqrt_guard = log_guard, sqrt_guard
        self.register_buffer("window", torch.hann_window(self.win_length, periodic=False))

    def forward(self, audio_real: Tensor, audio_gen: Tensor, audio_len: Tensor) -> Tensor:
        """Of audio [B, T] with lengths [B]."""
        lengths = audio_len // self.hop_length + 1
        real, generated = self._log_magnitudes(audio_real), self._log_magnitudes(audio_gen)
        return self.loss_fn(predicted=generated, target=real, target_len=lengths)

    def _log_magnitudes(self, audio: Tensor) -> Tensor:
        spectrum = torch.stft(audio, self.n_fft, self.hop_length, self.win_length, self.window, return_complex=True)
        power = torch.view_as_real(spectrum).square().sum(dim=-1)
        return torch.log(torch.sqrt(power + self.sqrt_guard) + self.log_guard)


class MultiResolutionSTFTLoss(Loss):
    """The mean of :class:`STFTLoss` over resolutions.

    Args:
        resolutions: of each.
        log_guard: added before the logarithm.
        sqrt_guard: added before the square root.
    """

    def __init__(self, resolutions: Sequence[Sequence[int]], log_guard: float = 1.0, sqrt_guard: float = 1e-5) -> None:
        super().__init__()
        self.loss_fns = nn.ModuleList(STFTLoss(each, log_guard, sqrt_guard) for each in resolutions)

    def forward(self, audio_real: Tensor, audio_gen: Tensor, audio_len: Tensor) -> Tensor:
        """Of audio [B, T] with lengths [B]."""
        return torch.stack([loss(audio_real, audio_gen, audio_len) for loss in self.loss_fns]).mean()


def _mean(parts: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(parts)).mean()


class GeneratorSquaredLoss(Loss):
    """How far generated audio is from being taken for real: ``mean((1 - score)^2)``."""

    def forward(self, disc_scores_gen: Scores) -> Tensor:
        """The mean over discriminators."""
        return _mean([(1 - score).square().mean() for score in disc_scores_gen])


class DiscriminatorSquaredLoss(Loss):
    """How badly audio is told apart: half of ``mean((1 - real)^2) + mean(generated^2)``."""

    def forward(self, disc_scores_real: Scores, disc_scores_gen: Scores) -> Tensor:
        """The mean over discriminators."""
        pairs = zip(disc_scores_real, disc_scores_gen, strict=True)
        return _mean([((1 - real).square().mean() + generated.square().mean()) / 2 for real, generated in pairs])


class GeneratorHingedLoss(Loss):
    """How far generated audio is from being taken for real: ``mean(max(0, 1 - score))``."""

    def forward(self, disc_scores_gen: Scores) -> Tensor:
        """The mean over discriminators."""
        return _mean([F.relu(1 - score).mean() for score in disc_scores_gen])


class DiscriminatorHingedLoss(Loss):
    """How badly audio is told apart: half of ``mean(max(0, 1 - real)) + mean(max(0, 1 + generated))``."""

    def forward(self, disc_scores_real: Scores, disc_scores_gen: Scores) -> Tensor:
        """The mean over discriminators."""
        pairs = zip(disc_scores_real, disc_scores_gen, strict=True)
        return _mean([(F.relu(1 - real).mean() + F.relu(1 + generated).mean()) / 2 for real, generated in pairs])


class RelativeFeatureMatchingLoss(Loss):
    """The distance of the discriminators' layers, relative to their mean magnitude on real audio.

    Args:
        div_guard: added to that magnitude.
    """

    def __init__(self, div_guard: float = 1e-3) -> None:
        super().__init__()
        self.div_guard = div_guard

    def forward(self, fmaps_real: Sequence[Scores], fmaps_gen: Sequence[Scores]) -> Tensor:
        """The mean over layers, then over discriminators."""
        return _mean(
            [
                _mean([self._of(*pair) for pair in zip(*layers, strict=True)])
                for layers in zip(fmaps_real, fmaps_gen, strict=True)
            ]
        )

    def _of(self, real: Tensor, generated: Tensor) -> Tensor:
        real = real.detach()
        return (real - generated).abs().mean() / (real.abs().mean() + self.div_guard)
