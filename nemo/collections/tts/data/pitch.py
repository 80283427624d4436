"""The fundamental frequency of speech, frame by frame (de Cheveigné and Kawahara, 2002; Mauch and Dixon, 2014).

audio [T] -> frames [F, W] -> normalised differences [F, L] -> candidates [F, K] -> best path -> Hz [F], voiced [F]
T samples, F frames, W samples of a frame, L lags, K candidates.

YIN compares a frame with itself, shifted: where the difference is small, the shift is a period. Several shifts may be,
so each frame keeps the best of them with probabilities, as pYIN does over a range of thresholds, and a Viterbi search
picks the path that does not jump. Unlike pYIN, paths go over the candidates themselves, not over a grid of pitches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

ESTIMATORS = ("yin", "librosa")
"""What pitch may be estimated by: what is here, or librosa's pYIN, with which the original's features were made."""

CANDIDATES = 6
"""K: periods that a frame may have."""
JUMP_COST = 8.0
"""Of one octave between neighbouring frames, as a negative logarithm of probability."""
VOICING_COST = 2.5
"""Of beginning or ending a voiced stretch."""
QUIETEST = 1e-4
"""Root mean square below which a frame is silence: -80 dB of full scale."""
USUAL_PITCH = 200.0
"""Hz; changes of pitch are placed exactly there, and within 3 ms elsewhere."""
FLOOR = 1e-6
"""Least probability of anything."""
ROUNDING = 1e-4
"""Part of a frame's energy below which windows are silence: products are rounded."""
BLOCK_FRAMES = 1024
"""Frames that are computed at once."""


class PitchTrack(NamedTuple):
    """The pitch of each frame."""

    pitch: np.ndarray
    """[F] Hz; 0 where there is no voice."""
    voiced: np.ndarray
    """[F] bool."""
    probability: np.ndarray
    """[F] how probable it is that there is a voice."""


