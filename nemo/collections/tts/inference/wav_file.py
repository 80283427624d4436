"""Audio as 16-bit WAV: what every player and recogniser reads."""

from __future__ import annotations

import io
import logging
import os
import wave

import numpy as np

from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import NonFiniteError

logger = logging.getLogger(__name__)

FULL_SCALE = 32767


def wav_bytes(audio: np.ndarray, sample_rate: int) -> bytes:
    """A WAV file with one channel of 16-bit samples.

    Args:
        audio: [T] from -1 to 1; what is louder is clipped, with a warning.
        sample_rate: Hz.

    Raises:
        NonFiniteError: a sample is NaN or infinite.
    """
    if not np.isfinite(audio).all():
        raise NonFiniteError(
            f"{int((~np.isfinite(audio)).sum())} of {audio.size} samples are NaN or infinite. Expected numbers from -1 "
            "to 1; the model that made them is untrained or has diverged."
        )
    clipped = int((np.abs(audio) > 1.0).sum())
    if clipped:
        logger.warning(
            "%d of %d samples are louder than full scale and are clipped. Lower the volume.", clipped, audio.size
        )
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sample_rate)
        writer.writeframes(np.round(np.clip(audio, -1.0, 1.0) * FULL_SCALE).astype("<i2").tobytes())
    return file.getvalue()


def write_wav(path: str | os.PathLike[str], audio: np.ndarray, sample_rate: int) -> None:
    """Writes :func:`wav_bytes` to a file, which is whole or not there.

    Raises:
        NonFiniteError: a sample is NaN or infinite.
        OSError: the folder is missing or cannot be written to; names `path`.
    """
    content = wav_bytes(audio, sample_rate)
    with atomic_write(path, needed_bytes=len(content)) as temporary:
        temporary.write_bytes(content)
