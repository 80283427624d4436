"""HiFi-GAN: a generator of audio, trained against discriminators of it (Kong et al., 2020).

audio [B, T] -> mel [B, D, F] -> generator -> audio [B, 1, T] -> mel of all frequencies -> distance
                                              audio -> discriminators of periods and of scales -> real or not?
B batch, T samples, D mel bands, F frames.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import MISSING, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.tts.data.padding import audio_of
from nemo.collections.tts.logging.validation import is_shown, show, sounds, spectrograms
from nemo.collections.tts.losses.hifigan import FeatureMatchingLoss
from nemo.collections.tts.models.adversarial import build_optimizations, step_schedules, take_step
from nemo.collections.tts.models.adversarial_vocoder import AdversarialVocoder
from nemo.collections.tts.models.base import KEYS_OF_USERS
from nemo.collections.tts.models.catalogue import published_models
from nemo.collections.tts.modules.hifigan import Generator
from nemo.collections.tts.modules.hifigan_discriminators import MultiPeriodDiscriminator, MultiScaleDiscriminator
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS

logger = logging.getLogger(__name__)


@dataclass
class HifiGanModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that the generator takes."""
    generator: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.hifigan.Generator`."""
    l1_loss_factor: float = 45.0
    """Weight of the distance between spectrograms."""
    l1_loss_type: str = "mel"
    """What is compared: mel, up to the highest frequency, or highfreq_mel, the generator's own spectrograms."""
    debug: bool = False
    """Small discriminators, for tests."""
    max_steps: int | None = None
    """Batches after which the schedules end; null: as many as the trainer takes."""
    train_n_segments: int | None = None
    denoise_strength: float = 0.0
    """Weight of the generator's bias spectrum that :meth:`HifiGanModel.denoise` takes away."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class HifiGanModel(AdversarialVocoder):
    """Vocoder that is trained against discriminators.

    Args:
        cfg: a :class:`HifiGanModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    generator: Generator

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "generator")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(HifiGanModelConfig, cfg, also=known, mandatory=parts), trainer)
        self._build_generator(rates="upsample_rates")
        all_frequencies = {} if self.cfg.l1_loss_type == "highfreq_mel" else {"highfreq": None}
        compared = OmegaConf.merge(self.cfg.preprocessor, all_frequencies, {"use_grads": True})
        self.trg_melspec_fn = self.from_config_dict(compared)
        self.mpd = MultiPeriodDiscriminator(debug=self.cfg.debug)
        self.msd = MultiScaleDiscriminator(debug=self.cfg.debug)
        self.feature_loss = FeatureMatchingLoss()

    # -------------------------------------------------------------------------------------------------------- training

    def configure_optimizers(self) -> Any:
        """Optimizers, and schedules where there are some, of the generator and of the discriminators."""
        return build_optimizations(self, [[self.generator], [self.msd, self.mpd]])

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """One step of the discriminators, then one of the generator; logs their losses."""
        audio, mel, target_mel = self._spectrograms(batch)
        generator_optimizer, discriminator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # there are two
        generated = self(spec=mel)

        judges = {"mpd": self.mpd, "msd": self.msd}
        losses = self._step_discriminators(discriminator_optimizer, judges, audio, generated)

        self.toggle_optimizer(generator_optimizer)
        distance = F.l1_loss(target_mel, self._target_spectrogram(generated.squeeze(1)))
        losses["g_l1_loss"] = distance
        total = distance * self.cfg.l1_loss_factor
        for name, judge in judges.items():
            _, fake, layers_real, layers_fake = judge(y=audio, y_hat=generated)
            losses[f"g_loss_{name}"], _ = self.generator_loss(disc_outputs=fake)
            losses[f"g_loss_fm_{name}"] = self.feature_loss(fmap_r=layers_real, fmap_g=layers_fake)
            total = total + losses[f"g_loss_{name}"] + losses[f"g_loss_fm_{name}"]
        losses["g_loss"] = total
        take_step(self, generator_optimizer, total)

        step_schedules(self)
        self.log_dict({name: value.detach() for name, value in losses.items()}, on_step=True, sync_dist=True)
        self.log("global_step", float(self.global_step))

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Logs the distance of spectrograms, and the first batch's audio where a logger takes audio."""
        _, mel, target_mel = self._spectrograms(batch)
        generated = self(spec=mel).squeeze(1)
        loss = F.l1_loss(target_mel, self._target_spectrogram(generated))
        self.log_dict({"val_loss": loss}, on_epoch=True, sync_dist=True)
        if is_shown(self, batch_idx, dataloader_idx):
            audio, lengths = audio_of(batch)
            pictures = spectrograms(
                mel,
                self.audio_to_melspec_precessor(generated, lengths)[0],
                lengths // self.cfg.preprocessor.n_window_stride,
            )
            heard = sounds("val_recorded", audio, lengths) | sounds("val_generated", generated, lengths)
            show(self, pictures, heard, self.sample_rate)

    def _spectrograms(self, batch: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Audio [B, 1, T], the generator's input, and what its output is compared with."""
        audio, lengths, mel = self._recorded(batch)
        target, _ = self.trg_melspec_fn(audio, lengths)
        return audio.unsqueeze(1), mel, target

    def _target_spectrogram(self, audio: Tensor) -> Tensor:
        lengths = audio.new_full((audio.shape[0],), audio.shape[1], dtype=torch.long)
        return self.trg_melspec_fn(audio, lengths)[0]

    # ---------------------------------------------------------------------------------------------------------- export

    def input_example(self, max_batch: int = 1, max_dim: int = 64) -> tuple[dict[str, Tensor]]:
        """A spectrogram of silence, for export."""
        bands = self.generator.conv_pre.in_channels
        return ({"spec": torch.zeros(max_batch, bands, max_dim, device=self.device)},)

    def forward_for_export(self, spec: Tensor) -> Tensor:
        """Audio [B, 1, T] of log-mel spectrograms [B, D, F]."""
        return self.generator(x=spec)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class."""
        return published_models("HifiGanModel")
