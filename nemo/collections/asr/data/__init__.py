"""Recordings and texts -> batches."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "audio_to_label": [
            "AudioToClassificationLabelDataset",
            "AudioToMultiLabelDataset",
            "TarredAudioToClassificationLabelDataset",
            "TarredAudioToMultiLabelDataset",
        ],
        "audio_to_text": [
            "AudioToBPEDataset",
            "AudioToCharDataset",
            "TarredAudioToBPEDataset",
            "TarredAudioToCharDataset",
        ],
        "label_loader": ["EncDecClassificationDatasetConfig", "build_audio_to_label_loader"],
        "loader": ["AudioToTextDatasetConfig", "build_audio_to_text_loader"],
    },
    submodules=["audio_to_label", "audio_to_text", "label_loader", "loader"],
)
