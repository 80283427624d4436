"""UnivNet: a vocoder judged by spectrograms of several resolutions (Jang et al., 2021).

audio [B, T] -> mel [B, D, F] -> generator -> audio [B, 1, T] -> distance of spectrograms at several resolutions
                                              audio -> discriminators of periods and of resolutions -> real or not?
B batch, T samples, D mel bands, F frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.losses.stft import MultiResolutionSTFTLoss
from nemo.collections.tts.models.adversarial import build_optimizations, step_schedules, take_step
from nemo.collections.tts.models.adversarial_vocoder import AdversarialVocoder
from nemo.collections.tts.models.base import KEYS_OF_USERS
from nemo.collections.tts.modules.univnet import Generator
from nemo.collections.tts.modules.univnet_discriminators import MultiPeriodDiscriminator, MultiResolutionDiscriminator
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError


@dataclass
class PeriodDiscriminatorConfig:
    """`discriminator.mpd` section."""

    periods: Sequence[int] = (2, 3, 5, 7, 11)
    kernel_size: int = 5
    stride: int = 3
    use_spectral_norm: bool = False
    lReLU_slope: float = 0.2  # the name is that of configs


@dataclass
class ResolutionDiscriminatorConfig:
    """`discriminator.mrd` section."""

    resolutions: Any = field(default_factory=lambda: [[1024, 120, 600], [2048, 240, 1200], [512, 50, 240]])
    """Length of the Fourier transform, hop and window of each, in samples; the loss compares at the same."""
    use_spectral_norm: bool = False
    lReLU_slope: float = 0.2  # the name is that of configs


@dataclass
class UnivNetDiscriminatorConfig:
    """`discriminator` section."""

    mpd: PeriodDiscriminatorConfig = field(default_factory=PeriodDiscriminatorConfig)
    mrd: ResolutionDiscriminatorConfig = field(default_factory=ResolutionDiscriminatorConfig)


@dataclass
class UnivNetModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that the generator takes."""
    generator: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.univnet.Generator`."""
    discriminator: UnivNetDiscriminatorConfig = field(default_factory=UnivNetDiscriminatorConfig)
    stft_lamb: float = 2.5
    """Weight of the distance between spectrograms."""
    debug: bool = False
    """Small discriminators, for tests."""
    max_steps: int | None = None
    """Batches after which the schedules end; null: as many as the trainer takes."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class UnivNetModel(AdversarialVocoder):
    """Vocoder with location-variable convolutions.

    Args:
        cfg: a :class:`UnivNetModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    generator: Generator

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        parts = ("preprocessor", "generator")
        super().__init__(with_defaults(UnivNetModelConfig, cfg, also=known, mandatory=parts), trainer)
        judges = self.cfg.discriminator
        if judges.mpd.use_spectral_norm or judges.mrd.use_spectral_norm:
            raise ConfigError(
                "model.discriminator has use_spectral_norm: true. The discriminators here have weight norm; set it to "
                "false."
            )
        self._build_generator(rates="strides")
        self.mpd = MultiPeriodDiscriminator(judges.mpd, debug=self.cfg.debug)
        self.mrd = MultiResolutionDiscriminator(judges.mrd, debug=self.cfg.debug)
        self.mrstft_loss = MultiResolutionSTFTLoss(*zip(*judges.mrd.resolutions, strict=True))

    @property
    def noise_channels(self) -> int:
        """Channels of the noise that becomes audio."""
        return self.generator.noise_dim

    @torch.no_grad()
    def convert_spectrogram_to_audio(self, spec: Tensor, noise: Tensor | None = None, **kwargs: Any) -> Tensor:
        """Audio [B, T] of log-mel spectrograms.

        Args:
            spec: [B, D, F].
            noise: [B, N, F]; None draws it from PyTorch's default generator.
            kwargs: for other vocoders.
        """
        with nn.utils.parametrize.cached():  # each normalised weight is computed once
            return self.generator(x=spec, z=noise).squeeze(1)

    # -------------------------------------------------------------------------------------------------------- training

    def configure_optimizers(self) -> Any:
        """Optimizers, and schedules where there are some, of the generator and of the discriminators."""
        return build_optimizations(self, [[self.generator], [self.mrd, self.mpd]])

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """One step of the discriminators, then one of the generator; logs their losses."""
        audio, mel = self._pair(batch)
        generator_optimizer, discriminator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # there are two
        generated = self(spec=mel)

        judges = {"mpd": self.mpd, "mrd": self.mrd}
        losses = self._step_discriminators(discriminator_optimizer, judges, audio, generated)

        self.toggle_optimizer(generator_optimizer)
        losses["g_loss_sc"], losses["g_loss_mag"] = self.mrstft_loss(x=generated.squeeze(1), y=audio.squeeze(1))
        total = self.cfg.stft_lamb * (losses["g_loss_sc"] + losses["g_loss_mag"])
        for name, judge in judges.items():
            _, fake, _, _ = judge(y=audio, y_hat=generated)
            losses[f"g_loss_{name}"], _ = self.generator_loss(disc_outputs=fake)
            total = total + losses[f"g_loss_{name}"]
        losses["g_loss"] = total
        take_step(self, generator_optimizer, total)

        step_schedules(self)
        self.log_dict({name: value.detach() for name, value in losses.items()}, on_step=True, sync_dist=True)

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Logs the distance of spectrograms."""
        audio, mel = self._pair(batch)
        convergence, distance = self.mrstft_loss(x=self(spec=mel).squeeze(1), y=audio.squeeze(1))
        self.log_dict({"val_loss": convergence + distance}, on_epoch=True, sync_dist=True)

    def _pair(self, batch: Any) -> tuple[Tensor, Tensor]:
        """Audio [B, 1, T] and the generator's input; T is made that of the generator's output."""
        audio, _, mel = self._recorded(batch)
        missing = mel.shape[2] * self.generator.hop_length - audio.shape[1]
        return nn.functional.pad(audio, (0, missing)).unsqueeze(1), mel

    # ---------------------------------------------------------------------------------------------------------- export

    @property
    def input_types_for_export(self) -> dict[str, NeuralType]:
        """Spectrograms and noise."""
        return {**self.input_types, "noise": NeuralType(("B", "D", "T"))}

    def input_example(self, max_batch: int = 1, max_dim: int = 64) -> tuple[dict[str, Tensor]]:
        """A spectrogram of silence and its noise, for export."""
        bands, noise = self.generator.n_mel_channels, self.generator.noise_dim
        return (
            {
                "spec": torch.zeros(max_batch, bands, max_dim, device=self.device),
                "noise": torch.zeros(max_batch, noise, max_dim, device=self.device),
            },
        )

    def forward_for_export(self, spec: Tensor, noise: Tensor) -> Tensor:
        """Audio [B, 1, T] of log-mel spectrograms [B, D, F] and noise [B, N, F]."""
        return self.generator(x=spec, z=noise)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: the addresses of published UnivNet models are not known here."""
        return []
