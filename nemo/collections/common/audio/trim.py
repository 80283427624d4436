"""Cutting silence from both ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_SMALLEST_AMPLITUDE = 1e-5

Reference = float | Callable[[np.ndarray], float]
"""The level that counts as 0 dB: an amplitude, or a function of the amplitudes of all frames."""


def trim_silence(
    samples: np.ndarray,
    top_db: float = 60.0,
    ref: Reference = np.max,
    frame_length: int = 2048,
    hop_length: int = 512,
) -> np.ndarray:
    """Samples without the silence at both ends.

    A frame is silent when its root mean square lies more than `top_db` below `ref`. Frames are centred and padded with
    zeros; the result is what ``librosa.effects.trim`` gives (McFee et al., 2015).

    Args:
        samples: [T] or [T, C]; the loudest channel decides.
        top_db: how far below the reference silence begins.
        ref: the reference.
        frame_length: samples in a frame.
        hop_length: samples between frames.

    Returns:
        A view of `samples`; empty where all of it is silent.
    """
    loudness = frame_rms(samples if samples.ndim == 2 else samples[:, None], frame_length, hop_length)
    reference = float(ref(loudness)) if callable(ref) else float(ref)
    floor = 20.0 * np.log10(np.maximum(loudness, _SMALLEST_AMPLITUDE))
    decibels = floor - 20.0 * np.log10(max(abs(reference), _SMALLEST_AMPLITUDE))
    (audible,) = np.nonzero(decibels.max(axis=1) > -top_db)
    if audible.size == 0:
        return samples[:0]
    return samples[audible[0] * hop_length : min(len(samples), (audible[-1] + 1) * hop_length)]


def frame_rms(samples: np.ndarray, frame_length: int, hop_length: int) -> np.ndarray:
    """Root mean square of centred frames, [F, C]."""
    padding = frame_length // 2
    squares = np.zeros((samples.shape[0] + 2 * padding + 1, samples.shape[1]))
    np.cumsum(np.square(samples, dtype=np.float64), axis=0, out=squares[padding + 1 : padding + 1 + len(samples)])
    squares[padding + 1 + len(samples) :] = squares[padding + len(samples)]
    starts = np.arange(0, len(squares) - frame_length, hop_length)
    return np.sqrt(np.maximum(squares[starts + frame_length] - squares[starts], 0.0) / frame_length)