def estimate_pitch(
    audio: Tensor,
    sample_rate: int,
    hop_length: int,
    frame_length: int = 1024,
    fmin: float = 65.40639132514966,
    fmax: float = 2093.004522404789,
    by: str = "yin",
) -> PitchTrack:
    """The pitch of a recording, in ``T // hop_length + 1`` frames centred at multiples of the hop.

    Args:
        audio: [T] samples.
        sample_rate: Hz.
        hop_length: samples between frames.
        frame_length: half of it are compared with as many a period later; more where that is shorter than a period of
            `fmin`.
        fmin: Hz, lowest pitch.
        fmax: Hz, highest pitch.
        by: one of :data:`ESTIMATORS`.

    Raises:
        ConfigError: frequencies that are not in order, or beyond half the sample rate; an unknown estimator.
        MissingDependencyError: librosa is asked for and not installed.
    """
    if by not in ESTIMATORS:
        raise ConfigError(f"pitch_by is {by!r}. Expected one of {', '.join(ESTIMATORS)}.")
    if not 0 < fmin < fmax <= sample_rate / 2:
        raise ConfigError(
            f"pitch_fmin is {fmin} Hz and pitch_fmax {fmax} Hz at {sample_rate} Hz. Expected 0 < pitch_fmin < "
            f"pitch_fmax <= {sample_rate / 2:.0f}; speech has 65 to 600."
        )
    if by == "librosa":
        return _by_librosa(audio, sample_rate, hop_length, frame_length, fmin, fmax)
    lags = int(np.ceil(sample_rate / fmin)) + 2
    shortest = max(int(sample_rate / fmax), 2)
    window = max(frame_length // 2, lags)
    before = (window + int(sample_rate / USUAL_PITCH)) // 2  # a window and the one a period later are centred together
    # no frame by itself: where a voice begins, the shifted silence would seem to repeat
    centred = audio.float() - (audio.float().mean() if len(audio) else 0.0)
    padded = F.pad(centred, (before, window + lags))
    frames = padded.unfold(0, window + lags, hop_length)[: len(audio) // hop_length + 1]
    parts = [_candidates(block, shortest, lags, sample_rate) for block in frames.split(BLOCK_FRAMES)]
    frequencies = torch.cat([part[0] for part in parts]).numpy()
    probabilities = torch.cat([part[1] for part in parts]).numpy()
    chosen = _best_path(frequencies, probabilities)
    voiced = chosen < frequencies.shape[1]
    picked = np.take_along_axis(frequencies, np.minimum(chosen, frequencies.shape[1] - 1)[:, None], axis=1)[:, 0]
    pitch = np.where(voiced, picked, 0.0).astype(np.float32)
    return PitchTrack(pitch, voiced, probabilities.sum(1).clip(0.0, 1.0).astype(np.float32))


def _by_librosa(
    audio: Tensor, sample_rate: int, hop_length: int, frame_length: int, fmin: float, fmax: float
) -> PitchTrack:
    librosa = require("librosa", extra="pitch", purpose="pitch_by: librosa")
    pitch, voiced, probability = librosa.pyin(
        audio.float().numpy(),
        fmin=fmin,
        fmax=fmax,
        sr=sample_rate,
        frame_length=frame_length,
        hop_length=hop_length,
        fill_na=0.0,
    )
    return PitchTrack(pitch.astype(np.float32), voiced.astype(bool), probability.astype(np.float32))


def _candidates(frames: Tensor, shortest: int, lags: int, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Frames [F, W] -> the frequencies of their candidates and the probabilities of these, both [F, K]."""
    differences = _normalised_differences(frames, lags)
    inner, before, after = differences[:, 1:-1], differences[:, :-2], differences[:, 2:]
    is_dip = (inner < before) & (inner <= after)
    is_dip[:, : shortest - 1] = False  # column 0 is lag 1
    depth = torch.where(is_dip, inner, torch.ones_like(inner)).clamp(0.0, 1.0)
    deepest_before = F.pad(depth.cummin(dim=1).values[:, :-1], (1, 0), value=1.0)
    # a dip is the first below a threshold that lies between it and the deepest one at shorter lags
    probability = (_below(deepest_before) - _below(depth)).clamp(min=0.0)
    kept, place = probability.topk(min(CANDIDATES, probability.shape[1]), dim=1)
    left, middle, right = (part.gather(1, place) for part in (before, inner, after))
    curve = (left - 2 * middle + right).clamp(min=1e-9)
    lag = place + 1 + (0.5 * (left - right) / curve).clamp(-1.0, 1.0)  # the lowest point of a parabola
    is_silent = frames.square().mean(1).sqrt() < QUIETEST
    return sample_rate / lag, kept.masked_fill(is_silent[:, None], 0.0)


def _normalised_differences(frames: Tensor, lags: int) -> Tensor:
    """[F, W] -> [F, L], lags from 0 on: the greater of two; 1 where a frame is silent.

    Differences beside the mean of those at shorter lags (equation 8 of the paper), and beside the windows' energies.
    """
    window = frames.shape[1] - lags
    size = 1 << (frames.shape[1] + window - 1).bit_length()
    whole, head = torch.fft.rfft(frames, size), torch.fft.rfft(frames[:, :window], size)
    products = torch.fft.irfft(whole * head.conj(), size)[:, :lags].double()
    energies = F.pad(frames.double().square().cumsum(1), (1, 0))
    shifted = energies[:, window : window + lags] - energies[:, :lags]
    squares = (shifted[:, :1] + shifted - 2 * products).clamp(min=0.0)
    squares[:, 0] = 0.0
    steps = torch.arange(1, lags, dtype=squares.dtype)
    sums = squares[:, 1:].cumsum(1)
    by_mean = squares[:, 1:] * steps / sums.clamp(min=1e-30)
    # where a voice begins, one window is silent: differences are small beside later ones, not beside the energies
    guard = ROUNDING * energies[:, -1:]
    by_energy = (squares[:, 1:] + guard) / (shifted[:, :1] + shifted[:, 1:]).clamp(min=1e-30)
    normalised = torch.where(sums > 0, torch.maximum(by_mean, by_energy), torch.ones_like(sums))
    return F.pad(normalised, (1, 0), value=1.0).float()


def _below(threshold: Tensor) -> Tensor:
    """How probable a threshold at most this high is: the cumulative beta distribution with parameters 2 and 5."""
    rest = 1 - threshold
    return 1 - rest**6 - 6 * threshold * rest**5


def _best_path(frequencies: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Which candidate each frame has on the most probable path, [F]; K stands for no voice."""
    frames, count = frequencies.shape
    unvoiced = 1 - probabilities.sum(1, keepdims=True)
    gains = np.log(np.concatenate([probabilities, unvoiced], axis=1).clip(FLOOR, 1.0))
    octaves = np.log2(frequencies)
    costs = np.full((count + 1, count + 1), VOICING_COST)
    costs[count, count] = 0.0
    came_from = np.zeros((frames, count + 1), dtype=np.int64)
    score, every = gains[0], np.arange(count + 1)
    for frame in range(1, frames):
        costs[:count, :count] = JUMP_COST * np.abs(octaves[frame - 1][:, None] - octaves[frame][None])
        totals = score[:, None] - costs
        best = totals.argmax(0)
        came_from[frame] = best
        score = totals[best, every] + gains[frame]
    path = np.empty(frames, dtype=np.int64)
    path[-1] = score.argmax()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path
