"""Metrics of text models."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "classification_report": ["ClassificationReport"],
    },
    submodules=[
        "classification_report",
    ],
)
