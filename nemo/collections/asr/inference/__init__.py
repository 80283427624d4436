"""A trained model, results for a user."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "buffered": ["BufferedStream"],
        "cache_aware": ["CacheAwareStream", "feed_together", "finish_together"],
        "microphone": ["microphone_chunks"],
        "onnx_folder": ["export_onnx_folder"],
        "classify": ["Classification"],
        "transcribe": ["Transcriber"],
        "transcribe_config": ["TranscribeConfig"],
        "vad": ["VADConfig", "detect_speech", "speech_probabilities"],
        "vad_segments": ["SpeechThresholds", "speech_segments"],
    },
    submodules=[
        "audio_sources",
        "buffered",
        "cache_aware",
        "classify",
        "feature_stream",
        "long_audio",
        "microphone",
        "onnx_folder",
        "stream_chunks",
        "stream_decoding",
        "transcribe",
        "transcribe_config",
        "vad",
        "vad_segments",
    ],
)
