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
        "mixer_tts": ["MixerTTSModel"],
        "spectrogram_enhancer": ["SpectrogramEnhancerModel"],
        "tacotron2": ["Tacotron2Model"],
        "univnet": ["UnivNetModel"],
        "vits": ["VitsModel"],
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
        "mixer_tts",
        "spectrogram_enhancer",
        "tacotron2",
        "univnet",
        "vits",
        "waveglow",
    ],
    absent={
        "FastPitchModel_SSL": "For speech from text, also in several voices, there is FastPitchModel.",
        "RadTTSModel": "For spectrograms from text in parallel, with learnt alignments, there is FastPitchModel.",
        "SSLDisentangler": "For speech from text, also in several voices, there is FastPitchModel.",
    },
)
