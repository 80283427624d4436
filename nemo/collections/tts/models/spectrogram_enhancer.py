"""Adds the details that predicted mel spectrograms lack: a generator after StyleGAN 2 and its discriminator.

    mel [B, D, F] -> from 0 to 1, padded -> generator, with drawn styles and noise -> mel [B, D, F]

It stands between a model such as FastPitch, whose spectrograms are too smooth, and what was trained on recorded ones: a
vocoder or a speech recognition model. Karras et al., 2020, arXiv:1912.04958; the condition, the consistency loss and
the lengths are the enhancer's own.
B batch, D mel bands, F frames, L latent dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.tts.logging.validation import is_shown, show, spectrograms
from nemo.collections.tts.losses.spectrogram_enhancer import (
    ConsistencyLoss,
    GeneratorLoss,
    GradientPenaltyLoss,
    HingeLoss,
)
from nemo.collections.tts.models.adversarial import build_optimizations, step_schedules, take_step
from nemo.collections.tts.models.base import KEYS_OF_USERS, SpeechModel
from nemo.collections.tts.modules.spectrogram_enhancer import Discriminator, Generator
from nemo.collections.tts.modules.style_layers import mask_frames
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.serialization import instantiate
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import BoolType, LengthsType, MelSpectrogramType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError, ShapeError


@dataclass
class SpectrogramEnhancerModelConfig:
    """`model` section."""

    generator: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.spectrogram_enhancer.Generator`."""
    discriminator: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.spectrogram_enhancer.Discriminator`."""
    n_bands: int | None = None
    """Mel bands; for `generator` and `discriminator` to refer to, as the next four."""
    latent_dim: int | None = None
    style_depth: int | None = None
    network_capacity: int | None = None
    fmap_max: int | None = None
    spectrogram_min_value: float = -13.18
    """The lowest value of log-mel spectrograms, which becomes 0."""
    spectrogram_max_value: float = 4.78
    """The highest, which becomes 1."""
    mixed_prob: float = 0.9
    """Probability that a training batch has one style up to a block and another from there on."""
    consistency_loss_weight: float = 10.0
    gradient_penalty_loss_weight: float = 10.0
    gradient_penalty_loss_every_n_steps: int = 4
    """Batches between two penalties, which are slow."""
    generator_opt: Any = None
    """An optimizer with its `_target_`, such as torch.optim.Adam; or set `optim`, for both networks."""
    discriminator_opt: Any = None
    max_epochs: int | None = None
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class SpectrogramEnhancerModel(SpeechModel):
    """Enhances mel spectrograms; each call draws other details.

    Args:
        cfg: a :class:`SpectrogramEnhancerModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    generator: Generator
    discriminator: Discriminator

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("generator", "discriminator")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(SpectrogramEnhancerModelConfig, cfg, also=known, mandatory=parts), trainer)
        low, high = self.cfg.spectrogram_min_value, self.cfg.spectrogram_max_value
        if low >= high:
            raise ConfigError(
                f"model.spectrogram_min_value is {low} and model.spectrogram_max_value {high}. Expected the lowest and "
                "the highest value of the spectrograms, such as -13.18 and 4.78."
            )
        self.generator = self.from_config_dict(self.cfg.generator)
        self.discriminator = self.from_config_dict(self.cfg.discriminator)
        self.generator_loss, self.discriminator_loss = GeneratorLoss(), HingeLoss()
        self.consistency_loss = ConsistencyLoss(self.cfg.consistency_loss_weight)
        self.gradient_penalty_loss = GradientPenaltyLoss(self.cfg.gradient_penalty_loss_weight)
        self.automatic_optimization = False

    # ------------------------------------------------------------------------------------------------------------- use

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Log-mel spectrograms and their lengths."""
        return {
            "input_spectrograms": NeuralType(("B", "D", "T_spec"), MelSpectrogramType()),
            "lengths": NeuralType(tuple("B"), LengthsType()),
            "mixing": NeuralType(None, BoolType(), optional=True),
            "normalize": NeuralType(None, BoolType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Enhanced log-mel spectrograms."""
        return {"output_spectrograms": NeuralType(("B", "D", "T_spec"), MelSpectrogramType())}

    @typecheck()
    def forward(
        self, *, input_spectrograms: Tensor, lengths: Tensor, mixing: bool = False, normalize: bool = True
    ) -> Tensor:
        """Enhances spectrograms; `torch.manual_seed` makes a call repeatable.

        Args:
            input_spectrograms: [B, D, F] log-mel.
            lengths: [B] frames.
            mixing: draw two styles for each item, as training does.
            normalize: False: the spectrograms are from 0 to 1 already, and stay so.

        Returns:
            [B, D, F], 0 beyond the lengths.

        Raises:
            ShapeError: another number of bands.
        """
        if input_spectrograms.ndim != 3 or input_spectrograms.shape[1] != self.generator.n_bands:
            raise ShapeError(
                f"SpectrogramEnhancerModel got input_spectrograms {list(input_spectrograms.shape)}; it expects "
                f"[B, D={self.generator.n_bands}, F]. Give spectrograms of as many bands as it was trained on."
            )
        if normalize:
            input_spectrograms = self.normalize_spectrograms(input_spectrograms, lengths)
        frames = input_spectrograms.shape[2]
        condition = self.pad_spectrograms(mask_frames(input_spectrograms, lengths)[:, None])
        enhanced = self._enhance(condition, lengths, mixing)[:, 0, :, :frames]
        return self.unnormalize_spectrograms(enhanced, lengths) if normalize else enhanced

    def normalize_spectrograms(self, spectrogram: Tensor, lengths: Tensor) -> Tensor:
        """Log-mel spectrograms [B, D, F] from 0 to 1; 0 beyond the lengths [B]."""
        low, high = self.cfg.spectrogram_min_value, self.cfg.spectrogram_max_value
        return mask_frames((spectrogram - low) / (high - low), lengths)

    def unnormalize_spectrograms(self, spectrogram: Tensor, lengths: Tensor) -> Tensor:
        """What :meth:`normalize_spectrograms` had; 0 beyond the lengths [B]."""
        low, high = self.cfg.spectrogram_min_value, self.cfg.spectrogram_max_value
        return mask_frames(spectrogram * (high - low) + low, lengths)

    def pad_spectrograms(self, spectrograms: Tensor) -> Tensor:
        """[..., F] -> [..., F'], a multiple of the generator's factor, with a frame of its first block to spare.

        So what is computed near the end of the longest item finds there what it would find in a longer batch.
        """
        factor = self.generator.upsample_factor
        frames = spectrograms.shape[-1]
        return F.pad(spectrograms, (0, (-(-frames // factor) + 1) * factor - frames))

    def generate_zs(self, batch_size: int = 1, mixing: bool = False) -> list[Tensor]:
        """Noise [B, L] for each block, from which styles are made: the same for all, or with `mixing` for two parts."""
        blocks, size = self.generator.num_layers, (batch_size, self.generator.latent_dim)
        zs = [torch.randn(size, device=self.device)] * blocks
        if mixing and blocks > 1 and float(torch.rand(())) < self.cfg.mixed_prob:
            first = int(torch.randint(1, blocks, ()))
            zs[first:] = [torch.randn(size, device=self.device)] * (blocks - first)
        return zs

    def generate_noise(self, batch_size: int, frames: int) -> Tensor:
        """Noise [B, D, F, 1] from 0 to 1."""
        return torch.rand(batch_size, self.generator.n_bands, frames, 1, device=self.device)

    def _enhance(self, condition: Tensor, lengths: Tensor, mixing: bool) -> Tensor:
        """Padded spectrograms [B, 1, D, F'] from 0 to 1, enhanced."""
        count, frames = condition.shape[0], condition.shape[-1]
        styles = [self.generator.style_mapping(z) for z in self.generate_zs(count, mixing)]
        noise = self.generate_noise(count, frames).to(condition.dtype)
        return self.generator(condition_spectrograms=condition, lengths=lengths, ws=styles, noise=noise)

    # -------------------------------------------------------------------------------------------------------- training

    def configure_optimizers(self) -> Any:
        """Optimizers, and schedules where there are some, of the generator and of the discriminator.

        Raises:
            ConfigError: there is neither `optim` nor both of `generator_opt` and `discriminator_opt`.
        """
        sections = {"generator": self.cfg.generator_opt, "discriminator": self.cfg.discriminator_opt}
        if self.cfg.optim is not None or None in sections.values():
            return build_optimizations(self, [[self.generator], [self.discriminator]])
        return [
            instantiate(section, f"model.{name}_opt", params=getattr(self, name).parameters())
            for name, section in sections.items()
        ]

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """One step of the discriminator, then one of the generator; logs their losses."""
        predicted, recorded, lengths = self._prepared(batch)
        generator_optimizer, discriminator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # there are two
        enhanced = self._enhance(predicted, lengths, mixing=True)

        self.toggle_optimizer(discriminator_optimizer)
        real = self.discriminator(x=recorded.requires_grad_(), condition=predicted, lengths=lengths)
        fake = self.discriminator(x=enhanced.detach(), condition=predicted, lengths=lengths)
        losses = {"d_loss": self.discriminator_loss(real_logits=real, fake_logits=fake)}
        total = losses["d_loss"]
        if batch_idx % self.cfg.gradient_penalty_loss_every_n_steps == 0:
            losses["d_loss_gp"] = self.gradient_penalty_loss(images=recorded, logits=real)
            total = total + losses["d_loss_gp"]
        take_step(self, discriminator_optimizer, total)

        self.toggle_optimizer(generator_optimizer)
        fake = self.discriminator(x=enhanced, condition=predicted, lengths=lengths)
        losses["g_loss"] = self.generator_loss(fake_logits=fake)
        losses["c_loss"] = self.consistency_loss(condition=predicted, output=enhanced, lengths=lengths)
        take_step(self, generator_optimizer, losses["g_loss"] + losses["c_loss"])

        step_schedules(self)
        self.log_dict({name: value.detach() for name, value in losses.items()}, on_step=True, sync_dist=True)

    def validation_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Distances, from 0 to 1, of enhanced spectrograms from recorded ones; the first batch is shown."""
        predicted, recorded, lengths = self._prepared(batch)
        enhanced = self._enhance(predicted, lengths, mixing=False)
        distance = mask_frames((enhanced - recorded).abs(), lengths).mean(dim=(1, 2)).sum(dim=1) / lengths
        consistency = self.consistency_loss(condition=predicted, output=enhanced, lengths=lengths)
        results = {"val_loss": distance.mean(), "val_c_loss": consistency}
        self.log_dict(results, on_epoch=True, sync_dist=True)
        if is_shown(self, batch_idx, dataloader_idx):
            pictures = spectrograms(recorded[:, 0], enhanced[:, 0], lengths)
            show(self, pictures | spectrograms(predicted[:, 0], enhanced[:, 0], lengths, "val_mel_predicted"))
        return results

    def _prepared(self, batch: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Predicted and recorded spectrograms [B, 1, D, F'] from 0 to 1, and their lengths [B]."""
        predicted, recorded, lengths = batch
        pair = (self.normalize_spectrograms(each, lengths)[:, None] for each in (predicted, recorded))
        predicted, recorded = (self.pad_spectrograms(each) for each in pair)
        return predicted, recorded, lengths

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: enhancers belong to one acoustic model each, and the original publishes none."""
        return []
