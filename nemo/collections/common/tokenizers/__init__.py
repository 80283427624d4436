"""Tokenizers: text to ids and back."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "aggregate_tokenizer": ["AggregateTokenizer"],
        "auto_tokenizer": ["AutoTokenizer"],
        "bytelevel_tokenizers": ["ByteLevelTokenizer"],
        "by_name": ["get_nmt_tokenizer", "get_tokenizer"],
        "canary_tokenizer": ["CanaryTokenizer"],
        "char_tokenizer": ["CharTokenizer"],
        "fairseq_tokenizer": ["FairseqTokenizer"],
        "regex_tokenizer": ["RegExTokenizer"],
        "sentencepiece_tokenizer": ["SentencePieceTokenizer", "create_spt_model"],
        "tabular_tokenizer": ["TabularTokenizer"],
        "tokenizer_spec": ["TokenizerSpec"],
        "word_tokenizer": ["WordTokenizer"],
        "wordpiece_tokenizer": ["WordPieceTokenizer"],
        "youtokentome_tokenizer": ["YouTokenToMeTokenizer"],
    },
    submodules=[
        "aggregate_tokenizer",
        "auto_tokenizer",
        "byte_level_bpe",
        "by_name",
        "bytelevel_tokenizers",
        "canary_tokenizer",
        "char_tokenizer",
        "column_coder",
        "fairseq_tokenizer",
        "from_config",
        "moses_tokenizers",
        "regex_tokenizer",
        "sentencepiece_tokenizer",
        "tabular_tokenizer",
        "tokenizer_spec",
        "word_tokenizer",
        "wordpiece_tokenizer",
        "youtokentome_model",
        "youtokentome_tokenizer",
    ],
)
