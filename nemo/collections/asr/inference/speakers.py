"""Speakers' embeddings of recordings: what speaker verification, identification and diarization start from.

N recordings, E embedding, V speakers of the training data.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nemo.collections.asr.inference.audio_sources import audio_sources
from nemo.collections.asr.inference.classify import outputs_of_recordings
from nemo.collections.common.data.manifest import read_manifest
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class SpeakerOutputs:
    """What a model gives for N recordings, in their order; rows of recordings that cannot be read are NaN."""

    embeddings: Tensor
    """[N, E]."""
    logits: Tensor
    """[N, V]."""
    errors: list[Exception | None]
    """For each recording why it could not be read."""


def speaker_outputs(model: Any, audio: Any, batch_size: int = 32, verbose: bool = True) -> SpeakerOutputs:
    """Embeddings and logits of recordings by an ``EncDecSpeakerLabelModel``.

    Args:
        model: the model.
        audio: a path, an array or tensor of samples at the model's rate, a list of such, or the path of a manifest.
        batch_size: recordings computed together; only equally long ones are, so it does not change results.
        verbose: show a progress bar.

    Raises:
        ConfigError: an impossible batch size, or something that is no audio.
    """
    rows = outputs_of_recordings(model, audio, batch_size, verbose=verbose)
    classes = model.decoder.num_classes
    width = classes + model.embedding_size
    table = torch.stack([row if isinstance(row, Tensor) else torch.full((width,), torch.nan) for row in rows])
    errors = [row if isinstance(row, Exception) else None for row in rows]
    return SpeakerOutputs(embeddings=table[:, classes:], logits=table[:, :classes], errors=errors)


def outputs_of_one(model: Any, audio: Any) -> SpeakerOutputs:
    """:func:`speaker_outputs` of one recording.

    Raises:
        AudioFileError: it cannot be read.
    """
    outputs = speaker_outputs(model, [audio], batch_size=1, verbose=False)
    if outputs.errors[0] is not None:
        raise outputs.errors[0]
    return outputs


def outputs_of_manifest(
    model: Any, manifest: str, batch_size: int, sample_rate: int, device: str | None
) -> tuple[SpeakerOutputs, list[Any]]:
    """:func:`speaker_outputs` of a manifest's recordings, and their labels.

    Args:
        model: the model.
        manifest: its path.
        batch_size: recordings computed together.
        sample_rate: Hz, the model's.
        device: where to compute; where the machine has no GPU, and for None, where the model is.

    Raises:
        ConfigError: another sample rate than the model's.
    """
    if sample_rate != model.sample_rate:
        raise ConfigError(
            f"sample_rate is {sample_rate}, and the model takes {model.sample_rate} Hz. Pass that: files of "
            "other rates are resampled."
        )
    labels = [entry.label for entry in read_manifest(manifest, require_duration=False)]
    before = model.device
    if device is not None and str(device).startswith("cuda") and not torch.cuda.is_available():
        logger.warning("there is no %s: computing on %s", device, before)
        device = None
    try:
        model.to(device or before)
        return speaker_outputs(model, str(manifest), batch_size), labels
    finally:
        model.to(before)


def similarity(one: Tensor, other: Tensor) -> Tensor:
    """Cosine of embeddings [..., E], brought from [-1, 1] to [0, 1], as thresholds of the original are meant."""
    return (functional.cosine_similarity(one, other, dim=-1) + 1) / 2


def most_frequent_class(
    model: Any, audio: Any, segment_seconds: float = math.inf, num_segments: int = 1, seed: int | None = None
) -> int:
    """The class that most of several random parts of a recording get; the whole recording's, if it is shorter.

    Args:
        model: the model.
        audio: the path of the recording, or its samples at the model's rate.
        segment_seconds: length of a part.
        num_segments: parts.
        seed: of the places; None: others each time.
    """
    samples = audio_sources([audio], model.sample_rate)[0].load()
    if math.isinf(segment_seconds) or segment_seconds * model.sample_rate >= len(samples):
        parts = [samples]
    else:
        length = round(segment_seconds * model.sample_rate)
        starts = np.random.default_rng(seed).integers(0, len(samples) - length + 1, num_segments)
        parts = [samples[start : start + length] for start in starts]
    classes = speaker_outputs(model, parts, verbose=False).logits.argmax(dim=1).tolist()
    return int(Counter(classes).most_common(1)[0][0])
