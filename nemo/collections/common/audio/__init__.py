"""Audio: features, reading, resampling, perturbation."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "audio_preprocessor": ["AudioPreprocessor"],
        "mel": ["FilterbankFeatures"],
        "mel_filterbank": ["mel_filterbank"],
        "mel_preprocessor": ["AudioToMelSpectrogramPreprocessor"],
        "mfcc": ["MFCCFeatures"],
    },
    submodules=["io", "mel", "mel_filterbank", "mfcc", "normalization", "perturb", "resample", "segment"],
)
