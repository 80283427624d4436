"""Network parts of text models: encoders, heads, and the tokenizers that belong to them."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "nemo.collections.common.text_encoders.encoder": ["BertEncoder"],
        "nemo.collections.common.text_encoders.lm": ["get_lm_model", "get_pretrained_lm_models_list"],
        "sequence_classifier": ["SequenceClassifier"],
        "sequence_regression": ["SequenceRegression"],
        "sequence_token_classifier": ["SequenceTokenClassifier"],
        "tokenizers": ["TokenizerConfig", "get_tokenizer", "get_tokenizer_list"],
    },
    submodules=[
        "common",  # of the original's layout, served by nemo.aliases
        "sequence_classifier",
        "sequence_regression",
        "sequence_token_classifier",
        "tokenizers",
    ],
)
