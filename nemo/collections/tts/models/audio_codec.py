"""An audio codec: audio into a few indices for each frame, and back (Zeghidour et al., 2021; Défossez et al., 2022).

audio [B, T] -> encoder -> [B, D, F] -> quantizer -> tokens [B, C, F] -> codes [B, D, F] -> decoder -> audio [B, T]
B batch, T samples, D encoded dimension, F frames, C codebooks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import MISSING
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.losses.audio_codec import (
    MultiResolutionMelLoss,
    MultiResolutionSTFTLoss,
    RelativeFeatureMatchingLoss,
    SISDRLoss,
    TimeDomainLoss,
)
from nemo.collections.tts.models.adversarial import build_optimizations, step_schedules, take_step
from nemo.collections.tts.models.audio_codec_export import CodecDecoder, CodecEncoder
from nemo.collections.tts.models.base import KEYS_OF_USERS, SpeechModel
from nemo.collections.tts.modules.codec_layers import mask_padding
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError, ExportError

PARTS: dict[str | None, type[CodecEncoder] | type[CodecDecoder]] = {"encoder": CodecEncoder, "decoder": CodecDecoder}
"""What is exported; the names are those of the files."""


@dataclass
class AudioCodecModelConfig:
    """`model` section."""

    sample_rate: int = MISSING
    """Hz."""
    samples_per_frame: int = MISSING
    """The product of the encoder's rates."""
    audio_encoder: Any = MISSING
    """Such as a :class:`~nemo.collections.tts.modules.hifigan_codec.HiFiGANEncoder`."""
    audio_decoder: Any = MISSING
    """Such as a :class:`~nemo.collections.tts.modules.hifigan_codec.HiFiGANDecoder`."""
    discriminator: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.codec_discriminators.Discriminator`."""
    generator_loss: Any = MISSING
    discriminator_loss: Any = MISSING
    loss_resolutions: Any = MISSING
    """Length of the Fourier transform, hop and window, in samples, of each spectrogram that is compared."""
    mel_loss_dims: Any = MISSING
    """Mel bands of each."""
    vector_quantizer: Any = None
    """null: the vectors stay as the encoder made them, and there are no tokens."""
    encoder_noise_stdev: float = 0.0
    """Deviation of noise on the vectors while training, relative to them."""
    disc_updates_per_period: int = 1
    """Steps of the discriminators in every `disc_update_period` batches."""
    disc_update_period: int = 1
    mel_loss_log_guard: float = 1.0
    mel_loss_l1_scale: float = 1.0
    """Weights of the parts of the generator's loss."""
    mel_loss_l2_scale: float = 1.0
    stft_loss_log_guard: float = 1.0
    stft_loss_scale: float = 0.0
    time_domain_loss_scale: float = 1.0
    si_sdr_loss_scale: float = 0.0
    gen_loss_scale: float = 1.0
    feature_loss_scale: float = 1.0
    commit_loss_scale: float = 1.0
    log_config: Any = None
    max_epochs: int | None = None
    steps_per_epoch: int | None = None
    weighted_sampling_steps_per_epoch: int | None = None
    train_n_samples: int | None = None
    val_min_duration_seconds: float | None = None
    sample_weights: Any = None
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class AudioCodecModel(SpeechModel, Exportable):
    """Compresses audio to tokens, trained against discriminators.

    Args:
        cfg: an :class:`AudioCodecModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        networks = ("audio_encoder", "audio_decoder", "discriminator", "generator_loss", "discriminator_loss")
        parts = ("sample_rate", "samples_per_frame", *networks, "loss_resolutions", "mel_loss_dims")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(AudioCodecModelConfig, cfg, also=known, mandatory=parts), trainer)
        cfg = self.cfg
        self.sample_rate, self.samples_per_frame = int(cfg.sample_rate), int(cfg.samples_per_frame)
        if cfg.disc_updates_per_period > cfg.disc_update_period:
            raise ConfigError(
                f"model.disc_updates_per_period is {cfg.disc_updates_per_period} and model.disc_update_period "
                f"{cfg.disc_update_period}: more steps than batches. Expected at most as many."
            )
        if len(cfg.mel_loss_dims) != len(cfg.loss_resolutions):
            raise ConfigError(
                f"model.mel_loss_dims has {len(cfg.mel_loss_dims)} items and model.loss_resolutions "
                f"{len(cfg.loss_resolutions)}; they belong together. Give both the same number."
            )
        self.audio_encoder = self.from_config_dict(cfg.audio_encoder)
        self.vector_quantizer = None if cfg.vector_quantizer is None else self.from_config_dict(cfg.vector_quantizer)
        self.audio_decoder = self.from_config_dict(cfg.audio_decoder)
        self.discriminator = self.from_config_dict(cfg.discriminator)
        self._build_losses()
        self.automatic_optimization = False

    def _build_losses(self) -> None:
        cfg = self.cfg
        resolutions = [list(each) for each in cfg.loss_resolutions]
        self.mel_loss_fn = MultiResolutionMelLoss(
            self.sample_rate, resolutions, list(cfg.mel_loss_dims), cfg.mel_loss_log_guard
        )
        self.stft_loss_fn = MultiResolutionSTFTLoss(resolutions, cfg.stft_loss_log_guard)
        self.time_domain_loss_fn, self.si_sdr_loss_fn = TimeDomainLoss(), SISDRLoss()
        self.gen_loss_fn = self.from_config_dict(cfg.generator_loss)
        self.disc_loss_fn = self.from_config_dict(cfg.discriminator_loss)
        self.feature_loss_fn = RelativeFeatureMatchingLoss()

    # ------------------------------------------------------------------------------------------------------------- use

    def encode_audio(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] with lengths [B] -> vectors [B, D, F] and numbers of them [B]; the last frame may be padded."""
        audio, audio_len = self.pad_audio(audio, audio_len)
        return self.audio_encoder(audio=audio, audio_len=audio_len)

    def decode_audio(self, inputs: Tensor, input_len: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors [B, D, F] with lengths [B] -> audio [B, T] and numbers of samples [B]."""
        return self.audio_decoder(inputs=inputs, input_len=input_len)

    def quantize(self, encoded: Tensor, encoded_len: Tensor) -> Tensor:
        """Vectors [B, D, F] with lengths [B] -> tokens [B, C, F].

        Raises:
            ConfigError: the model has no quantizer.
        """
        return self._quantizer.encode(inputs=encoded, input_len=encoded_len).transpose(0, 1)

    def dequantize(self, tokens: Tensor, tokens_len: Tensor) -> Tensor:
        """Tokens [B, C, F] with lengths [B] -> vectors [B, D, F]."""
        return self._quantizer.decode(indices=tokens.transpose(0, 1), input_len=tokens_len)

    def encode(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] with lengths [B] -> tokens [B, C, F] and numbers of frames [B]."""
        encoded, encoded_len = self.encode_audio(audio=audio, audio_len=audio_len)
        return self.quantize(encoded=encoded, encoded_len=encoded_len), encoded_len

    def decode(self, tokens: Tensor, tokens_len: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens [B, C, F] with lengths [B] -> audio [B, T] and numbers of samples [B]."""
        dequantized = self.dequantize(tokens=tokens, tokens_len=tokens_len)
        return self.decode_audio(inputs=dequantized, input_len=tokens_len)

    def forward(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] with lengths [B], encoded, quantised where there is a quantizer, and decoded again."""
        encoded, encoded_len = self.encode_audio(audio=audio, audio_len=audio_len)
        if self.vector_quantizer is None:
            return self.decode_audio(inputs=encoded, input_len=encoded_len)
        return self.decode(tokens=self.quantize(encoded, encoded_len), tokens_len=encoded_len)

    def pad_audio(self, audio: Tensor, audio_len: Tensor) -> tuple[Tensor, Tensor]:
        """Audio [B, T] with zeros up to whole frames, and the lengths [B] of those."""
        step = self.samples_per_frame
        padded_len = (audio_len + step - 1) // step * step  # ONNX rounds negative numbers the other way
        longest: Any = padded_len.max()
        if not torch.jit.is_tracing():  # a traced length stays open
            longest = int(longest)
        return F.pad(audio, (0, longest - audio.shape[1])), padded_len

    @property
    def _quantizer(self) -> Any:
        if self.vector_quantizer is None:
            raise ConfigError(
                "This AudioCodecModel has no model.vector_quantizer, so it makes no tokens. Use encode_audio() and "
                "decode_audio(), or train one with a quantizer."
            )
        return self.vector_quantizer

    # -------------------------------------------------------------------------------------------------------- training

    def configure_optimizers(self) -> Any:
        """Optimizers, and schedules where there are some, of the codec and of the discriminators."""
        generator: list[nn.Module] = [self.audio_encoder, self.audio_decoder]
        if self.vector_quantizer is not None:
            generator.append(self.vector_quantizer)
        return build_optimizations(self, [generator, [self.discriminator]])

    def should_update_disc(self, batch_idx: int) -> bool:
        """Whether the discriminators have a step in this batch."""
        return batch_idx % self.cfg.disc_update_period < self.cfg.disc_updates_per_period

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """One step of the discriminators, where it is their turn, and one of the codec; logs their losses."""
        audio, audio_len, generated, commit_loss = self._process(batch)
        generator_optimizer, discriminator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # there are two
        losses = {}
        if self.should_update_disc(batch_idx):
            self.toggle_optimizer(discriminator_optimizer)
            real, fake, _, _ = self.discriminator(audio_real=audio, audio_gen=generated.detach())
            losses["d_loss"] = self.disc_loss_fn(disc_scores_real=real, disc_scores_gen=fake)
            take_step(self, discriminator_optimizer, losses["d_loss"])
        self.toggle_optimizer(generator_optimizer)
        losses.update(self._generator_losses(audio, audio_len, generated, commit_loss))
        take_step(self, generator_optimizer, losses["g_loss"])
        step_schedules(self)
        self.log_dict({name: value.detach() for name, value in losses.items()}, on_step=True, sync_dist=True)

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Distances of what was decoded."""
        audio, audio_len, generated, _ = self._process(batch)
        results = {f"val_{name}": value for name, value in self._distances(audio, audio_len, generated).items()}
        results["val_loss"] = results["val_loss_mel_l1"] + results["val_loss_time_domain"]
        self.log_dict(results, on_epoch=True, sync_dist=True)
        return results

    def _process(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Audio of whole frames, its lengths, what was decoded, and the commitment loss where there is one."""
        audio, audio_len = self.pad_audio(batch["audio"], batch["audio_lens"])
        audio = mask_padding(audio[:, None], batch["audio_lens"])[:, 0]
        encoded, encoded_len = self.audio_encoder(audio=audio, audio_len=audio_len)
        if self.training and self.cfg.encoder_noise_stdev > 0:
            encoded = encoded * (1 + self.cfg.encoder_noise_stdev * torch.randn_like(encoded))
        commit_loss = None
        if self.vector_quantizer is not None:
            encoded, _, *more = self.vector_quantizer(inputs=encoded, input_len=encoded_len)
            commit_loss = more[0] if more else None
        generated, _ = self.audio_decoder(inputs=encoded, input_len=encoded_len)
        return audio, audio_len, generated, commit_loss

    def _distances(self, audio: Tensor, audio_len: Tensor, generated: Tensor) -> dict[str, Tensor]:
        inputs = {"audio_real": audio, "audio_gen": generated, "audio_len": audio_len}
        absolute, squared = self.mel_loss_fn(**inputs)
        return {
            "loss_mel_l1": absolute,
            "loss_mel_l2": squared,
            "loss_stft": self.stft_loss_fn(**inputs),
            "loss_time_domain": self.time_domain_loss_fn(**inputs),
            "loss_si_sdr": self.si_sdr_loss_fn(**inputs),
        }

    def _generator_losses(
        self, audio: Tensor, audio_len: Tensor, generated: Tensor, commit_loss: Tensor | None
    ) -> dict[str, Tensor]:
        """The parts of the codec's loss, and `g_loss`, their weighted sum."""
        cfg = self.cfg
        parts = {f"g_{name}": value for name, value in self._distances(audio, audio_len, generated).items()}
        _, scores, layers_real, layers_generated = self.discriminator(audio_real=audio, audio_gen=generated)
        parts["g_loss_gen"] = self.gen_loss_fn(disc_scores_gen=scores)
        parts["g_loss_feature"] = self.feature_loss_fn(fmaps_real=layers_real, fmaps_gen=layers_generated)
        weights = {
            "g_loss_mel_l1": cfg.mel_loss_l1_scale,
            "g_loss_mel_l2": cfg.mel_loss_l2_scale,
            "g_loss_stft": cfg.stft_loss_scale,
            "g_loss_time_domain": cfg.time_domain_loss_scale,
            "g_loss_si_sdr": cfg.si_sdr_loss_scale,
            "g_loss_gen": cfg.gen_loss_scale,
            "g_loss_feature": cfg.feature_loss_scale,
            "g_loss_commit": cfg.commit_loss_scale,
        }
        if commit_loss is not None:
            parts["g_loss_commit"] = commit_loss
        parts["g_loss"] = torch.stack([weights[name] * value for name, value in parts.items() if weights[name]]).sum()
        return parts

    # ---------------------------------------------------------------------------------------------------------- export

    def list_export_subnets(self) -> list[str]:
        """Audio to tokens, and tokens to audio: a file each."""
        return ["encoder", "decoder"]

    def get_export_subnet(self, subnet: str | None = None) -> Any:
        """The part of that name; the whole for None and `self`.

        Raises:
            ExportError: the model has no quantizer, so no tokens.
        """
        if subnet not in PARTS:
            return super().get_export_subnet(subnet)
        if self.vector_quantizer is None:
            raise ExportError(
                "This AudioCodecModel has no model.vector_quantizer, and what is exported makes tokens and reads them. "
                "Expected a quantizer; train the model with one."
            )
        return PARTS[subnet](self)

    @property
    def input_module(self) -> Any:
        """The encoder: its inputs come first."""
        return self.get_export_subnet("encoder")

    @property
    def output_module(self) -> Any:
        """The decoder: its outputs come last."""
        return self.get_export_subnet("decoder")

    def input_example(self, max_batch: int = 1, max_dim: int = 32) -> tuple[Tensor, Tensor]:
        """Audio of `max_dim` frames with its lengths, for export."""
        return CodecEncoder(self).input_example(max_batch, max_dim)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: the addresses of published codecs are not known here."""
        return []
