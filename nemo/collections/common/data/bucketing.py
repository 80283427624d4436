"""Batches of samples of similar length: less padding, and as many samples as fit into a number of seconds or tokens.

Samples are sorted into buckets by length. In each epoch every bucket is mixed and cut into batches, and the batches of
all buckets are mixed. A bucket has one batch size, from its longest sample, so every epoch has the same number of
batches, which schedules and progress bars need to know.
"""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nemo.collections.common.data.batch_plan import BatchPlan
from nemo.collections.common.data.keyed_dataset import generator_of
from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

_SEED_RANGE = 2**62


@dataclass(frozen=True)
class Bucket:
    """Samples of similar length."""

    members: torch.Tensor
    """[n] numbers of the samples, shortest first."""
    shortest: float
    longest: float
    batch_size: int


class LengthBuckets(BatchPlan):
    """Batches from buckets of similar length; see the head of this file.

    Args:
        lengths: of each sample, in seconds, tokens or whatever else; all above 0.
        batch_size: most samples of a batch; or one number for each bucket, shortest samples first.
        max_total: most seconds (or tokens) of a batch, padding included. A sample that is longer is a batch of its own.
        num_buckets: how many buckets; each holds about the same sum of lengths.
        bounds: lengths at which one bucket ends and the next begins, instead of `num_buckets`.
        max_padding: largest part of a batch that may be padding, 0 to 1; buckets are divided until it is kept.
        quadratic: length above which a sample counts for more than it is, as length + length ** 2 / quadratic; for
            attention, whose cost grows with the square.
        shuffle: mix; otherwise batches come from short to long.
        drop_last: leave out what does not fill a batch of its bucket.

    Raises:
        ConfigError: neither `batch_size` nor `max_total`, or numbers that cannot be.
    """

    def __init__(
        self,
        lengths: Sequence[float] | np.ndarray,
        *,
        batch_size: int | Sequence[int] | None = None,
        max_total: float | None = None,
        num_buckets: int = 10,
        bounds: Sequence[float] | None = None,
        max_padding: float | None = None,
        quadratic: float | None = None,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        self._lengths = np.asarray(lengths, dtype=np.float64)
        self._batch_size, self._max_total, self._quadratic = batch_size, max_total, quadratic
        self._shuffle, self._drop_last = shuffle, drop_last
        _check(self._lengths, batch_size, max_total, num_buckets, max_padding)
        order = np.argsort(self._lengths, kind="stable")
        parts = self._divided(order, num_buckets, bounds)
        if isinstance(batch_size, Sequence) and len(batch_size) != len(parts):
            raise ConfigError(
                f"There are {len(batch_size)} batch sizes for {len(parts)} buckets. Give one for each bucket, or one "
                "number for all."
            )
        if max_padding is not None:
            numbered = [
                (piece, number) for number, part in enumerate(parts) for piece in self._narrowed(part, max_padding)
            ]
        else:
            numbered = [(part, number) for number, part in enumerate(parts)]
        self.buckets = [
            Bucket(torch.from_numpy(part), self._lengths[part[0]], self._lengths[part[-1]], self._size_of(part, number))
            for part, number in numbered
            if part.size
        ]

    def _divided(self, order: np.ndarray, num_buckets: int, bounds: Sequence[float] | None) -> list[np.ndarray]:
        """Samples, sorted by length, cut into buckets; some may be empty."""
        lengths = self._lengths[order]
        if bounds is not None:
            cuts = np.searchsorted(lengths, np.sort(np.asarray(bounds, dtype=np.float64)), side="right")
        else:
            filled = np.cumsum(lengths) / lengths.sum() * num_buckets
            cuts = np.searchsorted(filled, np.arange(1, num_buckets) + 1e-9, side="left")
        return np.split(order, cuts)

    def _size_of(self, part: np.ndarray, number: int) -> int:
        given: Any = self._batch_size[number] if isinstance(self._batch_size, Sequence) else self._batch_size
        if self._max_total is None:
            return given
        return self._fitting(part) if given is None else min(self._fitting(part), given)

    def _fitting(self, part: np.ndarray) -> int:
        """How many samples of a bucket fit into `max_total`; at least one."""
        assert self._max_total is not None
        longest = float(self._lengths[part[-1]])
        if longest > self._max_total:
            logger.warning("a sample of length %g is longer than a batch may be (%g)", longest, self._max_total)
        cost = longest if self._quadratic is None else longest + longest**2 / self._quadratic
        return max(1, math.floor(self._max_total / cost + 1e-9))

    def _narrowed(self, part: np.ndarray, max_padding: float) -> list[np.ndarray]:
        """A bucket in pieces whose shortest sample is long enough beside the longest."""
        pieces = []
        lengths = self._lengths[part]
        end = len(part)
        while end:
            start = bisect_left(lengths, lengths[end - 1] * (1 - max_padding), 0, end)
            pieces.append(part[start:end])
            end = start
        return pieces[::-1] or [part]

    def count(self, world_size: int) -> int:
        """Batches of an epoch in each process."""
        sizes = [[0] * size for size in self._sizes()]
        return len(sizes if self._drop_last else _halved(sizes, world_size)) // world_size

    def batches(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[list[SeededIndex]]:
        """The batches of a process in an epoch; those of all processes at one step are of similar length."""
        generator = generator_of(seed, epoch)
        seeds = torch.randint(_SEED_RANGE, (len(self._lengths),), generator=generator)
        cut = self._cut(generator)
        if self._drop_last:
            kept = torch.randperm(len(cut), generator=generator)[: len(cut) // world_size * world_size]
            cut = [cut[number] for number in kept.sort().values.tolist()]
        else:
            cut = _halved(cut, world_size)
        steps = len(cut) // world_size
        order = torch.randperm(steps, generator=generator).tolist() if self._shuffle else range(steps)
        for step in order:
            batch = cut[step * world_size + rank]
            yield [SeededIndex(index, own_seed) for index, own_seed in zip(batch, seeds[batch].tolist(), strict=True)]

    def _cut(self, generator: torch.Generator) -> list[list[int]]:
        """The batches of all processes, bucket after bucket."""
        batches = []
        for bucket in self.buckets:
            members = bucket.members
            if self._shuffle:
                members = members[torch.randperm(len(members), generator=generator)]
            if self._drop_last:
                members = members[: len(members) // bucket.batch_size * bucket.batch_size]
            batches += [part.tolist() for part in members.split(bucket.batch_size) if len(part)]
        return batches

    def _sizes(self) -> list[int]:
        """Sizes of all batches, in the order of the buckets."""
        sizes = []
        for bucket in self.buckets:
            full, rest = divmod(len(bucket.members), bucket.batch_size)
            sizes += [bucket.batch_size] * full
            if rest and not self._drop_last:
                sizes.append(rest)
        return sizes


def _halved(batches: list[list[int]], world_size: int) -> list[list[int]]:
    """As many batches as the processes can share evenly: the largest are halved until they can.

    Where all are of one sample, some come twice, less than one for each process.
    """
    batches = list(batches)
    while len(batches) % world_size:
        place = max(range(len(batches)), key=lambda number: len(batches[number]))
        batch = batches[place]
        if len(batch) == 1:
            batches.append(batch)
        else:
            batches[place : place + 1] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    return batches


def _check(
    lengths: np.ndarray,
    batch_size: int | Sequence[int] | None,
    max_total: float | None,
    num_buckets: int,
    max_padding: float | None,
) -> None:
    sizes = list(batch_size) if isinstance(batch_size, Sequence) else [] if batch_size is None else [batch_size]
    if not sizes and max_total is None:
        raise ConfigError("Buckets need a batch size, or the seconds (or tokens) of a batch. Set one of the two.")
    if any(not isinstance(size, int) or size < 1 for size in sizes):
        raise ConfigError(f"The batch size of buckets is {batch_size!r}. Expected whole numbers above 0.")
    if max_total is not None and not max_total > 0:
        raise ConfigError(f"The total length of a batch is {max_total!r}. Expected a number above 0.")
    if num_buckets < 1:
        raise ConfigError(f"num_buckets is {num_buckets}. Expected 1 or more.")
    if max_padding is not None and not 0 <= max_padding < 1:
        raise ConfigError(f"The largest part of padding is {max_padding!r}. Expected a number from 0 up to 1.")
    if not len(lengths) or not np.isfinite(lengths).all() or lengths.min() <= 0:
        raise ConfigError("The lengths of samples must be numbers above 0, and there must be at least one sample.")
