"""Change of the sample rate."""

from __future__ import annotations

import math

import numpy as np

from nemo.utils.optional import require

_QUALITIES = {
    "soxr_vhq": "VHQ",
    "soxr_hq": "HQ",
    "soxr_mq": "MQ",
    "soxr_lq": "LQ",
    "soxr_qq": "QQ",
    # names of other resamplers that old configs carry; the nearest quality
    "kaiser_best": "HQ",
    "kaiser_fast": "MQ",
    "fft": "VHQ",
    "linear": "QQ",
    "polyphase": "HQ",
}


def resample(samples: np.ndarray, orig_sr: float, target_sr: float, res_type: str = "soxr_hq") -> np.ndarray:
    """Samples at another rate, through soxr.

    Args:
        samples: [T] or [T, C].
        orig_sr: rate of `samples` in Hz.
        target_sr: rate wanted in Hz.
        res_type: quality: soxr_vhq, soxr_hq, soxr_mq, soxr_lq, soxr_qq; the names of older resamplers are understood.

    Returns:
        [ceil(T * target_sr / orig_sr)] or [the same, C].

    Raises:
        ValueError: a rate is not positive or the quality is unknown.
    """
    if orig_sr <= 0 or target_sr <= 0:
        raise ValueError(
            f"Cannot resample from {orig_sr} Hz to {target_sr} Hz. Expected rates above 0; mend sample_rate."
        )
    if res_type not in _QUALITIES:
        raise ValueError(f"There is no resampler {res_type!r}. Expected one of {', '.join(_QUALITIES)}; set one.")
    if orig_sr == target_sr or samples.shape[0] == 0:
        return samples
    soxr = require("soxr", extra="asr", purpose="Resampling audio")
    resampled = soxr.resample(samples, orig_sr, target_sr, quality=_QUALITIES[res_type])
    return _with_length(resampled, math.ceil(samples.shape[0] * target_sr / orig_sr))


def _with_length(samples: np.ndarray, length: int) -> np.ndarray:
    if samples.shape[0] >= length:
        return samples[:length]
    return np.pad(samples, [(0, length - samples.shape[0])] + [(0, 0)] * (samples.ndim - 1))
