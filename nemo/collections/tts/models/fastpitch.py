"""FastPitch: text to mel spectrograms in parallel, alignments learnt on the way (Łańcucki, 2021; Badlani et al., 2022).

text -> tokens [B, U] -> FastPitchModule -> mel [B, D, F], durations, pitch, energy [B, U]
B batch, U tokens, D mel bands, F frames.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.tts.data.frames import fit_frames
from nemo.collections.tts.data.volume import louder
from nemo.collections.tts.logging.validation import is_shown, show, speech
from nemo.collections.tts.losses.aligner import BinLoss, ForwardSumLoss
from nemo.collections.tts.losses.fastpitch import DurationLoss, EnergyLoss, MelLoss, PitchLoss, mel_distance
from nemo.collections.tts.models import fastpitch_export
from nemo.collections.tts.models.base import KEYS_OF_USERS, SpectrogramGenerator
from nemo.collections.tts.models.catalogue import published_models
from nemo.collections.tts.models.text_front import build_text_tokenizer, parse_text
from nemo.collections.tts.modules.fastpitch import FastPitchModule, Speech
from nemo.collections.tts.modules.speaker_encoder import mix_speakers
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import Index, LengthsType, MelSpectrogramType, NeuralType, TokenIndex
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class FastPitchModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that are learnt."""
    input_fft: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.transformer.FFTransformerEncoder`."""
    output_fft: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.transformer.FFTransformerDecoder`."""
    duration_predictor: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.fastpitch.TemporalPredictor`."""
    pitch_predictor: Any = MISSING
    text_tokenizer: Any = MISSING
    energy_predictor: Any = None
    alignment_module: Any = None
    """A :class:`~nemo.collections.tts.modules.aligner.AlignmentEncoder`; it is needed where alignments are learnt."""
    speaker_encoder: Any = None
    text_normalizer: Any = None
    text_normalizer_call_kwargs: Any = None
    learn_alignment: bool = False
    """Find durations while training; else the data has them."""
    bin_loss_warmup_epochs: int = 100
    """Epochs in which the weight of the loss of hard alignments grows to 1."""
    n_speakers: int = 1
    speaker_emb_condition_prosody: bool = False
    """The speaker conditions the predictors of duration, pitch and energy too, not only the encoder."""
    speaker_emb_condition_decoder: bool = False
    speaker_emb_condition_aligner: bool = False
    symbols_embedding_dim: int = 384
    pitch_embedding_kernel_size: int = 3
    energy_embedding_kernel_size: int = 3
    max_token_duration: int = 75
    """In frames."""
    min_token_duration: int = 0
    """The same."""
    use_log_energy: bool = True
    """Learn the logarithm of energy; false where the data's is one already."""
    pitch_fmin: float | None = None
    """Hz."""
    pitch_fmax: float | None = None
    pitch_mean: float | None = None
    """Hz, of the voices' data."""
    pitch_std: float | None = None
    dur_loss_scale: float | None = None
    """null: 0.1 where alignments are learnt, else 1; the same for pitch and energy."""
    pitch_loss_scale: float | None = None
    energy_loss_scale: float | None = None
    aligner_loss_scale: float = 1.0
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class FastPitchModel(SpectrogramGenerator, Exportable):
    """Parallel text to spectrogram, with a hand on pace, pitch, energy and voice.

    Args:
        cfg: a :class:`FastPitchModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "input_fft", "output_fft", "duration_predictor", "pitch_predictor", "text_tokenizer")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(FastPitchModelConfig, cfg, also=known, mandatory=parts), trainer)
        cfg = self.cfg
        if cfg.learn_alignment and cfg.alignment_module is None:
            raise ConfigError(
                "model.learn_alignment is true and model.alignment_module is missing. Give one, such as {_target_: "
                "nemo.collections.tts.modules.aligner.AlignmentEncoder}, or data with durations."
            )
        aligner = cfg.alignment_module if cfg.learn_alignment else None
        self.aligner = self._conditioned(aligner, cfg.speaker_emb_condition_aligner)
        self.preprocessor = self.from_config_dict(cfg.preprocessor)
        self.preprocessor.follow_release(cfg.nemo_version)
        tokens = {"n_embed": len(self.vocab.tokens), "padding_idx": self.vocab.pad}
        prosody = cfg.speaker_emb_condition_prosody
        self.fastpitch = FastPitchModule(
            self._conditioned(OmegaConf.merge(cfg.input_fft, tokens), True),
            self._conditioned(cfg.output_fft, cfg.speaker_emb_condition_decoder),
            self._conditioned(cfg.duration_predictor, prosody),
            self._conditioned(cfg.pitch_predictor, prosody),
            self._conditioned(cfg.energy_predictor, prosody),
            self.aligner,
            self.from_config_dict(cfg.speaker_encoder) if cfg.speaker_encoder is not None else None,
            cfg.n_speakers,
            cfg.symbols_embedding_dim,
            cfg.pitch_embedding_kernel_size,
            cfg.energy_embedding_kernel_size,
            cfg.preprocessor.features,
            cfg.max_token_duration,
            cfg.min_token_duration,
            cfg.use_log_energy,
        )
        self._build_losses()

    @functools.cached_property
    def vocab(self) -> Any:
        """The tokenizer; built on first use, because the base class already needs it for its loaders."""
        return build_text_tokenizer(self)

    def _conditioned(self, section: Any, by_speaker: bool) -> Any:
        """The module of a section; the speaker's vector is added to its input, where there are several."""
        if section is None:
            return None
        types = list(section.get("condition_types") or [])
        if by_speaker and self.cfg.n_speakers > 1 and "add" not in types:
            section = OmegaConf.merge(section, {"condition_types": [*types, "add"]})
        return self.from_config_dict(section)

    def _build_losses(self) -> None:
        cfg = self.cfg
        usual = 0.1 if cfg.learn_alignment else 1.0
        scales = (usual if scale is None else scale for scale in (cfg.dur_loss_scale, cfg.pitch_loss_scale))
        self.mel_loss_fn = MelLoss()
        self.duration_loss_fn, self.pitch_loss_fn = (
            loss(loss_scale=scale) for loss, scale in zip((DurationLoss, PitchLoss), scales, strict=True)
        )
        self.energy_loss_fn = EnergyLoss(loss_scale=usual if cfg.energy_loss_scale is None else cfg.energy_loss_scale)
        self.forward_sum_loss_fn = ForwardSumLoss(loss_scale=cfg.aligner_loss_scale)
        self.bin_loss_fn = BinLoss(loss_scale=cfg.aligner_loss_scale)

    # ------------------------------------------------------------------------------------------------------------- use

    def parse(self, str_input: str, normalize: bool = True, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text.

        Args:
            str_input: the text.
            normalize: write out numbers and abbreviations, where the model has a normaliser.
            kwargs: for other models.
        """
        return parse_text(self, str_input, normalize)

    @torch.no_grad()
    def generate_spectrogram(
        self,
        tokens: Tensor,
        speaker: int | Tensor | None = None,
        pace: float | Tensor = 1.0,
        reference_spec: Tensor | None = None,
        reference_spec_lens: Tensor | None = None,
        pitch: float | Tensor | None = None,
        energy: Tensor | None = None,
        volume: float | Tensor | None = None,
        **kwargs: Any,
    ) -> Tensor:
        """Mel spectrograms [B, D, F] of tokens.

        What is a number or [B, U] has one value for all tokens or one for each.

        Args:
            tokens: [B, U], as :meth:`parse` gives them.
            speaker: id of the voice, or [B] ids.
            pace: speed, a number or [B, U]; above 1 is faster.
            reference_spec: [B, D, R] recordings of the voice, for models with a speaker encoder.
            reference_spec_lens: [B] their frames.
            pitch: raises the voice by standard deviations of its pitch, a number or [B, U].
            energy: [B, U] instead of the predicted, as ``log(energy + 1)``, for models with an energy predictor.
            volume: factor of the amplitude, a number or [B, U]; above 0.
            kwargs: for other models.

        Raises:
            ConfigError: an unknown voice, a volume of 0 or below, an energy for a model without it, or no recording for
                a model that hears the voice.
        """
        if self.training:
            logger.warning("generate_spectrogram() of a model in training mode: its dropout is on. Call eval() first.")
        if energy is not None and self.fastpitch.energy_predictor is None:
            raise ConfigError("energy is given and the model has no energy_predictor. Expected None; leave it out.")
        if not (torch.as_tensor(pace) > 0).all():
            raise ConfigError(f"pace is {pace}. Expected a number above 0; 1 is the voice's own, 2 twice as fast.")
        if volume is not None and (torch.as_tensor(volume) <= 0).any():
            raise ConfigError(f"volume is {volume}. Expected factors above 0; 1 changes nothing.")
        if isinstance(speaker, int):
            speaker = torch.tensor([speaker], device=self.device)
        spectrogram, _, _, _, _, volumes = self.fastpitch.infer(
            text=tokens,
            pitch=None if pitch is None else _for_tokens(pitch, tokens),
            speaker=speaker,
            energy=energy,
            pace=pace,
            volume=None if volume is None else _for_tokens(volume, tokens),
            reference_spec=reference_spec,
            reference_spec_lens=reference_spec_lens,
        )
        if volumes is not None:
            spectrogram = louder(spectrogram, volumes, self.preprocessor.featurizer.mag_power)
        return spectrogram

    def interpolate_speaker(
        self,
        original_speaker_1: int,
        original_speaker_2: int,
        weight_speaker_1: float,
        weight_speaker_2: float,
        new_speaker_id: int,
    ) -> None:
        """Makes a voice of two others: its vector is the sum of theirs, weighted.

        Args:
            original_speaker_1: id of a voice.
            original_speaker_2: id of another one.
            weight_speaker_1: of the first.
            weight_speaker_2: of the second.
            new_speaker_id: id of the voice whose vector is replaced.

        Raises:
            ConfigError: the model has one voice, or lacks one of the three.
        """
        voices = (original_speaker_1, original_speaker_2, new_speaker_id)
        mix_speakers(self.fastpitch.speaker_table, *voices, weights=(weight_speaker_1, weight_speaker_2))

    # --------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens, and while training spectrograms; :meth:`forward` has more, of which every one may be left out."""
        return {
            "text": NeuralType(("B", "T"), TokenIndex()),
            "speaker": NeuralType(tuple("B"), Index(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Mel spectrograms with their lengths; :class:`~nemo.collections.tts.modules.fastpitch.Speech` has more."""
        return {
            "spect": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "num_frames": NeuralType(tuple("B"), LengthsType()),
        }

    def forward(self, *, text: Tensor, **others: Any) -> Speech:
        """Mel spectrograms of tokens; see :meth:`~nemo.collections.tts.modules.fastpitch.FastPitchModule.forward`."""
        return self.fastpitch(text=text, **others)

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Loss of a batch; logs it with its parts."""
        _, losses = self._losses(batch)
        self.log_dict({f"t_{name}": value.detach() for name, value in losses.items()})
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Losses of a batch, and how far spectrograms are from recorded ones; the first batch of an epoch is shown."""
        outputs, losses = self._losses(batch)
        if is_shown(self, batch_idx, dataloader_idx):
            show(self, speech(batch, *outputs))
        results = {f"val_{name}": value for name, value in losses.items()}
        results["val_mel_l1"] = mel_distance(outputs[2].spect, outputs[0])
        self.log_dict(results, on_epoch=True, sync_dist=True)
        return results

    def _losses(self, batch: dict[str, Tensor]) -> tuple[tuple[Tensor, Tensor, Speech], dict[str, Tensor]]:
        """Spectrograms of a batch, their lengths and what was computed; its losses, `loss` is all of them together."""
        mels, mel_lens = self.preprocessor(input_signal=batch["audio"], length=batch["audio_lens"])
        batch = fit_frames(batch, mels.shape[2])
        if "reference_audio" in batch:
            reference, reference_lens = self.preprocessor(
                input_signal=batch["reference_audio"], length=batch["reference_audio_lens"]
            )
            batch = {**batch, "reference_spec": reference, "reference_spec_lens": reference_lens}
        learn = self.cfg.learn_alignment
        if not learn and "durations" not in batch:
            raise ConfigError(
                "The data has no durations, and model.learn_alignment is false. Add durations to sup_data_types and "
                "give durs_file, or set learn_alignment to true."
            )
        spoken: Speech = self(
            text=batch["text"],
            durs=None if learn else batch["durations"],
            pitch=batch.get("pitch"),
            energy=batch.get("energy"),
            speaker=batch.get("speaker_id"),
            spec=mels if learn else None,
            attn_prior=batch.get("align_prior_matrix"),
            mel_lens=mel_lens,
            input_lens=batch["text_lens"],
            reference_spec=batch.get("reference_spec"),
            reference_spec_lens=batch.get("reference_spec_lens"),
        )
        durations = spoken.attn_hard_dur if learn else batch["durations"]
        lens = batch["text_lens"]
        losses = {
            "mel_loss": self.mel_loss_fn(spect_predicted=spoken.spect, spect_tgt=mels),
            "dur_loss": self.duration_loss_fn(
                log_durs_predicted=spoken.log_durs_predicted, durs_tgt=durations, len=lens
            ),
        }
        if spoken.pitch is not None:
            losses["pitch_loss"] = self.pitch_loss_fn(
                pitch_predicted=spoken.pitch_predicted, pitch_tgt=spoken.pitch, len=lens
            )
        if spoken.energy_tgt is not None:
            losses["energy_loss"] = self.energy_loss_fn(
                energy_predicted=spoken.energy_pred, energy_tgt=spoken.energy_tgt, length=lens
            )
        if learn:
            losses["ctc_loss"] = self.forward_sum_loss_fn(
                attn_logprob=spoken.attn_logprob, in_lens=lens, out_lens=mel_lens
            )
            weight = min(self.current_epoch / max(self.cfg.bin_loss_warmup_epochs, 1), 1.0)
            losses["bin_loss"] = weight * self.bin_loss_fn(
                hard_attention=spoken.attn_hard, soft_attention=spoken.attn_soft
            )
        losses["loss"] = torch.stack(list(losses.values())).sum()
        return (mels, mel_lens, spoken), losses

    # ------------------------------------------------------------------------------------------------------------ data

    def _of_dataset(self) -> dict[str, Any]:
        texts = {"text_tokenizer": self.vocab, "text_normalizer": self.text_normalizer_call}  # built with the tokenizer
        return {**texts, "n_speakers": self.cfg.n_speakers}

    # ---------------------------------------------------------------------------------------------------------- export

    @property
    def export_config(self) -> dict[str, Any]:
        """Options of the export: `enable_volume` adds a volume of each token."""
        return self.get_export_config()

    @property
    def input_types_for_export(self) -> dict[str, NeuralType]:
        """What an exported file takes."""
        return fastpitch_export.input_types(self)

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """What an exported file gives."""
        return fastpitch_export.output_types(self)

    def input_example(self, max_batch: int = 1, max_dim: int = 44) -> tuple[dict[str, Tensor]]:
        """Tokens with a pitch and a pace of each, for export."""
        return (fastpitch_export.input_example(self, max_batch, max_dim),)

    def forward_for_export(self, **inputs: Tensor) -> tuple[Tensor, ...]:
        """:meth:`~nemo.collections.tts.modules.fastpitch.FastPitchModule.infer`, without energy."""
        return tuple(each for each in self.fastpitch.infer(**inputs) if each is not None)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class."""
        return published_models("FastPitchModel")


def _for_tokens(value: float | Tensor, tokens: Tensor) -> Tensor:
    """A number as [B, U], for all tokens."""
    return value if isinstance(value, Tensor) else torch.full(tokens.shape, float(value), device=tokens.device)
