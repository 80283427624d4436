"""Trained models to speech for a user: text in, audio out."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "load": ["load_acoustic_model", "load_vocoder"],
        "onnx_vocoder": ["OnnxVocoder"],
        "sentences": ["split_sentences"],
        "streaming_vocoder": ["StreamingVocoder"],
        "synthesizer": ["Spoken", "Synthesizer"],
        "wav_file": ["wav_bytes", "write_wav"],
    },
    submodules=[
        "load",
        "manner",
        "mel_settings",
        "onnx_vocoder",
        "predicted_spectrograms",
        "sentences",
        "streaming_vocoder",
        "synthesizer",
        "voices",
        "wav_file",
    ],
)
