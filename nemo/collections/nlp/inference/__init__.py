"""Trained text models -> results for users."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "text_logits": ["text_logits"],
        "punctuate": ["punctuation_labels"],
        "word_scores": ["word_log_probs"],
    },
    submodules=[],
)
