"""Configs of whole CTC experiments as dataclasses, for scripts that write no YAML."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from nemo.collections.asr.data.loader import AudioToTextDatasetConfig
from nemo.collections.asr.decoding.ctc import CTCDecodingConfig
from nemo.collections.asr.modules.conv_decoder import ConvASRDecoderConfig
from nemo.collections.asr.modules.conv_encoder import ConvASREncoderConfig
from nemo.collections.asr.modules.spectrogram_augmentation import SpectrogramAugmentationConfig
from nemo.collections.common.audio.mel_preprocessor import AudioToMelSpectrogramPreprocessorConfig
from nemo.core.config.modelPT import ModelConfig, NemoConfig, OptimConfig, SchedConfig


def _evaluation_set() -> AudioToTextDatasetConfig:
    return AudioToTextDatasetConfig(manifest_filepath=None, shuffle=False)


@dataclass
class EncDecCTCConfig(ModelConfig):
    """`model` of a CTC experiment with a convolutional encoder."""

    sample_rate: int = 16000
    repeat: int = 1
    dropout: float = 0.0
    separable: bool = False
    labels: list[str] = MISSING
    train_ds: AudioToTextDatasetConfig = field(
        default_factory=lambda: AudioToTextDatasetConfig(manifest_filepath=None, shuffle=True)
    )
    validation_ds: AudioToTextDatasetConfig = field(default_factory=_evaluation_set)
    test_ds: AudioToTextDatasetConfig = field(default_factory=_evaluation_set)
    optim: OptimConfig = field(default_factory=lambda: OptimConfig(sched=SchedConfig()))
    preprocessor: AudioToMelSpectrogramPreprocessorConfig = field(
        default_factory=AudioToMelSpectrogramPreprocessorConfig
    )
    spec_augment: SpectrogramAugmentationConfig = field(default_factory=SpectrogramAugmentationConfig)
    encoder: ConvASREncoderConfig = field(default_factory=ConvASREncoderConfig)
    decoder: ConvASRDecoderConfig = field(default_factory=ConvASRDecoderConfig)
    decoding: CTCDecodingConfig = field(default_factory=CTCDecodingConfig)


@dataclass
class EncDecCTCModelConfig(NemoConfig):
    """A whole CTC experiment."""

    model: EncDecCTCConfig = field(default_factory=EncDecCTCConfig)
