"""VITS: text to audio in one network, trained against discriminators (Kim, Kong and Son, 2021).

text -> tokens [B, U] -> synthesizer -> audio [B, T]; see :mod:`nemo.collections.tts.modules.vits`
B batch, U tokens, T samples, F frames, D mel bands.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import MISSING, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.logging.validation import SHOWN, alignments, is_shown, show, sounds, spectrograms
from nemo.collections.tts.losses.hifigan import DiscriminatorLoss, FeatureMatchingLoss, GeneratorLoss
from nemo.collections.tts.losses.vits import KlLoss
from nemo.collections.tts.models.adversarial import build_optimizations, step_schedules, take_step
from nemo.collections.tts.models.base import KEYS_OF_USERS, TextToWaveform
from nemo.collections.tts.models.text_front import build_text_tokenizer, parse_text
from nemo.collections.tts.modules.vits import SynthesizerTrn, Trained
from nemo.collections.tts.modules.vits_discriminators import MultiPeriodDiscriminator
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import (
    AudioSignal,
    Index,
    LengthsType,
    NeuralType,
    RegressionValuesType,
    TokenIndex,
)
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError, ShapeError

logger = logging.getLogger(__name__)

LONGEST_SHOWN = 1000
"""Frames after which audio that is shown in validation is cut."""


LANGUAGES = ("English", "German", "Spanish", "French", "Italian", "Chinese", "Japanese")
"""With which the names of tokenizers begin."""


@dataclass
class VitsModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The spectrograms: linear ones are encoded, mel ones compared."""
    synthesizer: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.vits.SynthesizerTrn`."""
    text_tokenizer: Any = MISSING
    text_normalizer: Any = None
    text_normalizer_call_kwargs: Any = None
    n_speakers: int = 0
    segment_size: int = 8192
    """Samples of the pieces that are decoded while training; a multiple of the hop."""
    c_mel: float = 45.0
    """Weight of the distance of mel spectrograms."""
    c_kl: float = 1.0
    """Weight of the divergence of posterior and prior."""
    use_spectral_norm: bool = False
    debug: bool = False
    """Small discriminators, for tests."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class VitsModel(TextToWaveform, Exportable):
    """End-to-end text to audio.

    Args:
        cfg: a :class:`VitsModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    net_g: SynthesizerTrn

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "synthesizer", "text_tokenizer")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(VitsModelConfig, cfg, also=known, mandatory=parts), trainer)
        cfg = self.cfg
        if cfg.use_spectral_norm:
            raise ConfigError(
                "model.use_spectral_norm is true. The discriminators here have weight norm; set it false."
            )
        features = self.from_config_dict(OmegaConf.merge(cfg.preprocessor, {"use_grads": True}))
        self.audio_to_melspec_processor = features  # the name is that of archives
        if cfg.segment_size % features.hop_length:
            raise ConfigError(
                f"model.segment_size is {cfg.segment_size} samples, and model.preprocessor.n_window_stride "
                f"{features.hop_length}. Expected a multiple of it."
            )
        sizes = {
            "n_vocab": len(self.vocab.tokens),
            "spec_channels": features.n_fft // 2 + 1,
            "segment_size": cfg.segment_size // features.hop_length,
            "padding_idx": self.vocab.pad,
            "n_speakers": cfg.n_speakers,
        }
        self.net_g = self.from_config_dict(OmegaConf.merge(cfg.synthesizer, sizes))
        if self.net_g.hop_length != features.hop_length:
            raise ConfigError(
                f"model.synthesizer.upsample_rates make {self.net_g.hop_length} samples of a frame, and "
                f"model.preprocessor.n_window_stride is {features.hop_length}. Make the product of the rates equal to "
                "the stride."
            )
        self.net_d = MultiPeriodDiscriminator(debug=cfg.debug)
        self.feat_matching_loss, self.kl_loss = FeatureMatchingLoss(), KlLoss()
        self.disc_loss, self.gen_loss = DiscriminatorLoss(), GeneratorLoss()
        self.automatic_optimization = False

    @functools.cached_property
    def vocab(self) -> Any:
        """The tokenizer; built on first use, because the base class already needs it for its loaders."""
        return build_text_tokenizer(self)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, under the original's name."""
        return self.vocab

    @property
    def sample_rate(self) -> int:
        """Hz of the audio."""
        return int(self.cfg.preprocessor.sample_rate)

    # ------------------------------------------------------------------------------------------------------------- use

    def parse(self, str_input: str, normalize: bool = True, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text.

        Args:
            str_input: the text.
            normalize: write out numbers and abbreviations, where the model has a normaliser.
            kwargs: for other models.
        """
        return parse_text(self, str_input, normalize)

    def forward(
        self,
        tokens: Tensor,
        speakers: Tensor | None = None,
        noise_scale: float = 1.0,
        length_scale: float = 1.0,
        noise_scale_w: float = 1.0,
        max_len: int = 1000,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`~nemo.collections.tts.modules.vits.SynthesizerTrn.infer`; the tokens' padding is cut off.

        Args:
            tokens: [B, U].
            speakers: [B] ids, where there are voices.
            noise_scale: deviation of what the decoder hears, relative to the prior's.
            length_scale: factor of the durations; above 1 is slower.
            noise_scale_w: deviation of the noise that durations are drawn from.
            max_len: frames after which the audio is cut.
        """
        lengths = (tokens != self.vocab.pad).sum(dim=1)
        return self.net_g.infer(tokens, lengths, speakers, noise_scale, length_scale, noise_scale_w, max_len)

    @torch.no_grad()
    def convert_text_to_waveform(self, *, tokens: Tensor, speakers: Tensor | None = None, **kwargs: Any) -> Tensor:
        """Audio [B, T] of tokens [B, U]; shorter texts end with what the decoder makes of silence.

        Args:
            tokens: as :meth:`parse` gives them.
            speakers: [B] ids, where there are voices.
            kwargs: `noise_scale`, `length_scale`, `noise_scale_w` and `max_len` of :meth:`forward`.
        """
        if self.training:
            logger.warning("convert_text_to_waveform() of a model in training mode: its dropout is on. Call eval().")
        with nn.utils.parametrize.cached():  # each normalised weight is computed once
            return self(tokens=tokens, speakers=speakers, **kwargs)[0].squeeze(1)

    # -------------------------------------------------------------------------------------------------------- training

    def configure_optimizers(self) -> Any:
        """Optimizers, and schedules where there are some, of the generator and of the discriminators."""
        return build_optimizations(self, [[self.net_g], [self.net_d]])

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        """One step of the discriminators, then one of the generator; logs their losses."""
        generator_optimizer, discriminator_optimizer = self.optimizers()  # type: ignore[attr-defined]  # there are two
        trained, real = self._speak(batch)
        self.toggle_optimizer(discriminator_optimizer)
        scores_real, scores, _, _ = self.net_d(y=real, y_hat=trained.audio.detach())
        losses = {}
        losses["loss_disc_all"], *_ = self.disc_loss(disc_real_outputs=scores_real, disc_generated_outputs=scores)
        take_step(self, discriminator_optimizer, losses["loss_disc_all"])

        self.toggle_optimizer(generator_optimizer)
        _, scores, layers_real, layers_generated = self.net_d(y=real, y_hat=trained.audio)
        losses.update(self._likelihood_losses(trained, real))
        losses["loss_fm"] = self.feat_matching_loss(fmap_r=layers_real, fmap_g=layers_generated)
        losses["loss_gen"], _ = self.gen_loss(disc_outputs=scores)
        parts = ("loss_mel", "loss_kl", "loss_dur", "loss_fm", "loss_gen")
        losses["loss_gen_all"] = torch.stack([losses[name] for name in parts]).sum()
        take_step(self, generator_optimizer, losses["loss_gen_all"])
        step_schedules(self)
        self.log_dict({name: value.detach() for name, value in losses.items()}, on_step=True, sync_dist=True)

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Losses of a batch, but for those of the discriminators; the first one of an epoch is shown and heard."""
        trained, real = self._speak(batch)
        losses = self._likelihood_losses(trained, real)
        if is_shown(self, batch_idx, dataloader_idx):
            self._show({name: each[:SHOWN] for name, each in batch.items()}, trained.attention)
        results = {f"val_{name}": value for name, value in losses.items()}
        results["val_loss"] = torch.stack(list(losses.values())).sum()
        self.log_dict(results, on_epoch=True, sync_dist=True)
        return results

    def _show(self, batch: dict[str, Any], attention: Tensor) -> None:
        """Recordings beside what the model makes of their texts: spectrograms, audio; and how both were aligned."""
        audio, audio_lens = batch["audio"], batch["audio_lens"]
        with nn.utils.parametrize.cached():
            spoken, _, frames = self.net_g.infer(
                batch["text"], batch["text_lens"], batch.get("speaker_id"), max_len=LONGEST_SHOWN
            )
        spoken, spoken_lens = spoken.squeeze(1), frames.clamp(max=LONGEST_SHOWN) * self.net_g.hop_length
        recorded_mel, mel_lens = self.audio_to_melspec_processor(audio, audio_lens)
        spoken_mel, _ = self.audio_to_melspec_processor(spoken, spoken_lens)
        pictures = spectrograms(recorded_mel, spoken_mel, mel_lens)
        pictures |= alignments({"val_alignment": attention}, batch["text_lens"], mel_lens)
        heard = sounds("val_recorded", audio, audio_lens) | sounds("val_generated", spoken, spoken_lens)
        show(self, pictures, heard, self.sample_rate)

    def _speak(self, batch: dict[str, Tensor]) -> tuple[Trained, Tensor]:
        """What the generator makes of a batch, and the recorded pieces [B, 1, segment_size]."""
        audio, text_len = batch["audio"], batch["text_lens"]
        hop, segment = self.net_g.hop_length, self.cfg.segment_size
        with torch.no_grad():
            spec, spec_len = self.audio_to_melspec_processor(audio, batch["audio_lens"], linear_spec=True)
        for row, (tokens, frames) in enumerate(zip(text_len.tolist(), spec_len.tolist(), strict=True)):
            if frames < max(tokens, self.net_g.segment_size):
                raise ShapeError(
                    f"Item {row} of the batch has {frames} frames and {tokens} tokens; each token needs a frame, and "
                    f"model.segment_size {self.net_g.segment_size} frames. Leave short recordings out by min_duration."
                )
        trained = self.net_g(
            text=batch["text"], text_len=text_len, spec=spec, spec_len=spec_len, speakers=batch.get("speaker_id")
        )
        samples = trained.starts[:, None] * hop + torch.arange(segment, device=audio.device)
        missing = max(int(samples.max()) + 1 - audio.shape[1], 0)
        return trained, F.pad(audio, (0, missing)).gather(1, samples)[:, None]

    def _likelihood_losses(self, trained: Trained, real: Tensor) -> dict[str, Tensor]:
        lengths = torch.full((len(real),), real.shape[2], device=real.device)
        wanted, found = (
            self.audio_to_melspec_processor(audio.squeeze(1), lengths)[0] for audio in (real, trained.audio)
        )
        divergence = self.kl_loss(
            z_p=trained.flowed,
            logs_q=trained.posterior_log_deviations,
            m_p=trained.prior_means,
            logs_p=trained.prior_log_deviations,
            z_mask=trained.mask,
        )
        return {
            "loss_mel": F.l1_loss(found, wanted) * self.cfg.c_mel,
            "loss_kl": divergence * self.cfg.c_kl,
            "loss_dur": trained.duration_loss,
        }

    # ------------------------------------------------------------------------------------------------------------ data

    def _of_dataset(self) -> dict[str, Any]:
        vocab = self.vocab
        return {"text_tokenizer": vocab, "text_normalizer": self.text_normalizer_call}  # built with the tokenizer

    # ---------------------------------------------------------------------------------------------------------- export

    @property
    def input_types_for_export(self) -> dict[str, NeuralType]:
        """Tokens and the manner of speaking, under the names that programs for VITS know (sherpa-onnx, for one)."""
        number = NeuralType(tuple("D"), RegressionValuesType())
        types = {"x": NeuralType(("B", "T"), TokenIndex()), "x_length": NeuralType(tuple("B"), LengthsType())}
        types |= dict.fromkeys(("noise_scale", "length_scale", "noise_scale_w"), number)
        return {**types, "sid": NeuralType(tuple("B"), Index())} if self.net_g.n_speakers > 1 else types

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """Audio [B, 1, T]."""
        return {"y": NeuralType(("B", "D", "T"), AudioSignal(self.sample_rate))}

    @property
    def properties_for_export(self) -> dict[str, object]:
        """What sherpa-onnx reads; `add_blank` 0: there is no token between those of the text."""
        counts = {"n_speakers": self.net_g.n_speakers, "sample_rate": self.sample_rate, "add_blank": 0}
        tokenizer = type(self.vocab).__name__
        language = next((each for each in LANGUAGES if tokenizer.startswith(each)), "unknown")
        words = {"model_type": "vits", "comment": "nemo", "language": language, "punctuation": ""}
        return {**words, "hop_length": self.net_g.hop_length, **counts}

    def input_example(self, max_batch: int = 1, max_dim: int = 44) -> tuple[dict[str, Tensor]]:
        """Tokens to be spoken without noise, so that the same is said each time, for export."""
        numbers = {"noise_scale": 0.0, "length_scale": 1.0, "noise_scale_w": 0.0}
        inputs = {
            "x": torch.randint(0, self.vocab.pad, (max_batch, max_dim), device=self.device),
            "x_length": torch.full((max_batch,), max_dim, device=self.device),
            **{name: torch.tensor([value], device=self.device) for name, value in numbers.items()},
            "sid": torch.zeros(max_batch, dtype=torch.long, device=self.device),
        }
        return ({name: inputs[name] for name in self.input_types_for_export},)

    def forward_for_export(
        self,
        x: Tensor,
        x_length: Tensor,
        noise_scale: Tensor,
        length_scale: Tensor,
        noise_scale_w: Tensor,
        sid: Tensor | None = None,
    ) -> Tensor:
        """Audio [B, 1, T] of tokens [B, U] with lengths [B] and numbers [1], as :meth:`forward` has them."""
        length_scale = length_scale + 0 * noise_scale_w  # programs give all inputs, also where no durations are drawn
        return self.net_g.infer(x, x_length, sid, noise_scale, length_scale, noise_scale_w)[0]

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """None: the addresses of published VITS models are not known here."""
        return []
