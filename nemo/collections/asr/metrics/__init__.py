"""How good recognition is."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"wer": ["WER", "word_error_rate", "word_error_rate_detail", "word_error_rate_per_utt"]},
    submodules=["wer"],
)
