"""Hybrids: a transducer and a CTC decoder over one encoder (Noroozi et al., 2023, https://arxiv.org/abs/2312.17279).

audio [B, T] -> preprocessor -> encoder -> encoded [B, H, S] -> transducer, see rnnt.py
                                           encoded [B, H, S] -> ctc_decoder -> log_probs [B, S, V + 1]
Trained with both losses, used with either: `change_decoding_strategy(decoder_type=...)` chooses.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from omegaconf import OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.asr.decoding.ctc import CTCDecoding
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.losses.ctc import CTCLoss
from nemo.collections.asr.metrics.batch_error_rate import batch_error_rate
from nemo.collections.asr.metrics.wer import WER
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.ctc import wanted_of_decoding
from nemo.collections.asr.models.inter_ctc import InterCTC
from nemo.collections.asr.models.rnnt import EncDecRNNTModel, RNNTModelConfig, SpeechBatch
from nemo.collections.asr.modules.encoder_export import encode_for_export, with_caches
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.neural_types import NeuralType
from nemo.utils.exceptions import ConfigError

DECODER_TYPES = ("rnnt", "ctc")


@dataclass
class AuxCTCConfig:
    """`aux_ctc`: the CTC part of a hybrid."""

    decoder: Any = field(default_factory=dict)
    """A ConvASRDecoder; its `feat_in`, `vocabulary` and `num_classes` come from the encoder and the vocabulary."""
    ctc_loss_weight: float = 0.5
    """Its share of the loss; the transducer has the rest of 1."""
    use_cer: bool = False
    """Measure errors of characters instead of words."""
    ctc_reduction: str | None = "mean_batch"
    """How the losses of utterances are combined."""
    decoding: Any = field(default_factory=dict)
    """A :class:`~nemo.collections.asr.decoding.ctc.CTCDecodingConfig`."""


@dataclass
class HybridModelConfig(RNNTModelConfig):
    """`model` section of a hybrid."""

    aux_ctc: AuxCTCConfig = field(default_factory=AuxCTCConfig)
    interctc: Any = None
    """Losses of inner layers; see :class:`~nemo.collections.asr.models.inter_ctc.InterCTCConfig`."""


class EncDecHybridRNNTCTCModel(EncDecRNNTModel):
    """Hybrid over characters.

    Args:
        cfg: a :class:`HybridModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    config_schema: ClassVar[type] = HybridModelConfig
    keys_of_sizes: ClassVar[tuple[str, ...]] = (*EncDecRNNTModel.keys_of_sizes, "aux_ctc.decoder.num_classes")
    cur_decoder = "rnnt"
    """What transcribes: rnnt or ctc."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        super().__init__(cfg, trainer)
        self.inter_ctc = InterCTC(self.cfg.interctc, self, decoder="ctc_decoder", loss="ctc_loss", wer="ctc_wer")

    # ------------------------------------------------------------------------------------------- outputs and decoding

    def _build_outputs(self, vocabulary: Sequence[str], decoding_config: Any) -> None:
        """Those of the transducer, and CTC decoder, loss, decoding and metric."""
        super()._build_outputs(vocabulary, decoding_config)
        aux = copy.deepcopy(self.cfg.aux_ctc)
        OmegaConf.set_struct(aux, False)
        if not aux.decoder:
            raise ConfigError(
                "model.aux_ctc.decoder is missing. Expected a section with _target_ "
                "nemo.collections.asr.modules.ConvASRDecoder; the rest is filled in."
            )
        aux.decoder.feat_in = self.encoder._feat_out
        aux.decoder.vocabulary, aux.decoder.num_classes = list(vocabulary), len(vocabulary)
        self.ctc_decoder = self.from_config_dict(aux.decoder)
        self.ctc_loss_weight = float(aux.ctc_loss_weight)
        if not 0.0 <= self.ctc_loss_weight <= 1.0:
            raise ConfigError(f"model.aux_ctc.ctc_loss_weight is {self.ctc_loss_weight}; expected 0 to 1.")
        self.ctc_loss = CTCLoss(
            num_classes=self.ctc_decoder.num_classes_with_blank - 1, zero_infinity=True, reduction=aux.ctc_reduction
        )
        self._replace_sections(aux_ctc=aux)
        self._set_ctc_decoding(aux.decoding)

    def _set_ctc_decoding(self, decoding_config: Any) -> None:
        self.ctc_decoding = self._make_ctc_decoding(decoding_config)
        self.ctc_wer = WER(
            decoding=self.ctc_decoding,
            use_cer=self.cfg.aux_ctc.use_cer,
            log_prediction=self.cfg.log_prediction,
            sync_on_compute=False,
        )
        self._replace_sections(aux_ctc=OmegaConf.merge(self.cfg.aux_ctc, {"decoding": self.ctc_decoding.cfg}))

    def _make_ctc_decoding(self, decoding_config: Any) -> CTCDecoding:
        vocabulary = self.ctc_decoder.vocabulary
        return CTCDecoding(decoding_config, vocabulary, closes_up_punctuation=self.closes_up_punctuation)

    def change_vocabulary(
        self, new_vocabulary: Sequence[str], decoding_cfg: Any = None, ctc_decoding_cfg: Any = None
    ) -> None:
        """As for transducers; the CTC decoder is new as well.

        Args:
            new_vocabulary: the labels; the same as before change nothing.
            decoding_cfg: a `decoding` section; None keeps the present one.
            ctc_decoding_cfg: that of CTC; None keeps the present one.
        """
        self._take_ctc_section(ctc_decoding_cfg)
        super().change_vocabulary(new_vocabulary, decoding_cfg)

    def _take_ctc_section(self, ctc_decoding_cfg: Any) -> None:
        if ctc_decoding_cfg is not None:
            self._replace_sections(aux_ctc=OmegaConf.merge(self.cfg.aux_ctc, {"decoding": ctc_decoding_cfg}))

    def _change_outputs(self, vocabulary: Sequence[str], decoding_cfg: Any) -> None:
        super()._change_outputs(vocabulary, decoding_cfg)
        self.ctc_decoder.to(self.device)
        self.ctc_wer.to(self.device)

    def change_decoding_strategy(self, decoding_cfg: Any = None, decoder_type: str | None = None) -> None:
        """Decodes another way, or with the other decoder, from now on.

        Args:
            decoding_cfg: a `decoding` section for this decoder; None: the model's own for it.
            decoder_type: rnnt or ctc; None: rnnt.

        Raises:
            ConfigError: an unknown `decoder_type`, or a section that is not possible.
        """
        decoder_type = decoder_type or "rnnt"
        if decoder_type not in DECODER_TYPES:
            raise ConfigError(f"decoder_type is {decoder_type!r}; expected one of {', '.join(DECODER_TYPES)}.")
        if decoder_type == "rnnt":
            super().change_decoding_strategy(decoding_cfg)
        else:
            self._set_ctc_decoding(self.cfg.aux_ctc.decoding if decoding_cfg is None else decoding_cfg)
            self.ctc_wer.to(self.device)
        self.cur_decoder = decoder_type

    def decoding_for(self, *, timestamps: bool | None = None, keep_log_probs: bool = False) -> Any:
        """The decoding of the present decoder, or one like it that gives times, and for CTC `alignments` as well."""
        if self.cur_decoder == "rnnt":
            return super().decoding_for(timestamps=timestamps, keep_log_probs=keep_log_probs)
        wanted = wanted_of_decoding(timestamps, keep_log_probs)
        if not wanted:
            return self.ctc_decoding
        return self._make_ctc_decoding(OmegaConf.merge(self.ctc_decoding.cfg, wanted))

    # -------------------------------------------------------------------------------------------------------- network

    def frames_for_search(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """What the present decoder searches: encoded frames [B, S, H], or log-probabilities [B, S, V + 1]."""
        if self.cur_decoder == "rnnt":
            return super().frames_for_search(features, lengths)
        encoded, encoded_lengths = self.forward(processed_signal=features, processed_signal_length=lengths)
        return self.ctc_decoder(encoder_output=encoded), encoded_lengths

    def search_frames(self, frames: Tensor, lengths: Tensor, decoding: Any) -> list[Hypothesis]:
        """Frames of :meth:`frames_for_search` -> hypotheses."""
        if self.cur_decoder == "rnnt":
            return super().search_frames(frames, lengths, decoding)
        hypotheses: list[Hypothesis]
        hypotheses, _ = decoding.ctc_decoder_predictions_tensor(frames, lengths, return_hypotheses=True)
        return hypotheses

    # -------------------------------------------------------------------------------------------------------- training

    def _encode_batch(self, batch: SpeechBatch) -> tuple[Tensor, Tensor]:
        with self.inter_ctc.capture():
            return super()._encode_batch(batch)

    def _losses(self, encoded: Tensor, encoded_lengths: Tensor, batch: SpeechBatch) -> tuple[Tensor, dict[str, Any]]:
        """The weighted mean of both losses, and each of them."""
        rnnt_loss, _ = super()._losses(encoded, encoded_lengths, batch)
        ctc_loss = self.ctc_loss(
            log_probs=self.ctc_decoder(encoder_output=encoded),
            targets=batch[2],
            input_lengths=encoded_lengths,
            target_lengths=batch[3],
        )
        ctc_loss, inner = self.inter_ctc.add_losses(ctc_loss, batch, errors=not self.training)
        loss = (1 - self.ctc_loss_weight) * rnnt_loss + self.ctc_loss_weight * ctc_loss
        return loss, {"rnnt_loss": rnnt_loss.detach(), "ctc_loss": ctc_loss.detach(), **inner}

    def _error_rates(self, encoded: Tensor, encoded_lengths: Tensor, batch: SpeechBatch) -> dict[str, Tensor]:
        """Those of the transducer, and those of CTC as `wer_ctc`, `wer_num_ctc`, `wer_denom_ctc`."""
        rates = super()._error_rates(encoded, encoded_lengths, batch)
        log_probs = self.ctc_decoder(encoder_output=encoded)
        of_ctc = batch_error_rate(self.ctc_wer, log_probs, encoded_lengths, batch)
        return rates | dict(zip(("wer_ctc", "wer_num_ctc", "wer_denom_ctc"), of_ctc, strict=True))

    # -------------------------------------------------------------------------------------------- export and catalogue

    def list_export_subnets(self) -> list[str]:
        """As for transducers; with ``set_export_config({"decoder_type": "ctc"})`` one file, encoder and CTC decoder."""
        return ["self"] if self._exports_ctc else super().list_export_subnets()

    @property
    def _exports_ctc(self) -> bool:
        kind = self.get_export_config().get("decoder_type", "rnnt")
        if kind not in DECODER_TYPES:
            raise ConfigError(f"the export's decoder_type is {kind!r}; expected one of {', '.join(DECODER_TYPES)}.")
        return bool(kind == "ctc")

    @property
    def input_module(self) -> Any:
        """The exported CTC file takes what the encoder takes: features and lengths."""
        return self.encoder

    @property
    def output_module(self) -> Any:
        """It gives what the CTC decoder gives: log-probabilities."""
        return self.ctc_decoder

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """Log-probabilities; of a stream also their lengths and the encoder's caches."""
        return with_caches(self.ctc_decoder.output_types, self.encoder)

    def forward_for_export(self, audio_signal: Tensor, length: Tensor, *caches: Tensor) -> Any:
        """Features [B, D, F] and lengths [B] -> log-probabilities [B, S, V + 1]; with caches, as for CTC models."""
        encoded, *others = encode_for_export(self.encoder, audio_signal, length, *caches)
        log_probs = self.ctc_decoder(encoder_output=encoded)
        return (log_probs, *others) if caches else log_probs

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published character models of this family."""
        return published_models("EncDecHybridRNNTCTCModel")
