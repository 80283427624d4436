"""Models of the Jasper and QuartzNet families as dataclasses; blocks are given in `encoder.jasper`."""

from __future__ import annotations

from dataclasses import dataclass, field

from nemo.collections.asr.data.loader import AudioToTextDatasetConfig
from nemo.collections.asr.models.ctc_config import EncDecCTCConfig
from nemo.collections.asr.modules.conv_encoder import ConvASREncoderConfig


@dataclass
class JasperModelConfig(EncDecCTCConfig):
    """Jasper (Li et al., 2019): plain convolutions."""

    train_ds: AudioToTextDatasetConfig = field(
        default_factory=lambda: AudioToTextDatasetConfig(manifest_filepath=None, shuffle=True, trim_silence=True)
    )
    encoder: ConvASREncoderConfig = field(default_factory=lambda: ConvASREncoderConfig(activation="relu"))


@dataclass
class QuartzNetModelConfig(JasperModelConfig):
    """QuartzNet (Kriman et al., 2019): separable convolutions."""

    separable: bool = True
