"""A trained model, results for a user."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__, {"transcribe": ["Transcriber"]}, submodules=["audio_sources", "transcribe"]
)
