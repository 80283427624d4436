"""Speech recognition by attention over subwords: an encoder, and a transformer decoder (Dong et al., 2018)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, OmegaConf
from pytorch_lightning import Trainer
from torch import nn

from nemo.collections.asr.models.attention_model import AttentionEncDecModel
from nemo.collections.asr.models.catalogue import published_models
from nemo.collections.asr.models.output_sizes import warn_of_other_sizes
from nemo.collections.common.losses.smoothed_cross_entropy import SmoothedCrossEntropyLoss
from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.collections.common.transformer.encoder import TransformerEncoder
from nemo.collections.common.transformer.generation.generator import SequenceGenerator
from nemo.collections.common.transformer.token_transformer import TransformerDecoderNM, get_nemo_transformer
from nemo.core.classes.pretrained import PretrainedModelInfo
from nemo.core.config.schema import with_defaults
from nemo.core.training.keys import TRAINING_KEYS
from nemo.utils.exceptions import ConfigError


@dataclass
class TransfModelConfig:
    """`model` section."""

    preprocessor: Any = MISSING
    encoder: Any = MISSING
    transf_decoder: Any = MISSING
    """Keys of a :class:`~nemo.collections.common.transformer.token_transformer.TokenTransformerConfig`."""
    tokenizer: Any = MISSING
    """With tokens that begin and end a text, and one for padding."""
    transf_encoder: Any = None
    """Keys of a :class:`~nemo.collections.common.transformer.encoder.TransformerEncoder`; `num_layers` 0: none."""
    head: Any = field(default_factory=dict)
    """Keys of a :class:`~nemo.collections.common.modules.token_classifier.TokenClassifier`."""
    beam_search: Any = None
    """`beam_size`, `len_pen` and `max_generation_delta`; null: as `decoding` says."""
    decoding: Any = field(default_factory=dict)
    """A :class:`~nemo.collections.asr.decoding.multitask.MultiTaskDecodingConfig`."""
    spec_augment: Any = None
    """Masks on the features while training; null: none."""
    sample_rate: int = 16000
    """Hz."""
    label_smoothing: float = 0.0
    """Part of the probability that all other tokens share."""
    use_cer: bool = False
    """Measure errors of characters instead of words."""
    log_prediction: bool = False
    """Log one reference with its transcript for each batch of an evaluation."""
    train_ds: Any = None
    validation_ds: Any = None
    test_ds: Any = None
    optim: Any = None


class EncDecTransfModelBPE(AttentionEncDecModel):
    """Attention encoder-decoder over the pieces of a tokenizer.

    Args:
        cfg: a :class:`TransfModelConfig`, DictConfig or dict.
        trainer: a Lightning Trainer; may be set later.

    Raises:
        ConfigError: a section that is missing or does not fit the others.
    """

    adapter: nn.Module

    def __init__(self, cfg: Any, trainer: Trainer | None = None) -> None:
        needed = ("preprocessor", "encoder", "transf_decoder", "tokenizer")
        known = ("model_defaults", *TRAINING_KEYS)
        super().__init__(with_defaults(TransfModelConfig, cfg, also=known, mandatory=needed), trainer)
        self._build_encoder()
        sizes = (self.padded_vocabulary_size, int(self.tokenizer.vocab_size))
        warn_of_other_sizes(self.cfg, ("head.num_classes", "transf_decoder.vocab_size"), sizes)
        decoding = self.cfg.decoding
        if self.cfg.beam_search is not None:
            decoding = OmegaConf.merge(decoding, {"beam": self.cfg.beam_search})
        self._build_outputs(decoding)
        width = self.transf_decoder.hidden_size
        self.adapter = self._make_projection(width)
        section = self.cfg.transf_encoder
        if section is not None and section.num_layers > 0:
            if section.hidden_size != width:
                raise ConfigError(
                    f"model.transf_encoder.hidden_size is {section.hidden_size}, and that of transf_decoder {width}. "
                    "Set both to the same."
                )
            self.transf_encoder = TransformerEncoder(**section).apply(
                lambda module: transformer_weights_init(module, width**-0.5)
            )

    @property
    def projection(self) -> nn.Module:
        """From the width of the encoder to that of the decoder."""
        return self.adapter

    @property
    def beam_search(self) -> SequenceGenerator:
        """Generates tokens from the encoder's states."""
        return self.decoding.search

    def _build_outputs(self, decoding_config: Any) -> None:
        size = self.padded_vocabulary_size
        section = OmegaConf.merge(self.cfg.transf_decoder, {"vocab_size": size})
        decoder = get_nemo_transformer(config_dict=section, encoder=False)
        assert isinstance(decoder, TransformerDecoderNM)
        self.transf_decoder = decoder
        self.log_softmax = TokenClassifier(**{**self.cfg.head, "hidden_size": decoder.hidden_size, "num_classes": size})
        self._tie_outputs()
        self.loss = SmoothedCrossEntropyLoss(label_smoothing=self.cfg.label_smoothing)
        self._set_decoding(decoding_config)

    @classmethod
    def list_available_models(cls) -> list[PretrainedModelInfo]:
        """The published models of this class."""
        return published_models("EncDecTransfModelBPE")
