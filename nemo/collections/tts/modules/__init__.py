"""The networks of speech synthesis models."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {}, submodules=["hifigan", "hifigan_discriminators"])
