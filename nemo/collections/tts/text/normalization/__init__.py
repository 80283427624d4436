"""Numbers, dates, money and abbreviations as they are said."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"choice": ["build_normalizer"], "english": ["EnglishNormalizer"]},
    submodules=["numbers"],
)
