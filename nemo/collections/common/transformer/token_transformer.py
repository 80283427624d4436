"""Transformers over tokens: an embedding, and an encoder or decoder on it; what configs build by name.

The decoder's ``embedding`` and ``decoder`` and a classifier of its states are what
:mod:`nemo.collections.common.transformer.generation` takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING
from torch import Tensor

from nemo.collections.common.transformer.decoder import TransformerDecoder
from nemo.collections.common.transformer.embedding import TransformerEmbedding
from nemo.collections.common.transformer.encoder import TransformerEncoder
from nemo.core.classes.exportable import Exportable
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.type_checking import typecheck
from nemo.core.config.schema import with_defaults
from nemo.core.neural_types import ChannelType, ElementType, MaskType, NeuralType
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

ARCHITECTURES = ("", "seq2seq")
LATER_ARCHITECTURES = ("bridge", "perceiver", "max_pool", "avg_pool")
KEYS_OF_SECTIONS = (
    "library",
    "model_name",
    "pretrained",
    "arch",
    "hidden_steps",
    "hidden_blocks",
    "hidden_init_method",
)
"""Keys that stand beside a transformer's own and choose its kind."""


@dataclass
class TokenTransformerConfig:
    """Keys of an `encoder`, `decoder` or `transf_decoder` section."""

    vocab_size: int | None = None
    """Usually set by the model, from its tokenizer."""
    hidden_size: int = MISSING
    num_layers: int = MISSING
    inner_size: int = MISSING
    num_attention_heads: int = MISSING
    max_sequence_length: int = 512
    num_token_types: int = 2
    embedding_dropout: float = 0.0
    learn_positional_encodings: bool = False
    ffn_dropout: float = 0.0
    attn_score_dropout: float = 0.0
    attn_layer_dropout: float = 0.0
    hidden_act: str = "relu"
    pre_ln: bool = False
    pre_ln_final_layer_norm: bool = True
    mask_future: bool = False
    """Encoder only: no token looks ahead."""


class TransformerEncoderNM(NeuralModule, Exportable):
    """Transformer encoder over tokens.

    Args:
        vocab_size: V.
        hidden_size: H.
        num_layers: blocks.
        inner_size: of the feed-forward parts.
        num_attention_heads: heads.
        max_sequence_length: positions.
        num_token_types: types of tokens; 0 for none.
        embedding_dropout: of the embeddings.
        learn_positional_encodings: train the positions; else sinusoids.
        ffn_dropout: of the feed-forward parts' results.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the attentions' results.
        hidden_act: activation of the feed-forward parts.
        mask_future: no token looks ahead.
        pre_ln: normalise inputs of the parts and not outputs.
        pre_ln_final_layer_norm: with `pre_ln`, normalise the result.
    """

    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        num_layers: int,
        inner_size: int,
        num_attention_heads: int,
        max_sequence_length: int = 512,
        num_token_types: int = 2,
        embedding_dropout: float = 0.0,
        learn_positional_encodings: bool = False,
        ffn_dropout: float = 0.0,
        attn_score_dropout: float = 0.0,
        attn_layer_dropout: float = 0.0,
        hidden_act: str = "relu",
        mask_future: bool = False,
        pre_ln: bool = False,
        pre_ln_final_layer_norm: bool = True,
    ) -> None:
        super().__init__()
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.max_sequence_length = max_sequence_length
        # names fixed by archives
        self._embedding = TransformerEmbedding(
            vocab_size, hidden_size, max_sequence_length, num_token_types, embedding_dropout, learn_positional_encodings
        )
        self._encoder = TransformerEncoder(
            num_layers,
            hidden_size,
            inner_size,
            mask_future,
            num_attention_heads,
            attn_score_dropout,
            attn_layer_dropout,
            ffn_dropout,
            hidden_act,
            pre_ln,
            pre_ln_final_layer_norm,
        )

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens and where there is no padding."""
        return {
            "input_ids": NeuralType(("B", "T"), ElementType()),
            "encoder_mask": NeuralType(("B", "T"), MaskType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """States."""
        return {"last_hidden_states": NeuralType(("B", "T", "D"), ChannelType())}

    @property
    def embedding(self) -> TransformerEmbedding:
        """Of tokens, positions and types."""
        return self._embedding

    @property
    def encoder(self) -> TransformerEncoder:
        """What comes after the embedding."""
        return self._encoder

    def input_example(self, max_batch: int | None = 2, max_dim: int | None = 16) -> tuple[Any, ...]:
        """Random tokens, for tracing."""
        size = (max_batch or 2, min(max_dim or 16, self.max_sequence_length))
        return (torch.randint(self.vocab_size, size), torch.ones(size))

    @typecheck()
    def forward(self, input_ids: Tensor, encoder_mask: Tensor | None = None) -> Tensor:
        """Tokens [B, L] and a mask [B, L], 1 where there is no padding -> states [B, L, H]."""
        encoded: Tensor = self._encoder(self._embedding(input_ids), encoder_mask)
        return encoded


class TransformerDecoderNM(NeuralModule, Exportable):
    """Transformer decoder over tokens.

    Args:
        vocab_size: V.
        hidden_size: H, of the encoder's states as well.
        num_layers: blocks.
        inner_size: of the feed-forward parts.
        num_attention_heads: heads.
        max_sequence_length: positions.
        num_token_types: types of tokens; 0 for none.
        embedding_dropout: of the embeddings.
        learn_positional_encodings: train the positions; else sinusoids.
        ffn_dropout: of the feed-forward parts' results.
        attn_score_dropout: of the attention weights.
        attn_layer_dropout: of the attentions' results.
        hidden_act: activation of the feed-forward parts.
        pre_ln: normalise inputs of the parts and not outputs.
        pre_ln_final_layer_norm: with `pre_ln`, normalise the result.
    """

    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        num_layers: int,
        inner_size: int,
        num_attention_heads: int,
        max_sequence_length: int = 512,
        num_token_types: int = 2,
        embedding_dropout: float = 0.0,
        learn_positional_encodings: bool = False,
        ffn_dropout: float = 0.0,
        attn_score_dropout: float = 0.0,
        attn_layer_dropout: float = 0.0,
        hidden_act: str = "relu",
        pre_ln: bool = False,
        pre_ln_final_layer_norm: bool = True,
    ) -> None:
        super().__init__()
        self.vocab_size, self.hidden_size = vocab_size, hidden_size
        self.max_sequence_length = max_sequence_length
        # names fixed by archives
        self._embedding = TransformerEmbedding(
            vocab_size, hidden_size, max_sequence_length, num_token_types, embedding_dropout, learn_positional_encodings
        )
        self._decoder = TransformerDecoder(
            num_layers,
            hidden_size,
            inner_size,
            num_attention_heads,
            attn_score_dropout,
            attn_layer_dropout,
            ffn_dropout,
            hidden_act,
            pre_ln,
            pre_ln_final_layer_norm,
        )

    @property
    def input_types(self) -> dict[str, NeuralType]:
        """Tokens, the encoder's states, and where they are no padding."""
        return {
            "input_ids": NeuralType(("B", "T"), ElementType()),
            "decoder_mask": NeuralType(("B", "T"), MaskType(), optional=True),
            "encoder_embeddings": NeuralType(("B", "T", "D"), ChannelType(), optional=True),
            "encoder_mask": NeuralType(("B", "T"), MaskType(), optional=True),
        }

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """States."""
        return {"last_hidden_states": NeuralType(("B", "T", "D"), ChannelType())}

    @property
    def embedding(self) -> TransformerEmbedding:
        """Of tokens, positions and types."""
        return self._embedding

    @property
    def decoder(self) -> TransformerDecoder:
        """What comes after the embedding."""
        return self._decoder

    def input_example(self, max_batch: int | None = 2, max_dim: int | None = 16) -> tuple[Any, ...]:
        """Random tokens and states, for tracing."""
        length = min(max_dim or 16, self.max_sequence_length)
        tokens = torch.randint(self.vocab_size, (max_batch or 2, length))
        states = torch.randn(*tokens.shape[:1], length + 1, self.hidden_size)
        return (tokens, torch.ones(tokens.shape), states, torch.ones(states.shape[:2]))

    @typecheck()
    def forward(
        self,
        input_ids: Tensor,
        decoder_mask: Tensor | None = None,
        encoder_embeddings: Tensor | None = None,
        encoder_mask: Tensor | None = None,
    ) -> Tensor:
        """Computes the states of all tokens at once, as in training.

        Args:
            input_ids: [B, L].
            decoder_mask: [B, L], 1 where there is no padding.
            encoder_embeddings: [B, S, H] states of the encoder.
            encoder_mask: [B, S], as above.

        Returns:
            [B, L, H].
        """
        if encoder_embeddings is None:
            raise ConfigError("TransformerDecoderNM needs encoder_embeddings [B, S, H]; it got none.")
        decoded: Tensor = self._decoder(self._embedding(input_ids), decoder_mask, encoder_embeddings, encoder_mask)
        return decoded


