"""CTC speech recognition: an encoder and a classifier of its frames (Graves et al., 2006).

audio [B, T] -> preprocessor -> [B, D, F] -> encoder -> [B, H, S] -> decoder -> log_probs [B, S, V + 1] -> decoding
B batch, T samples, D features, F their frames, H hidden, S encoder frames, V tokens; the blank is the last class.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.asr.decoding.ctc import CTCDecoding
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.losses.ctc import CTCLoss
from nemo.collections.asr.metrics.batch_error_rate import batch_error_rate
from nemo.collections.asr.metrics.wer import WER
from nemo.collections.asr.models.adapter_model import ASRAdapterModelMixin
from nemo.collections.asr.models.asr_model import ASRModel
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.inter_ctc import InterCTC
from nemo.collections.asr.models.speech_front import build_speech_front, encode_speech, speech_input_types
from nemo.collections.asr.modules.encoder_export import encode_for_export, set_cache_support, with_caches
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import LabelsType, LengthsType, LogprobsType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

KEYS_OF_USERS = (
    "adapters",
    "tokenizer",
    "model_defaults",
    "repeat",
    "dropout",
    "separable",
    "kernel_size_factor",
    "title",
)
"""Keys of a subclass or of adapters, and values that the original's YAML files keep there to refer to them."""

SpeechBatch = Sequence[Tensor]
"""audio [B, T], its lengths [B], tokens [B, U], their lengths [B], and for prediction the ids of the samples [B]."""


