"""Tokenizers: text to ids and back."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "aggregate_tokenizer": ["AggregateTokenizer"],
        "char_tokenizer": ["CharTokenizer"],
        "sentencepiece_tokenizer": ["SentencePieceTokenizer", "create_spt_model"],
        "tokenizer_spec": ["TokenizerSpec"],
        "word_tokenizer": ["WordTokenizer"],
        "wordpiece_tokenizer": ["WordPieceTokenizer"],
        "youtokentome_tokenizer": ["YouTokenToMeTokenizer"],
    },
    submodules=[
        "aggregate_tokenizer",
        "char_tokenizer",
        "from_config",
        "sentencepiece_tokenizer",
        "tokenizer_spec",
        "word_tokenizer",
        "wordpiece_tokenizer",
        "youtokentome_model",
        "youtokentome_tokenizer",
    ],
)
