"""Speech synthesis models: what is trained, saved and restored."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "aligner": ["AlignerModel"],
        "audio_codec": ["AudioCodecModel"],
        "fastpitch": ["FastPitchModel"],
        "griffin_lim": ["GriffinLimModel", "MelPsuedoInverseModel", "TwoStagesModel"],
        "hifigan": ["HifiGanModel"],
        "tacotron2": ["Tacotron2Model"],
        "univnet": ["UnivNetModel"],
        "waveglow": ["WaveGlowModel"],
    },
    submodules=[
        "aligner",
        "audio_codec",
        "base",
        "catalogue",
        "fastpitch",
        "griffin_lim",
        "hifigan",
        "tacotron2",
        "univnet",
        "waveglow",
    ],
)
