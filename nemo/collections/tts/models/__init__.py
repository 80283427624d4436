"""Speech synthesis models: what is trained, saved and restored."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"fastpitch": ["FastPitchModel"], "hifigan": ["HifiGanModel"], "tacotron2": ["Tacotron2Model"]},
    submodules=["base", "catalogue", "fastpitch", "hifigan", "tacotron2"],
)
