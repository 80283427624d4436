"""Buckets that were made before, such as sets of tar files for short and long recordings: one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from nemo.collections.common.data.batch_plan import BatchPlan
from nemo.collections.common.data.concat import ConcatKey
from nemo.utils.exceptions import ConfigError

STRATEGIES = ("fixed_order", "synced_randomized", "fully_randomized")


class BucketSequence(BatchPlan):
    """The batches of one bucket, then those of another.

    Args:
        plans: of the buckets; their keys become :class:`ConcatKey` with the number of the bucket.
        strategy: `fixed_order`: as given; `synced_randomized`: another order in each epoch, the same in all processes;
            `fully_randomized`: in each process its own.
        weights: how many times each bucket comes in an epoch; None for once.

    Raises:
        ConfigError: an unknown strategy, or weights that are no whole numbers or not one for each bucket.
    """

    def __init__(
        self, plans: Sequence[BatchPlan], strategy: str = "synced_randomized", weights: Sequence[int] | None = None
    ) -> None:
        if strategy not in STRATEGIES:
            raise ConfigError(f"bucketing_strategy is {strategy!r}. Expected one of {', '.join(STRATEGIES)}.")
        self._plans = list(plans)
        self._weights = [1] * len(self._plans) if weights is None else list(weights)
        if len(self._weights) != len(self._plans) or any(weight < 1 for weight in self._weights):
            raise ConfigError(
                f"bucketing_weights is {weights!r}. Expected {len(self._plans)} whole numbers above 0, one for each "
                "bucket."
            )
        self._strategy = strategy

    def count(self, world_size: int) -> int:
        """Batches of an epoch in each process."""
        counts = zip(self._plans, self._weights, strict=True)
        return sum(plan.count(world_size) * weight for plan, weight in counts)

    def batches(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[list[ConcatKey]]:
        """The batches of a process in an epoch."""
        # a bucket that comes twice is in another order the second time
        visits = [(n, epoch * weight + time) for n, weight in enumerate(self._weights) for time in range(weight)]
        if self._strategy != "fixed_order":
            whose = rank if self._strategy == "fully_randomized" else 0
            random.Random(f"{seed} {epoch} {whose}").shuffle(visits)
        for number, visit in visits:
            for batch in self._plans[number].batches(hash((seed, number)), visit, rank, world_size):
                yield [ConcatKey(number, key) for key in batch]
