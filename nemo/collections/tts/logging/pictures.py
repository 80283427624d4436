"""Arrays -> pictures, [H, W, 3] uint8, without a drawing library. D mel bands, F frames, U tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ANCHORS = np.array(
    [
        (8, 8, 32),
        (40, 24, 96),
        (98, 36, 120),
        (166, 52, 108),
        (220, 84, 72),
        (246, 146, 52),
        (252, 212, 92),
        (255, 255, 224),
    ],
    dtype=np.float64,
)
"""Colours from the lowest value to the highest, dark to bright."""
INKS = ((230, 230, 230), (250, 140, 40), (90, 180, 250))
"""Of curves, in order."""
PAPER = (24, 24, 28)
GAP = 4
"""Pixels between pictures."""
SMALLEST = 160
"""Pixels; smaller pictures are enlarged by whole factors."""
CURVE_HEIGHT = 160


def colours(values: np.ndarray) -> np.ndarray:
    """[...] between 0 and 1 -> [..., 3] uint8."""
    places = np.clip(np.nan_to_num(values), 0.0, 1.0) * (len(ANCHORS) - 1)
    channels = [np.interp(places, np.arange(len(ANCHORS)), ANCHORS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def heat_map(values: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """A picture of a matrix [D, F]: the first row is at the bottom, time goes to the right.

    Args:
        values: finite, or drawn as the lowest where not.
        low: value of the darkest colour; None: the least there is.
        high: of the brightest; None: the greatest.
    """
    finite = values[np.isfinite(values)]
    low = (float(finite.min()) if finite.size else 0.0) if low is None else low
    high = (float(finite.max()) if finite.size else 1.0) if high is None else high
    scaled = (np.where(np.isfinite(values), values, low) - low) / max(high - low, 1e-9)
    picture = colours(scaled[::-1])
    for axis in (0, 1):
        picture = picture.repeat(max(1, -(-SMALLEST // max(picture.shape[axis], 1))), axis=axis)
    return picture


def stacked(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures below each other, the first at the top."""
    width = max(picture.shape[1] for picture in pictures)
    rows: list[np.ndarray] = []
    for picture in pictures:
        if rows:
            rows.append(_paper(GAP, width))
        sheet = _paper(picture.shape[0], width)
        sheet[:, : picture.shape[1]] = picture
        rows.append(sheet)
    return np.concatenate(rows)


def curves(lines: Sequence[np.ndarray], low: float | None = None, high: float | None = None) -> np.ndarray:
    """A picture of lines [F], in the colours of :data:`INKS`; where a value is not finite, a line is interrupted.

    Args:
        lines: of any lengths.
        low: value at the lower edge; None: the least there is.
        high: at the upper edge; None: the greatest.
    """
    values = np.concatenate([line[np.isfinite(line)] for line in lines])
    low = (float(values.min()) if values.size else 0.0) if low is None else low
    high = (float(values.max()) if values.size else 1.0) if high is None else high
    longest = max(len(line) for line in lines)
    wide = max(1, -(-SMALLEST // max(longest, 1)))
    picture = _paper(CURVE_HEIGHT, max(longest * wide, 1))
    for number, line in enumerate(lines):
        places = np.arange(len(line) * wide) / wide
        whole = np.clip(places.astype(int), 0, len(line) - 1)
        heights = np.where(np.isfinite(line[whole]), line[whole], np.nan)
        rows = (heights - low) / max(high - low, 1e-9) * (CURVE_HEIGHT - 1)
        for column in range(len(rows)):
            ends = rows[max(column - 1, 0)], rows[column]
            if np.isfinite(ends).all():
                bottom, top = (int(np.clip(end, 0, CURVE_HEIGHT - 1)) for end in sorted(ends))
                picture[CURVE_HEIGHT - 1 - top : CURVE_HEIGHT - bottom, column] = INKS[number % len(INKS)]
    return picture


def _paper(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), PAPER, dtype=np.uint8)
