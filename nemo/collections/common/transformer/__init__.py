"""Transformer encoders and decoders over tokens or features, and the text that decoders generate."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "attention": ["MultiHeadAttention"],
        "cache": ["DecoderCache", "KeyValueCache"],
        "decoder": ["TransformerDecoder", "TransformerDecoderBlock"],
        "embedding": ["TransformerEmbedding"],
        "encoder": ["TransformerEncoder", "TransformerEncoderBlock"],
        "feed_forward": ["PositionWiseFF"],
        "positions": ["FixedPositionalEncoding"],
        "token_transformer": ["TransformerDecoderNM", "TransformerEncoderNM", "get_nemo_transformer"],
    },
    submodules=["generation", "masks"],
)