def get_nemo_transformer(
    model_name: str | None = None,
    pretrained: bool = False,
    config_dict: Any = None,
    encoder: bool | None = True,
    pre_ln_final_layer_norm: bool = True,
) -> TransformerEncoderNM | TransformerDecoderNM:
    """Builds a transformer over tokens from a config section.

    Args:
        model_name: name of a published one; there are none, so None.
        pretrained: with its weights; so False.
        config_dict: a :class:`TokenTransformerConfig`; `vocab_size`, `hidden_size`, `num_layers`, `inner_size` and
            `num_attention_heads` are needed.
        encoder: an encoder; False or null in a YAML file: a decoder.
        pre_ln_final_layer_norm: where `config_dict` does not say.

    Raises:
        ConfigError: a key is missing or unknown.
        NotYetSupportedError: a kind of encoder that this release lacks.
    """
    if model_name is not None or pretrained:
        raise ConfigError(
            f"model_name is {model_name!r} and pretrained {pretrained}: there are no published transformers of this "
            "kind. Set them to null and false, and describe the transformer in config_dict."
        )
    given: dict[str, Any] = dict(config_dict) if isinstance(config_dict, Mapping) else dict(config_dict or {})
    given.setdefault("pre_ln_final_layer_norm", pre_ln_final_layer_norm)
    kind = given.pop("arch", None) or ""
    if kind not in ARCHITECTURES:
        error = NotYetSupportedError if kind in LATER_ARCHITECTURES else ConfigError
        raise error(f"arch is {kind!r}. Expected seq2seq, or nothing; other encoders are not in this release.")
    needed = ("hidden_size", "num_layers", "inner_size", "num_attention_heads")
    section = with_defaults(TokenTransformerConfig, given, "transformer", also=KEYS_OF_SECTIONS, mandatory=needed)
    if section.vocab_size is None:
        raise ConfigError(
            "transformer.vocab_size is not set. Expected the number of tokens; models take it from theirs."
        )
    keys = [name for name in TokenTransformerConfig.__dataclass_fields__ if name != "mask_future"]
    options: dict[str, Any] = {name: section[name] for name in keys}
    return (
        TransformerEncoderNM(**options, mask_future=section.mask_future) if encoder else TransformerDecoderNM(**options)
    )
