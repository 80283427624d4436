"""Transducers: an encoder, a network that predicts from the text so far, and one that joins both (Graves, 2012).

audio [B, T] -> preprocessor -> [B, D, F] -> encoder -> encoded [B, H, S]
tokens [B, U] -> decoder, the prediction network -> places [B, P, U + 1]
encoded, places -> joint -> scores [B, S, U + 1, K] -> loss
B batch, T samples, D features, F their frames, S encoder frames, U tokens, K classes (tokens, blanks, TDT's durations).
https://arxiv.org/abs/1211.3711; TDT: https://arxiv.org/abs/2304.06795; multi-blank: https://arxiv.org/abs/2211.03541.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from omegaconf import MISSING, DictConfig, OmegaConf
from pytorch_lightning import Trainer
from torch import Tensor

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.rnnt import RNNTDecoding
from nemo.collections.asr.losses.rnnt import RNNTLoss
from nemo.collections.asr.metrics.batch_error_rate import batch_error_rate
from nemo.collections.asr.metrics.wer import WER
from nemo.collections.asr.models.adapter_model import ASRAdapterModelMixin
from nemo.collections.asr.models.asr_model import ASRModel
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.output_sizes import check_durations, warn_of_other_sizes
from nemo.collections.asr.models.speech_front import build_speech_front, encode_speech, speech_input_types
from nemo.collections.asr.models.transducer_gradients import VariationalNoiseConfig, shape_gradients
from nemo.collections.asr.modules.encoder_export import set_cache_support
from nemo.collections.asr.modules.rnnt_decoder_joint import RNNTDecoderJoint
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import AcousticEncodedRepresentation, LengthsType, NeuralType
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

KEYS_OF_USERS = ("adapters", "tokenizer", "title")
"""Keys of a subclass or of adapters, and values that the original's YAML files keep there to refer to them."""

SpeechBatch = Sequence[Tensor]
"""audio [B, T], its lengths [B], tokens [B, U], their lengths [B], and for prediction the ids of the samples [B]."""


