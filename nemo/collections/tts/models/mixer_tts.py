"""Mixer-TTS: text to mel spectrograms in parallel, by convolutions and linear layers alone (Tatanov et al., 2022).

text -> tokens [B, U] -> encoder [B, U, H] -> durations, pitch [B, U] -> repeated [B, F, H] -> decoder -> mel [B, D, F]
Mixer-TTS-X also hears the tokens [B, L] of a language model.
B batch, U tokens, H features, F frames, D mel bands.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import MISSING, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor, nn

from nemo.collections.tts.data.frames import fit_frames
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.logging.validation import is_shown, show, speech
from nemo.collections.tts.losses.aligner import BinLoss, ForwardSumLoss, bin_loss_weight
from nemo.collections.tts.losses.fastpitch import DurationLoss, MelLoss, PitchLoss
from nemo.collections.tts.models.base import KEYS_OF_USERS, SpectrogramGenerator
from nemo.collections.tts.models.catalogue import published_models
from nemo.collections.tts.models.text_front import build_text_tokenizer, parse_text
from nemo.collections.tts.modules.durations import average_features, regulate_len
from nemo.collections.tts.modules.fastpitch import Speech
from nemo.collections.tts.modules.monotonic_alignment import binarize_attention
from nemo.collections.tts.modules.transformer import lengths_to_mask
from nemo.collections.tts.text.language_model import (
    LanguageModelConfig,
    build_lm_embeddings,
    build_lm_tokenizer,
    tokens_for_lm,
)
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import (
    LengthsType,
    MelSpectrogramType,
    NeuralType,
    RegressionValuesType,
    TokenIndex,
)
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class MixerTTSModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    """The mel spectrograms that are learnt."""
    encoder: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.mixer_tts.MixerTTSModule`, whose number of tokens is filled in."""
    decoder: Any = MISSING
    """The same, over frames."""
    alignment_module: Any = MISSING
    """An :class:`~nemo.collections.tts.modules.aligner.AlignmentEncoder`."""
    duration_predictor: Any = MISSING
    """A :class:`~nemo.collections.tts.modules.fastpitch.TemporalPredictor`."""
    pitch_predictor: Any = MISSING
    pitch_emb: Any = MISSING
    """A torch.nn.Conv1d from one channel to those of the encoder."""
    text_tokenizer: Any = MISSING
    text_normalizer: Any = None
    text_normalizer_call_kwargs: Any = None
    cond_on_lm_embeddings: bool = False
    """Mixer-TTS-X: hear the tokens of a language model too."""
    self_attention_module: Any = None
    """A :class:`~nemo.collections.tts.modules.mixer_tts.SelfAttentionModule`; Mixer-TTS-X needs it."""
    language_model: LanguageModelConfig = field(default_factory=LanguageModelConfig)
    symbols_embedding_dim: int = 384
    max_token_duration: int = 75
    """In frames."""
    pitch_fmin: float | None = None
    """Hz."""
    pitch_fmax: float | None = None
    pitch_mean: float | None = None
    """Hz, of the voice's data."""
    pitch_std: float | None = None
    mel_loss_scale: float = 1.0
    pitch_loss_scale: float = 0.1
    durs_loss_scale: float = 0.1
    aligner_loss_scale: float = 1.0
    bin_loss_start_ratio: float = 0.2
    """Part of the epochs after which the loss of hard alignments begins."""
    bin_loss_warmup_epochs: int = 100
    """Epochs in which its weight grows to 1."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class MixerTTSModel(SpectrogramGenerator, Exportable):
    """Parallel text to spectrogram, small and fast, alignments learnt on the way.

    Args:
        cfg: a :class:`MixerTTSModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "encoder", "decoder", "alignment_module", "duration_predictor", "pitch_predictor")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        mandatory = (*parts, "pitch_emb", "text_tokenizer")
        super().__init__(_named(with_defaults(MixerTTSModelConfig, cfg, also=known, mandatory=mandatory)), trainer)
        cfg = self.cfg
        self.aligner = self.from_config_dict(cfg.alignment_module)
        tokens = {"num_tokens": len(self.vocab.tokens), "padding_idx": self.vocab.pad}
        self.encoder = self.from_config_dict(OmegaConf.merge(cfg.encoder, tokens))
        self.symbol_emb = self.encoder.to_embed  # archives have it under both names
        if cfg.cond_on_lm_embeddings:
            self.lm_embeddings = build_lm_embeddings(self)
            width = {"n_lm_tokens_channels": self.lm_embeddings.embedding_dim}
            self.self_attention_module = self.from_config_dict(OmegaConf.merge(cfg.self_attention_module, width))
        self.duration_predictor = self.from_config_dict(cfg.duration_predictor)
        self.pitch_predictor = self.from_config_dict(cfg.pitch_predictor)
        self.pitch_emb = self.from_config_dict(cfg.pitch_emb)
        self.preprocessor = self.from_config_dict(cfg.preprocessor)
        self.preprocessor.follow_release(cfg.nemo_version)
        self.decoder = self.from_config_dict(cfg.decoder)
        self.proj = nn.Linear(self.decoder.d_model, cfg.preprocessor.features)
        self.mel_loss_fn = MelLoss()
        self.duration_loss_fn = DurationLoss(loss_scale=cfg.durs_loss_scale)
        self.pitch_loss_fn = PitchLoss(loss_scale=cfg.pitch_loss_scale)
        self.forward_sum_loss = ForwardSumLoss(loss_scale=cfg.aligner_loss_scale)
        self.bin_loss = BinLoss(loss_scale=cfg.aligner_loss_scale)

    @functools.cached_property
    def vocab(self) -> Any:
        """The tokenizer; built on first use, because the base class already needs it for its loaders."""
        return build_text_tokenizer(self)

    @functools.cached_property
    def lm_tokenizer(self) -> Any:
        """The language model's tokenizer; archives of the original do not have its files, so it is built when used."""
        return build_lm_tokenizer(self)

    # ------------------------------------------------------------------------------------------------------------- use

    def parse(self, str_input: str, normalize: bool = True, **kwargs: Any) -> Tensor:
        """The tokens [1, U] of a text.

        Args:
            str_input: the text.
            normalize: write out numbers and abbreviations, where the model has a normaliser.
            kwargs: for other models.
        """
        return parse_text(self, str_input, normalize)

    def parse_for_language_model(self, texts: Sequence[str], normalize: bool = True) -> Tensor:
        """The language model's tokens [B, L] of texts, for Mixer-TTS-X; the arguments are those of :meth:`parse`."""
        vocab = self.vocab  # with it comes the normaliser
        call: Any = self.text_normalizer_call if normalize else None
        spoken = [text if call is None else call(text) for text in texts]
        found = [torch.tensor(tokens_for_lm(self.lm_tokenizer, vocab, text), device=self.device) for text in spoken]
        return pad_together(found, self.cfg.language_model.padding_idx)

    @torch.no_grad()
    def generate_spectrogram(
        self,
        tokens: Tensor | None = None,
        tokens_len: Tensor | None = None,
        lm_tokens: Tensor | None = None,
        raw_texts: Sequence[str] | None = None,
        norm_text_for_lm_model: bool = True,
        lm_model: str | None = None,
        pace: float | Tensor = 1.0,
        **kwargs: Any,
    ) -> Tensor:
        """Mel spectrograms [B, D, F] of tokens.

        Args:
            tokens: [B, U], as :meth:`parse` gives them; None: those of `raw_texts`.
            tokens_len: [B]; None: what is not padding counts.
            lm_tokens: [B, L] tokens of the language model, for Mixer-TTS-X; None: those of `raw_texts`.
            raw_texts: the texts.
            norm_text_for_lm_model: write out numbers and abbreviations for the language model.
            lm_model: accepted for the original's sake: a model has one language model.
            pace: speed, a number or [B, U]; above 1 is faster.
            kwargs: for other models.

        Raises:
            ConfigError: neither tokens nor texts are given, or no texts to a model that needs them.
        """
        if self.training:
            logger.warning("generate_spectrogram() of a model in training mode: its dropout is on. Call eval() first.")
        if tokens is None:
            if raw_texts is None:
                raise ConfigError("tokens and raw_texts are None. Expected one of them; give parse(TEXT) as tokens.")
            tokens = pad_together([self.parse(text)[0] for text in raw_texts], self.vocab.pad)
        if self.cfg.cond_on_lm_embeddings and lm_tokens is None:
            if raw_texts is None:
                raise ConfigError(
                    "The model hears a language model (cond_on_lm_embeddings), and neither lm_tokens nor raw_texts are "
                    "given. Expected the texts of the tokens; give raw_texts=[TEXT]."
                )
            lm_tokens = self.parse_for_language_model(raw_texts, norm_text_for_lm_model)
        return self(text=tokens, text_len=tokens_len, lm_tokens=lm_tokens, pace=pace).spect

    # --------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens; :meth:`forward` has more, of which every one may be left out."""
        return {
            "text": NeuralType(("B", "T"), TokenIndex()),
            "lm_tokens": NeuralType(("B", "T"), TokenIndex(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Mel spectrograms with their lengths; :class:`~nemo.collections.tts.modules.fastpitch.Speech` has more."""
        return {
            "spect": NeuralType(("B", "D", "T"), MelSpectrogramType()),
            "num_frames": NeuralType(tuple("B"), LengthsType()),
        }

    def forward(
        self,
        *,
        text: Tensor,
        text_len: Tensor | None = None,
        pitch: Tensor | None = None,
        spect: Tensor | None = None,
        spect_len: Tensor | None = None,
        attn_prior: Tensor | None = None,
        lm_tokens: Tensor | None = None,
        pace: float | Tensor = 1.0,
    ) -> Speech:
        """Mel spectrograms of texts.

        Args:
            text: [B, U] tokens.
            text_len: [B]; None: what is not padding counts.
            pitch: [B, U], or [B, F] frames of `spect`, normalised; None: as predicted.
            spect: [B, D, F] the recordings' spectrograms: durations are then found in them.
            spect_len: [B] their frames; needed with them.
            attn_prior: [B, F, U] how probable each token is in each frame.
            lm_tokens: [B, L] tokens of the language model, for Mixer-TTS-X.
            pace: speed.
        """
        mask = lengths_to_mask(text_len, text.shape[1]) if text_len is not None else (text != self.vocab.pad)[..., None]
        encoded, _ = self.encoder(text, mask)
        log_durs = self.duration_predictor(encoded, mask)
        durations = (log_durs.exp() - 1).clamp(0, self.cfg.max_token_duration)
        pitch_predicted = self.pitch_predictor(encoded, mask)
        soft = log_probs = hard = hard_durations = None
        if spect is not None:
            assert spect_len is not None
            words = self.symbol_emb(text).transpose(1, 2)
            soft, log_probs = self.aligner(spect, words, ~mask, attn_prior)
            hard = binarize_attention(soft, mask.sum(1)[:, 0], spect_len)
            hard_durations = hard.sum(2)[:, 0]
            if pitch is not None and pitch.shape[-1] != text.shape[-1]:
                pitch = average_features(pitch[:, None], hard_durations)[:, 0]
        chosen = pitch_predicted if pitch is None else pitch
        encoded = encoded + self.pitch_emb(chosen[:, None]).transpose(1, 2)
        if lm_tokens is not None:
            encoded = encoded + self._known(encoded, mask, lm_tokens)
        spread, frames = regulate_len(durations if hard_durations is None else hard_durations, encoded, pace)
        decoded, _ = self.decoder(spread, lengths_to_mask(frames, spread.shape[1]))
        spectrogram = self.proj(decoded).transpose(1, 2)
        predicted = (durations, log_durs, pitch_predicted)
        return Speech(spectrogram, frames, *predicted, soft, log_probs, hard, hard_durations, pitch)

    def _known(self, encoded: Tensor, mask: Tensor, tokens: Tensor) -> Tensor:
        """[B, U, H] what the language model's tokens tell of a text."""
        vectors = self.lm_embeddings(tokens)
        is_token = tokens != self.lm_embeddings.padding_idx
        return self.self_attention_module(
            queries=encoded, keys=vectors, values=vectors, q_mask=mask[..., 0], kv_mask=is_token
        )

    # -------------------------------------------------------------------------------------------------------- training

    @property
    def bin_loss_scale(self) -> float:
        """Weight of the loss of hard alignments in this epoch; 0 before it begins."""
        epochs = self.trainer.max_epochs if self._trainer is not None else None
        cfg = self.cfg
        return bin_loss_weight(self.current_epoch, epochs, cfg.bin_loss_start_ratio, cfg.bin_loss_warmup_epochs)

    def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> Tensor:
        """Loss of a batch; logs it with its parts."""
        _, losses = self._losses(batch)
        self.log_dict({f"train_{name}": value.detach() for name, value in losses.items()})
        return losses["loss"]

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int, dataloader_idx: int = 0) -> dict[str, Tensor]:
        """Losses of a batch; the first one of an epoch is shown where a logger takes pictures."""
        outputs, losses = self._losses(batch)
        if is_shown(self, batch_idx, dataloader_idx):
            show(self, speech(batch, *outputs))
        results = {f"val_{name}": value for name, value in losses.items()}
        self.log_dict(results, on_epoch=True, sync_dist=True)
        return results

    def _losses(self, batch: dict[str, Tensor]) -> tuple[tuple[Tensor, Tensor, Speech], dict[str, Tensor]]:
        """Spectrograms of a batch, their lengths and what was computed; its losses, `loss` is all of them together."""
        mels, mel_lens = self.preprocessor(input_signal=batch["audio"], length=batch["audio_lens"])
        batch = fit_frames(batch, mels.shape[2])
        lens = batch["text_lens"]
        spoken = self(
            text=batch["text"],
            text_len=lens,
            pitch=batch["pitch"],
            spect=mels,
            spect_len=mel_lens,
            attn_prior=batch.get("align_prior_matrix"),
            lm_tokens=batch["lm_tokens"] if self.cfg.cond_on_lm_embeddings else None,
        )
        durations, pitch = spoken.attn_hard_dur, spoken.pitch
        losses = {
            "mel_loss": self.cfg.mel_loss_scale * self.mel_loss_fn(spect_predicted=spoken.spect, spect_tgt=mels),
            "durs_loss": self.duration_loss_fn(
                log_durs_predicted=spoken.log_durs_predicted, durs_tgt=durations, len=lens
            ),
            "pitch_loss": self.pitch_loss_fn(pitch_predicted=spoken.pitch_predicted, pitch_tgt=pitch, len=lens),
            "ctc_loss": self.forward_sum_loss(attn_logprob=spoken.attn_logprob, in_lens=lens, out_lens=mel_lens),
        }
        weight = self.bin_loss_scale
        if weight > 0:
            losses["bin_loss"] = weight * self.bin_loss(
                hard_attention=spoken.attn_hard, soft_attention=spoken.attn_soft
            )
        losses["loss"] = torch.stack(list(losses.values())).sum()
        return (mels, mel_lens, spoken), losses

    # ------------------------------------------------------------------------------------------------------------ data

    def _of_dataset(self) -> dict[str, Any]:
        vocab = self.vocab
        found = {"text_tokenizer": vocab, "text_normalizer": self.text_normalizer_call}  # built with the tokenizer
        return {**found, "lm_tokenizer": self.lm_tokenizer} if self.cfg.cond_on_lm_embeddings else found

    # ---------------------------------------------------------------------------------------------------------- export

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """What an exported file gives: what :meth:`forward_for_export` returns, by FastPitch's names."""
        of_tokens = ("durs_predicted", "log_durs_predicted", "pitch_predicted")
        return self.output_types | dict.fromkeys(of_tokens, NeuralType(("B", "T"), RegressionValuesType()))

    def input_example(self, max_batch: int = 1, max_dim: int = 44) -> tuple[dict[str, Any]]:
        """Tokens, for export."""
        inputs = {"text": torch.randint(0, self.vocab.pad, (max_batch, max_dim), device=self.device)}
        if self.cfg.cond_on_lm_embeddings:
            count = self.lm_embeddings.num_embeddings
            inputs["lm_tokens"] = torch.randint(1, count, (max_batch, max_dim // 2), device=self.device)
        return (inputs,)

    def forward_for_export(self, text: Tensor, lm_tokens: Tensor | None = None) -> tuple[Tensor, ...]:
        """Spectrograms [B, D, F] of tokens, their frames [B], durations [B, U] and their logarithms, pitch [B, U]."""
        return tuple(self(text=text, lm_tokens=lm_tokens)[:5])

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class."""
        return published_models("MixerTTSModel")


def _named(cfg: Any) -> Any:
    """The config, with the name of its language model, if it has one."""
    if not cfg.cond_on_lm_embeddings:
        return cfg
    if cfg.self_attention_module is None:
        raise ConfigError(
            "model.cond_on_lm_embeddings is true and model.self_attention_module is missing. Expected {_target_: "
            "nemo.collections.tts.modules.mixer_tts.SelfAttentionModule, n_text_channels: 384}; add it."
        )
    name = cfg.language_model.pretrained_model_name or OmegaConf.select(cfg, "train_ds.dataset.lm_model")
    if not name:
        raise ConfigError(
            "model.cond_on_lm_embeddings is true and no language model is named. Expected model.language_model."
            "pretrained_model_name, or train_ds.dataset.lm_model, such as albert; set it."
        )
    return OmegaConf.merge(cfg, {"language_model": {"pretrained_model_name": name}})