@dataclass
class CTCModelConfig:
    """`model` section of a CTC model."""

    preprocessor: Any = MISSING
    encoder: Any = MISSING
    decoder: Any = MISSING
    """`vocabulary` and `num_classes`; `feat_in` is taken from the encoder if it is not there."""
    spec_augment: Any = None
    """Masks on the features while training; null: none."""
    decoding: Any = field(default_factory=dict)
    """A :class:`~nemo.collections.asr.decoding.ctc.CTCDecodingConfig`; the decoding fills it up."""
    sample_rate: int = 16000
    """Hz."""
    labels: Any = None
    """Characters; usually what decoder.vocabulary refers to."""
    ctc_reduction: str | None = "mean_batch"
    """How the losses of utterances are combined: mean_batch, mean, mean_volume, sum or none."""
    use_cer: bool = False
    """Measure errors of characters instead of words."""
    log_prediction: bool = False
    """Log one reference with its transcript whenever an error rate is computed."""
    skip_nan_grad: bool = False
    """Leave out steps whose gradients are NaN or infinite, however many; `non_finite` says more, to every model."""
    interctc: Any = None
    """Losses of inner layers; see :class:`~nemo.collections.asr.models.inter_ctc.InterCTCConfig`."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class EncDecCTCModel(ASRModel, ASRAdapterModelMixin, Exportable):
    """CTC model over characters, such as QuartzNet and Jasper.

    Args:
        cfg: a :class:`CTCModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "encoder", "decoder")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(CTCModelConfig, cfg, also=known, mandatory=parts), trainer)
        build_speech_front(self)
        self._build_outputs(self._decoder_config(), self.cfg.decoding)
        self.inter_ctc = InterCTC(self.cfg.interctc, self)
        self.setup_adapters()

    # ------------------------------------------------------------------------------------------- outputs and decoding

    def _decoder_config(self, vocabulary: Sequence[str] | None = None) -> DictConfig:
        """The decoder's section with `feat_in`, `vocabulary` and `num_classes` filled in and checked."""
        config = copy.deepcopy(self.cfg.decoder)
        OmegaConf.set_struct(config, False)
        if vocabulary is not None:
            config.vocabulary, config.num_classes = list(vocabulary), len(vocabulary)
        width = self.encoder._feat_out
        if config.setdefault("feat_in", width) is None:
            config.feat_in = width
        if config.feat_in != width:
            raise ConfigError(
                f"model.decoder.feat_in is {config.feat_in}, but the encoder gives {width} channels. Set it to {width} "
                "or leave it out."
            )
        if not config.get("vocabulary"):
            raise ConfigError(
                "model.decoder.vocabulary is empty. Expected the labels in the order of the model's outputs; set it to "
                "${model.labels}, or use EncDecCTCModelBPE with a tokenizer."
            )
        if (config.get("num_classes") or -1) < 1:
            config.num_classes = len(config.vocabulary)
        return config

    def _build_outputs(self, decoder_config: DictConfig, decoding_config: Any) -> None:
        """Decoder, loss, decoding and metric for one vocabulary; keeps their sections in the config."""
        self.decoder = self.from_config_dict(decoder_config)
        self.loss = CTCLoss(
            num_classes=self.decoder.num_classes_with_blank - 1, zero_infinity=True, reduction=self.cfg.ctc_reduction
        )
        self._set_decoding(decoding_config, decoder=decoder_config)

    def _set_decoding(self, decoding_config: Any, **other_sections: Any) -> None:
        self.decoding = self._make_decoding(decoding_config)
        self.wer = WER(
            decoding=self.decoding,
            use_cer=self.cfg.use_cer,
            log_prediction=self.cfg.log_prediction,
            sync_on_compute=False,  # here it is a batch's rate; sets of several processes come together at their end
        )
        self._replace_sections(decoding=self.decoding.cfg, **other_sections)

    def _make_decoding(self, decoding_config: Any) -> CTCDecoding:
        return CTCDecoding(decoding_config, self.decoder.vocabulary, closes_up_punctuation=self.closes_up_punctuation)

    def change_vocabulary(self, new_vocabulary: Sequence[str], decoding_cfg: Any = None) -> None:
        """Gives the model other labels: a new decoder, untrained, with the loss, decoding and metric that belong to it.

        Args:
            new_vocabulary: the labels; the same as before change nothing.
            decoding_cfg: a `decoding` section; None keeps the present one.

        Raises:
            ConfigError: no labels, one that is no string, or one that stands twice.
        """
        self._exchange_labels(self.decoder.vocabulary, new_vocabulary, decoding_cfg)

    def _change_outputs(self, vocabulary: Sequence[str], decoding_cfg: Any) -> None:
        device = self.device
        decoding = self.cfg.decoding if decoding_cfg is None else decoding_cfg
        self._build_outputs(self._decoder_config(vocabulary), decoding)
        self.decoder.to(device)
        self.wer.to(device)
        logger.info("the decoder has %d new labels and must be trained", len(vocabulary))

    def change_decoding_strategy(self, decoding_cfg: Any) -> None:
        """Decodes another way from now on.

        Args:
            decoding_cfg: a `decoding` section; what it lacks takes its default.
        """
        self._set_decoding(decoding_cfg)
        self.wer.to(self.device)

    def decoding_for(self, *, timestamps: bool | None = None, keep_log_probs: bool = False) -> CTCDecoding:
        """The model's decoding, or one like it that gives times and `alignments` as well."""
        wanted = wanted_of_decoding(timestamps, keep_log_probs)
        if not wanted:
            return self.decoding
        return self._make_decoding(OmegaConf.merge(self.decoding.cfg, wanted))

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Audio with its lengths, or features with theirs."""
        return speech_input_types(self.cfg.sample_rate)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Log-probabilities, lengths and the best label of each frame."""
        return {
            "outputs": NeuralType(("B", "T", "D"), LogprobsType()),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
            "greedy_predictions": NeuralType(("B", "T"), LabelsType()),
        }

    @typecheck()
    def forward(
        self,
        input_signal: Tensor | None = None,
        input_signal_length: Tensor | None = None,
        processed_signal: Tensor | None = None,
        processed_signal_length: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Computes log-probabilities from audio, or from features that are ready.

        Args:
            input_signal: [B, T] audio.
            input_signal_length: [B] samples.
            processed_signal: [B, D, F] features, instead of audio.
            processed_signal_length: [B] frames.

        Returns:
            log_probs [B, S, V + 1], lengths [B] in encoder frames, and the best labels [B, S].

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        encoded, encoded_lengths = encode_speech(
            self, input_signal, input_signal_length, processed_signal, processed_signal_length
        )
        log_probs = self.decoder(encoder_output=encoded)
        return log_probs, encoded_lengths, log_probs.argmax(dim=-1)

    def transcribe_batch(self, signals: Tensor, lengths: Tensor, decoding: CTCDecoding) -> list[Hypothesis]:
        """Transcribes signals [B, T] of `lengths` [B] samples with a decoding of :meth:`decoding_for`."""
        features, feature_lengths = self.preprocessor(input_signal=signals, length=lengths)
        return self.search_frames(*self.frames_for_search(features, feature_lengths), decoding)

    def frames_for_search(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, D, F] -> log-probabilities [B, S, V + 1], with their lengths."""
        log_probs, encoded_lengths, _ = self.forward(processed_signal=features, processed_signal_length=lengths)
        return log_probs, encoded_lengths

    def search_frames(self, frames: Tensor, lengths: Tensor, decoding: CTCDecoding) -> list[Hypothesis]:
        """Log-probabilities [B, S, V + 1] -> hypotheses."""
        hypotheses, _ = decoding.ctc_decoder_predictions_tensor(frames, lengths, return_hypotheses=True)
        return hypotheses

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: SpeechBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate and, now and then, the batch's error rate."""
        self.take_adapter_losses()  # left behind by blocks that were computed again for the gradients of the last step
        loss, log_probs, encoded_lengths = self._loss(batch)
        loss, inner = self.inter_ctc.add_losses(loss, batch)
        loss = self.add_auxiliary_losses(loss)
        log = inner | self._training_log(loss)
        if (batch_idx + 1) % (self.trainer.log_every_n_steps or 1) == 0:
            log["training_batch_wer"] = batch_error_rate(self.wer, log_probs, encoded_lengths, batch)[0]
        return {"loss": loss, "log": log}

    def predict_step(self, batch: SpeechBatch, batch_idx: int, dataloader_idx: int = 0) -> list[tuple[int, str]]:
        """Pairs of a sample's id and its transcript; the loader's section needs `return_sample_id: true`."""
        signal, signal_lengths, _, _, sample_ids = batch
        log_probs, encoded_lengths, _ = self.forward(input_signal=signal, input_signal_length=signal_lengths)
        texts, _ = self.decoding.ctc_decoder_predictions_tensor(log_probs, encoded_lengths)
        return list(zip(sample_ids.tolist(), texts, strict=True))

    def _loss(self, batch: SpeechBatch) -> tuple[Tensor, Tensor, Tensor]:
        signal, signal_lengths, tokens, token_lengths = batch[:4]
        with self.inter_ctc.capture():
            log_probs, encoded_lengths, _ = self.forward(input_signal=signal, input_signal_length=signal_lengths)
        loss = self.loss(
            log_probs=log_probs, targets=tokens, input_lengths=encoded_lengths, target_lengths=token_lengths
        )
        return loss, log_probs, encoded_lengths

    def _evaluate(self, batch: SpeechBatch, prefix: str) -> dict[str, Tensor]:
        loss, log_probs, encoded_lengths = self._loss(batch)
        loss, inner = self.inter_ctc.add_losses(loss, batch, errors=True)
        rate, errors, words = batch_error_rate(self.wer, log_probs, encoded_lengths, batch)
        values = {"loss": loss, "wer": rate, "wer_num": errors, "wer_denom": words, **inner}
        return {f"{prefix}_{name}": value for name, value in values.items()}

    # ------------------------------------------------------------------------------------------------------------ data

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        evaluation = where != "model.train_ds"
        return build_audio_to_text_loader(section, labels=self.cfg.labels, where=where, evaluation=evaluation)

    # -------------------------------------------------------------------------------------------- export and catalogue

    @property
    def input_module(self) -> Any:
        """The exported file takes what the encoder takes: features and lengths."""
        return self.encoder

    @property
    def output_module(self) -> Any:
        """It gives what the decoder gives: log-probabilities."""
        return self.decoder

    @property
    def output_types_for_export(self) -> dict[str, NeuralType]:
        """Log-probabilities; of a stream also their lengths and the encoder's caches."""
        return with_caches(self.decoder.output_types, self.encoder)

    def set_export_config(self, args: dict[str, Any]) -> None:
        """Options of the export; `cache_support`: the file reads streams, with caches as inputs and outputs."""
        super().set_export_config(args)
        set_cache_support(self.encoder, args)

    def forward_for_export(self, audio_signal: Tensor, length: Tensor, *caches: Tensor) -> Any:
        """Features [B, D, F] and lengths [B] -> log-probabilities [B, S, V + 1]; no preprocessor in the graph.

        With the caches of a stream: also their lengths and the new caches.
        """
        encoded, *others = encode_for_export(self.encoder, audio_signal, length, *caches)
        log_probs = self.decoder(encoder_output=encoded)
        return (log_probs, *others) if caches else log_probs

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published character models of this family."""
        return published_models("EncDecCTCModel")


def wanted_of_decoding(timestamps: bool | None, keep_log_probs: bool) -> dict[str, bool]:
    """What `decoding_for` changes in the `decoding` section of CTC; empty if the model's own does."""
    wanted = {"preserve_alignments": True} if keep_log_probs else {}
    return wanted if timestamps is None else wanted | {"compute_timestamps": timestamps}
