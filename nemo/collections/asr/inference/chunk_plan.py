"""Where a long row of frames is cut into overlapping chunks, and which frames of each chunk are kept.

|------- chunk 0 -------|
                  |------- chunk 1 -------|
                                    |------- chunk 2 -------|
|---- kept of 0 ----|---- kept of 1 ----|--- kept of 2 -----|
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chunk:
    """Frames `start` to `stop` are computed, `kept_from` to `kept_to` of them are used."""

    start: int
    stop: int
    kept_from: int
    kept_to: int


def plan_chunks(frames: int, size: int, overlap: int, unit: int = 1, left_share: float = 0.5) -> list[Chunk]:
    """Chunks that cover all frames; what is kept of them joins without a gap.

    Args:
        frames: how many there are.
        size: frames of a chunk; rounded down to whole units.
        overlap: frames that two neighbours share, at least; rounded up to whole units.
        unit: chunks begin, and are cut, at multiples of it.
        left_share: where in an overlap the cut lies: this part of it, rounded up to a unit, belongs to the earlier
            chunk, and is what the later one sees before its first frame that is kept.

    Returns:
        Chunks in order, all of the same size (the last one ends with the frames, so its overlap may be larger). One
        chunk if `frames` are not more than `size`.

    Raises:
        ValueError: the chunks would not advance.
    """
    if frames <= size:
        return [Chunk(0, frames, 0, frames)]
    size, overlap = size // unit * unit, -(-overlap // unit) * unit
    if size <= overlap:
        raise ValueError(f"chunks of {size} frames cannot overlap by {overlap}; expected an overlap below the size.")
    last = -(-(frames - size) // unit) * unit
    starts = [*range(0, last, size - overlap), last]
    cuts = []
    for before, start in zip(starts[:-1], starts[1:], strict=True):
        units_shared = (before + size - start) // unit
        cuts.append(start + min(units_shared, -int(-units_shared * left_share // 1)) * unit)
    bounds = [0, *cuts, frames]
    return [
        Chunk(start, min(start + size, frames), kept_from, kept_to)
        for start, kept_from, kept_to in zip(starts, bounds[:-1], bounds[1:], strict=True)
    ]