@dataclass
class RNNTModelConfig:
    """`model` section of a transducer."""

    preprocessor: Any = MISSING
    encoder: Any = MISSING
    decoder: Any = MISSING
    """The prediction network; its `vocab_size` comes from the vocabulary."""
    joint: Any = MISSING
    """The joint network; `num_classes`, `vocabulary` and the widths of its inputs come from the other parts."""
    spec_augment: Any = None
    """Masks on the features while training; null: none."""
    decoding: Any = field(default_factory=dict)
    """A :class:`~nemo.collections.asr.decoding.rnnt_config.RNNTDecodingConfig`; the decoding fills it up."""
    loss: Any = field(default_factory=lambda: {"loss_name": "default"})
    """`loss_name` (see :data:`~nemo.collections.asr.losses.rnnt.KINDS`) and `<loss_name>_kwargs`."""
    model_defaults: Any = field(default_factory=dict)
    """`enc_hidden`, `pred_hidden`, `joint_hidden` and whatever other sections refer to."""
    sample_rate: int = 16000
    """Hz."""
    labels: Any = None
    """Characters of a character model."""
    rnnt_reduction: str | None = "mean_batch"
    """How the losses of utterances are combined: mean_batch, mean, mean_volume, sum or none."""
    compute_eval_loss: bool = True
    """Also compute the loss in validation and tests, which takes much memory for long recordings."""
    use_cer: bool = False
    """Measure errors of characters instead of words."""
    log_prediction: bool = True
    """Log one reference with its transcript whenever an error rate is computed."""
    skip_nan_grad: bool = False
    """Leave out steps whose gradients are NaN or infinite, however many; `non_finite` says more, to every model."""
    variational_noise: VariationalNoiseConfig | None = None
    normalize_joint_txu: bool = False
    """Divide the encoder's gradients by the longest text of the batch, and the decoder's by the most frames."""
    normalize_encoder_norm: bool = False
    """Divide each gradient of the encoder by its norm; the next two: of the decoder, of the joint network."""
    normalize_decoder_norm: bool = False
    normalize_joint_norm: bool = False
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class EncDecRNNTModel(ASRModel, ASRAdapterModelMixin, Exportable):
    """Transducer over characters.

    Args:
        cfg: a :class:`RNNTModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    config_schema: ClassVar[type] = RNNTModelConfig
    keys_of_sizes: ClassVar[tuple[str, ...]] = ("decoder.vocab_size", "joint.num_classes")
    """Numbers of tokens in the config, which come from the vocabulary."""

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        parts = ("preprocessor", "encoder", "decoder", "joint")
        known = (*KEYS_OF_USERS, *TRAINING_KEYS)
        super().__init__(with_defaults(self.config_schema, cfg, also=known, mandatory=parts), trainer)
        build_speech_front(self)
        self._joint_shape: tuple[int, int] | None = None
        vocabulary = self._vocabulary()
        warn_of_other_sizes(self.cfg, self.keys_of_sizes, (len(vocabulary),))
        self._build_outputs(vocabulary, self.cfg.decoding)
        self.setup_adapters()

    # ------------------------------------------------------------------------------------------- outputs and decoding

    def _vocabulary(self) -> list[str]:
        """The tokens, in the order of the classes."""
        labels = self.cfg.labels or self.cfg.joint.get("vocabulary")
        if not labels:
            raise ConfigError(
                "model.labels is empty. Expected the characters in the order of the model's classes, or use "
                "EncDecRNNTBPEModel with a tokenizer."
            )
        return list(labels)

    def _build_outputs(self, vocabulary: Sequence[str], decoding_config: Any) -> None:
        """Prediction and joint network, loss, decoding and metric for a vocabulary; keeps their sections."""
        decoder, joint = copy.deepcopy(self.cfg.decoder), copy.deepcopy(self.cfg.joint)
        OmegaConf.set_struct(decoder, False)
        OmegaConf.set_struct(joint, False)
        decoder.vocab_size = joint.num_classes = len(vocabulary)
        joint.vocabulary = list(vocabulary)
        sizes = joint.setdefault("jointnet", OmegaConf.create())
        defaults = self.cfg.model_defaults or {}
        if decoder.prednet.get("pred_hidden") is None:
            decoder.prednet.pred_hidden = defaults.get("pred_hidden")
        sizes.encoder_hidden, sizes.pred_hidden = self.encoder._feat_out, decoder.prednet.pred_hidden
        if sizes.get("joint_hidden") is None:
            sizes.joint_hidden = defaults.get("joint_hidden")
        for name, value in (("decoder.prednet.pred_hidden", sizes.pred_hidden), ("joint_hidden", sizes.joint_hidden)):
            if value is None:
                raise ConfigError(f"model.{name} is not set. Set it, or model.model_defaults.{name.split('.')[-1]}.")
        self.decoder = self.from_config_dict(decoder)
        self.joint = self.from_config_dict(joint)
        self.loss = self._make_loss()
        self._set_decoding(decoding_config, decoder=decoder, joint=joint)

    def _make_loss(self) -> RNNTLoss:
        section = self.cfg.loss or {}
        name = section.get("loss_name") or "default"
        # the default is called by the name of the original's implementation there
        keys = ("default_kwargs", "warprnnt_numba_kwargs") if name == "default" else (f"{name}_kwargs",)
        arguments: dict[str, Any] = {}
        for key in keys:
            arguments |= {str(argument): value for argument, value in (section.get(key) or {}).items()}
        durations = len(arguments.get("durations") or ())
        return RNNTLoss(
            num_classes=self.joint.num_classes_with_blank - 1 - durations,
            reduction=self.cfg.rnnt_reduction,
            loss_name=name,
            loss_kwargs=arguments,
        )

    def _set_decoding(self, decoding_config: Any, **other_sections: Any) -> None:
        decoding = self._make_decoding(decoding_config)
        check_durations(self.loss, decoding.cfg)
        self.decoding = decoding
        self.wer = WER(
            decoding=self.decoding,
            use_cer=self.cfg.use_cer,
            log_prediction=self.cfg.log_prediction,
            sync_on_compute=False,  # here it is a batch's rate; sets of several processes come together at their end
        )
        if self.joint.fuse_loss_wer:
            self.joint.set_loss(self.loss)
            self.joint.set_wer(self.wer)
        self._replace_sections(decoding=self.decoding.cfg, **other_sections)

    def _make_decoding(self, decoding_config: Any) -> RNNTDecoding:
        return RNNTDecoding(
            decoding_config,
            self.decoder,
            self.joint,
            list(self.joint.vocabulary),
            closes_up_punctuation=self.closes_up_punctuation,
            nemo_version=self.cfg.nemo_version,
        )

    def change_vocabulary(self, new_vocabulary: Sequence[str], decoding_cfg: Any = None) -> None:
        """Gives the model other labels: new prediction and joint networks, untrained, with all that belongs to them.

        Args:
            new_vocabulary: the labels; the same as before change nothing.
            decoding_cfg: a `decoding` section; None keeps the present one.

        Raises:
            ConfigError: no labels, one that is no string, or one that stands twice.
        """
        self._exchange_labels(self.joint.vocabulary, new_vocabulary, decoding_cfg)

    def _change_outputs(self, vocabulary: Sequence[str], decoding_cfg: Any) -> None:
        device = self.device
        self._build_outputs(vocabulary, self.cfg.decoding if decoding_cfg is None else decoding_cfg)
        for part in (self.decoder, self.joint, self.wer):
            part.to(device)
        logger.info("the prediction and joint networks have %d new tokens and must be trained", len(vocabulary))

    def change_decoding_strategy(self, decoding_cfg: Any = None) -> None:
        """Decodes another way from now on.

        Args:
            decoding_cfg: a `decoding` section; what it lacks takes its default. None: the model's own, again.
        """
        self._set_decoding(self.cfg.decoding if decoding_cfg is None else decoding_cfg)
        self.wer.to(self.device)

    def decoding_for(self, *, timestamps: bool | None = None, keep_log_probs: bool = False) -> Any:
        """The model's decoding, or one like it that gives times as well.

        A transducer has no log-probabilities of frames; what its search sees is kept where `preserve_alignments` of
        the decoding's section says so.
        """
        if timestamps is None:
            return self.decoding
        return self._make_decoding(OmegaConf.merge(self.decoding.cfg, {"compute_timestamps": timestamps}))

    # -------------------------------------------------------------------------------------------------------- network

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Audio with its lengths, or features with theirs."""
        return speech_input_types(self.cfg.sample_rate)

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Encoded frames and their lengths."""
        return {
            "outputs": NeuralType(("B", "D", "T"), AcousticEncodedRepresentation()),
            "encoded_lengths": NeuralType(tuple("B"), LengthsType()),
        }

    @typecheck()
    def forward(
        self,
        input_signal: Tensor | None = None,
        input_signal_length: Tensor | None = None,
        processed_signal: Tensor | None = None,
        processed_signal_length: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Encodes audio [B, T], or features [B, D, F] that are ready: [B, H, S] and lengths [B] in encoder frames.

        Raises:
            ValueError: not exactly one of the two pairs is given.
        """
        return encode_speech(self, input_signal, input_signal_length, processed_signal, processed_signal_length)

    def transcribe_batch(self, signals: Tensor, lengths: Tensor, decoding: Any) -> list[Hypothesis]:
        """Transcribes signals [B, T] of `lengths` [B] samples with a decoding of :meth:`decoding_for`."""
        features, feature_lengths = self.preprocessor(input_signal=signals, length=lengths)
        return self.search_frames(*self.frames_for_search(features, feature_lengths), decoding)

    def frames_for_search(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, D, F] -> encoded frames [B, S, H], with their lengths."""
        encoded, encoded_lengths = self.forward(processed_signal=features, processed_signal_length=lengths)
        return encoded.transpose(1, 2), encoded_lengths

    def search_frames(self, frames: Tensor, lengths: Tensor, decoding: Any) -> list[Hypothesis]:
        """Encoded frames [B, S, H] -> hypotheses."""
        encoded = frames.transpose(1, 2)
        return decoding.rnnt_decoder_predictions_tensor(encoded, lengths, return_hypotheses=True)[0]

    # -------------------------------------------------------------------------------------------------------- training

    def training_step(self, batch: SpeechBatch, batch_idx: int) -> dict[str, Any]:
        """Loss of a batch; logs it with the learning rate and, now and then, the batch's error rate."""
        self.take_adapter_losses()  # left behind by blocks that were computed again for the gradients of the last step
        encoded, encoded_lengths = self._encode_batch(batch)
        self._joint_shape = (int(encoded_lengths.max()), int(batch[3].max()))
        loss, values = self._losses(encoded, encoded_lengths, batch)
        loss = self.add_auxiliary_losses(loss)
        log = self._training_log(loss) | {f"train_{name}": value for name, value in values.items()}
        if (batch_idx + 1) % (self.trainer.log_every_n_steps or 1) == 0:
            rates = self._error_rates(encoded.detach(), encoded_lengths, batch)
            log |= {f"training_batch_{name}": value for name, value in rates.items() if name in ("wer", "wer_ctc")}
        return {"loss": loss, "log": log}

    def _encode_batch(self, batch: SpeechBatch) -> tuple[Tensor, Tensor]:
        encoded: tuple[Tensor, Tensor] = self.forward(input_signal=batch[0], input_signal_length=batch[1])
        return encoded

    def _losses(self, encoded: Tensor, encoded_lengths: Tensor, batch: SpeechBatch) -> tuple[Tensor, dict[str, Any]]:
        """The loss to train with, and values to log beside it."""
        return self._rnnt_loss(encoded, encoded_lengths, batch), {}

    def _rnnt_loss(self, encoded: Tensor, encoded_lengths: Tensor, batch: SpeechBatch) -> Tensor:
        tokens, token_lengths = batch[2], batch[3]
        places, target_lengths, _ = self.decoder(targets=tokens, target_length=token_lengths)
        if self.joint.fuse_loss_wer:
            loss: Tensor = self.joint(
                encoder_outputs=encoded,
                decoder_outputs=places,
                encoder_lengths=encoded_lengths,
                transcripts=tokens,
                transcript_lengths=token_lengths,
            )[0]
            return loss
        scores = self.joint(encoder_outputs=encoded, decoder_outputs=places)
        result: Tensor = self.loss(
            log_probs=scores, targets=tokens, input_lengths=encoded_lengths, target_lengths=target_lengths
        )
        return result

    def _error_rates(self, encoded: Tensor, encoded_lengths: Tensor, batch: SpeechBatch) -> dict[str, Tensor]:
        """Rate, errors and words of one batch: `wer`, `wer_num`, `wer_denom`."""
        rates = batch_error_rate(self.wer, encoded, encoded_lengths, batch)
        return dict(zip(("wer", "wer_num", "wer_denom"), rates, strict=True))

    def _evaluate(self, batch: SpeechBatch, prefix: str) -> dict[str, Tensor]:
        encoded, encoded_lengths = self._encode_batch(batch)
        values: dict[str, Any] = {}
        if self.cfg.compute_eval_loss:
            values["loss"], others = self._losses(encoded, encoded_lengths, batch)
            values |= others
        values |= self._error_rates(encoded, encoded_lengths, batch)
        return {f"{prefix}_{name}": value for name, value in values.items()}

    def predict_step(self, batch: SpeechBatch, batch_idx: int, dataloader_idx: int = 0) -> list[tuple[int, str]]:
        """Pairs of a sample's id and its transcript; the loader's section needs `return_sample_id: true`."""
        features, feature_lengths = self.preprocessor(input_signal=batch[0], length=batch[1])
        found = self.search_frames(*self.frames_for_search(features, feature_lengths), self.decoding_for())
        return list(zip(batch[4].tolist(), [str(hypothesis) for hypothesis in found], strict=True))

    def on_after_backward(self) -> None:
        """Called by Lightning: changes the gradients as the config asks."""
        super().on_after_backward()
        shape_gradients(self, self._joint_shape)

    # ------------------------------------------------------------------------------------ data, export and catalogue

    def _build_loader(self, section: DictConfig, where: str) -> Any:
        evaluation = where != "model.train_ds"
        return build_audio_to_text_loader(section, labels=self.cfg.labels, where=where, evaluation=evaluation)

    @property
    def decoder_joint(self) -> RNNTDecoderJoint:
        """Prediction and joint network as one part, for export."""
        return RNNTDecoderJoint(self.decoder, self.joint)

    def set_export_config(self, args: dict[str, Any]) -> None:
        """Options of the export; `cache_support`: the encoder's file reads streams, with caches."""
        super().set_export_config(args)
        set_cache_support(self.encoder, args)

    def list_export_subnets(self) -> list[str]:
        """Two files: the encoder, and what the search calls for each token."""
        return ["encoder", "decoder_joint"]

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published character models of this family."""
        return published_models("EncDecRNNTModel")
