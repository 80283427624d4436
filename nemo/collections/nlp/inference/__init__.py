"""Trained text models -> results for users."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "evaluation_mode": ["evaluation_mode"],
        "text_logits": ["text_logits"],
        "word_scores": ["word_log_probs"],
    },
    submodules=[],
)
