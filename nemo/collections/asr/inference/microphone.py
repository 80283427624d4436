"""Audio from a microphone, piece by piece."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from nemo.utils.optional import require

logger = logging.getLogger(__name__)


def microphone_chunks(sample_rate: int, chunk_seconds: float = 0.08, device: Any = None) -> Iterator[np.ndarray]:
    """Gives what a microphone hears until the caller stops.

    Args:
        sample_rate: in Hz; that of the model.
        chunk_seconds: length of each piece.
        device: number or part of the name of an input, as `sounddevice` calls it; None: the system's.

    Yields:
        Float32 samples [T].

    Raises:
        MissingDependencyError: the package `sounddevice` is not installed.
    """
    sounddevice = require("sounddevice", extra="microphone", purpose="listening to a microphone")
    frames = round(chunk_seconds * sample_rate)
    with sounddevice.InputStream(
        samplerate=sample_rate, channels=1, dtype="float32", blocksize=frames, device=device
    ) as microphone:
        while True:
            samples, was_late = microphone.read(frames)
            if was_late:
                logger.warning("the computation is too slow for the microphone: some audio is lost")
            yield samples[:, 0]
