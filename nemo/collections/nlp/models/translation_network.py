"""Encoder, decoder and classifier of a translation model, from its config."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.collections.common.transformer.token_transformer import TransformerDecoderNM, get_nemo_transformer
from nemo.utils.exceptions import ConfigError, NotYetSupportedError


@dataclass
class TranslationNetwork:
    """The parts of a translation model."""

    encoder: Any
    decoder: TransformerDecoderNM
    log_softmax: TokenClassifier


def build_network(
    cfg: DictConfig, vocab_sizes: tuple[int, int], register_artifact: Callable[..., Any]
) -> TranslationNetwork:
    """Builds the parts; the classifier shares the weights of the decoder's embedding.

    Args:
        cfg: of the model.
        vocab_sizes: of the tokenizers of source and target.
        register_artifact: the model's.

    Raises:
        ConfigError: sizes do not fit one another.
        NotYetSupportedError: a kind of encoder that this release lacks.
    """
    source, target = (rounded_up(size) for size in vocab_sizes)
    encoder = _encoder(cfg.encoder, source)
    decoder = _transformer(cfg.decoder, target, "decoder")
    assert isinstance(decoder, TransformerDecoderNM)
    if encoder.hidden_size != decoder.hidden_size:
        raise ConfigError(
            f"model.encoder.hidden_size is {encoder.hidden_size} and that of the decoder {decoder.hidden_size}. The "
            "decoder looks at the encoder's states; set both to the same."
        )
    # one layer, whatever head.num_layers says: the original does so, and archives depend on it
    classifier = TokenClassifier(
        hidden_size=decoder.hidden_size,
        num_classes=target,
        activation=cfg.head.activation,
        log_softmax=cfg.head.log_softmax,
        dropout=cfg.head.dropout,
        use_transformer_init=cfg.head.use_transformer_init,
    )
    deviation = decoder.hidden_size**-0.5
    for part in (encoder, decoder, classifier):
        part.apply(lambda module: transformer_weights_init(module, deviation))
    if cfg.shared_embeddings:
        _share_embeddings(encoder, decoder)
    classifier.mlp.last_linear_layer.weight = decoder.embedding.token_embedding.weight
    return TranslationNetwork(encoder, decoder, classifier)


def rounded_up(vocab_size: int) -> int:
    """Rows of an embedding: a multiple of 8, which is fast on GPUs."""
    return 8 * math.ceil(vocab_size / 8)


def _encoder(section: DictConfig, vocab_size: int) -> Any:
    if section.library != "nemo":
        raise NotYetSupportedError(
            f"model.encoder.library is {section.library!r}. Expected nemo; encoders of other libraries are not in this "
            "release."
        )
    return _transformer(section, vocab_size, "encoder")


def _transformer(section: DictConfig, vocab_size: int, key: str) -> Any:
    if section.library != "nemo":
        raise ConfigError(f"model.{key}.library is {section.library!r}. Expected nemo; set it.")
    options: dict[str, Any] = dict(OmegaConf.to_container(section, resolve=True))  # type: ignore[arg-type]
    options.pop("config_dict", None)
    options["vocab_size"] = vocab_size
    model_name, pretrained = options.pop("model_name", None), options.pop("pretrained", False)
    return get_nemo_transformer(model_name, pretrained, options, encoder=key == "encoder")


def _share_embeddings(encoder: Any, decoder: TransformerDecoderNM) -> None:
    own, other = encoder.embedding.token_embedding, decoder.embedding.token_embedding
    if own.weight.shape != other.weight.shape:
        raise ConfigError(
            f"model.shared_embeddings is true, and the embedding of the encoder has {list(own.weight.shape)}, that of "
            f"the decoder {list(other.weight.shape)}. They need one tokenizer and one hidden_size."
        )
    assert isinstance(own, nn.Embedding)
    own.weight = other.weight
