"""The way from audio to encoded frames that CTC models, transducers and hybrids share.

audio [B, T] -> preprocessor -> [B, D, F] -> masks, while training -> encoder -> [B, H, S]
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from nemo.collections.asr.models.output_sizes import check_features
from nemo.collections.asr.modules.releases import follow_release
from nemo.core.neural_types import AudioSignal, LengthsType, NeuralType, SpectrogramType


def build_speech_front(model: Any) -> None:
    """Gives `model` its `preprocessor`, `encoder` and `spec_augmentation` from the sections of its config.

    Raises:
        ConfigError: the encoder expects another number of features than the preprocessor gives.
    """
    check_features(model.cfg)
    model.preprocessor = model.from_config_dict(model.cfg.preprocessor)
    model.preprocessor.follow_release(model.cfg.nemo_version)
    model.encoder = model.from_config_dict(model.cfg.encoder)
    follow_release(model.encoder, model.cfg.nemo_version)
    spec_augment = model.cfg.spec_augment
    model.spec_augmentation = model.from_config_dict(spec_augment) if spec_augment is not None else None


def speech_input_types(sample_rate: int) -> dict[str, NeuralType]:
    """Audio with its lengths, or features with theirs."""
    return {
        "input_signal": NeuralType(("B", "T"), AudioSignal(freq=sample_rate), optional=True),
        "input_signal_length": NeuralType(tuple("B"), LengthsType(), optional=True),
        "processed_signal": NeuralType(("B", "D", "T"), SpectrogramType(), optional=True),
        "processed_signal_length": NeuralType(tuple("B"), LengthsType(), optional=True),
    }


def encode_speech(
    model: Any,
    input_signal: Tensor | None,
    input_signal_length: Tensor | None,
    processed_signal: Tensor | None,
    processed_signal_length: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Encodes audio, or features that are ready.

    Args:
        model: what :func:`build_speech_front` has built.
        input_signal: [B, T] audio.
        input_signal_length: [B] samples.
        processed_signal: [B, D, F] features, instead of audio.
        processed_signal_length: [B] frames.

    Returns:
        [B, H, S] and lengths [B] in encoder frames.

    Raises:
        ValueError: not exactly one of the two pairs is given.
    """
    features, lengths = speech_features(
        model, input_signal, input_signal_length, processed_signal, processed_signal_length
    )
    return encode_features(model, features, lengths)


def speech_features(
    model: Any,
    input_signal: Tensor | None,
    input_signal_length: Tensor | None,
    processed_signal: Tensor | None,
    processed_signal_length: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Features [B, D, F] and lengths [B] of audio, or those that are ready; see :func:`encode_speech`."""
    has_audio = input_signal is not None and input_signal_length is not None
    has_features = processed_signal is not None and processed_signal_length is not None
    if has_audio == has_features:
        raise ValueError(
            f"{type(model).__name__}.forward needs input_signal with input_signal_length, or processed_signal with "
            f"processed_signal_length; it got {'both' if has_audio else 'neither'}."
        )
    if has_audio:
        features: tuple[Tensor, Tensor] = model.preprocessor(input_signal=input_signal, length=input_signal_length)
        return features
    assert processed_signal is not None
    assert processed_signal_length is not None
    return processed_signal, processed_signal_length


def encode_features(model: Any, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Features [B, D, F], masked while training, -> [B, H, S] and lengths [B]."""
    if model.spec_augmentation is not None and model.training:
        features = model.spec_augmentation(input_spec=features, length=lengths)
    encoded, encoded_lengths = model.encoder(audio_signal=features, length=lengths)
    return encoded, encoded_lengths
