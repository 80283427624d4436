"""A dataset section -> a loader of lhotse's cuts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.data.batch_plan import BatchPlan, EpochBatches
from nemo.collections.common.data.lhotse.nemo_adapters import LazyNeMoIterator, import_lhotse
from nemo.collections.common.data.resumable_loader import ResumableDataLoader
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError


@dataclass
class LhotseDataLoadingConfig:
    """A dataset section that is loaded through lhotse; keys are the original's."""

    manifest_filepath: Any | None = None
    """A manifest, several with commas between, or a list."""
    cuts_path: str | None = None
    """lhotse's own manifest of cuts, instead of manifest_filepath."""
    batch_size: int | None = None
    """Most recordings of a batch."""
    batch_duration: float | None = None
    """Most seconds of a batch."""
    quadratic_duration: float | None = None
    """Seconds above which a recording counts for more than it is."""
    use_bucketing: bool = False
    """Batches of recordings of similar duration."""
    num_buckets: int = 30
    num_cuts_for_bins_estimate: int = 10000
    """Recordings that are read to find the bounds of the buckets."""
    bucket_duration_bins: list[float] | None = None
    """Seconds at which one bucket ends and the next begins, instead of num_buckets."""
    bucket_buffer_size: int = 10000
    """Recordings that are held in the buckets."""
    shuffle: bool = False
    shuffle_buffer_size: int = 10000
    """Recordings that are held to be mixed, without buckets."""
    drop_last: bool = False
    seed: int = 0
    min_duration: float | None = None
    """Seconds; shorter recordings are left out."""
    max_duration: float | None = None
    """Seconds; longer recordings are left out."""
    sample_rate: int = 16000
    """Hz."""
    text_field: str = "text"
    lang_field: str = "lang"
    num_workers: int | None = 0
    pin_memory: bool = False


class CutBatches(BatchPlan):
    """Batches of cuts from a sampler of lhotse's, made anew for each epoch.

    How many there are is not known before an epoch is over. A resumed run samples the batches again that it has had;
    that reads headers, no audio.

    Args:
        cfg: the section, filled with defaults.
    """

    def __init__(self, cfg: DictConfig) -> None:
        self._cfg = cfg
        lhotse = import_lhotse()
        if (cfg.cuts_path is None) == (cfg.manifest_filepath is None):
            raise ConfigError("Expected either cuts_path or manifest_filepath for lhotse; set one of the two.")
        if cfg.batch_size is None and cfg.batch_duration is None:
            raise ConfigError("Loading through lhotse needs batch_duration (seconds) or batch_size; set one.")
        if cfg.cuts_path is not None:
            self._cuts = lhotse.CutSet.from_file(cfg.cuts_path)
        else:
            paths: Any = cfg.manifest_filepath
            if OmegaConf.is_config(paths):
                paths = OmegaConf.to_container(paths, resolve=True)
            self._cuts = lhotse.CutSet(LazyNeMoIterator(paths, cfg.text_field, cfg.lang_field))
        if cfg.min_duration is not None or cfg.max_duration is not None:
            self._cuts = self._cuts.filter(DurationBetween(cfg.min_duration, cfg.max_duration))
        self._bins: list[float] | None = None

    def count(self, world_size: int) -> int:
        """Not known.

        Raises:
            TypeError: always, as of everything that has no length.
        """
        raise TypeError("lhotse samples while it reads: the number of batches is not known before")

    def batches(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[Any]:
        """The batches of a process in an epoch, as sets of cuts."""
        sampler = self._sampler(seed, rank, world_size)
        sampler.set_epoch(epoch)
        return iter(sampler)

    def _sampler(self, seed: int, rank: int, world_size: int) -> Any:
        import_lhotse()
        from lhotse.dataset import sampling

        cfg = self._cfg
        options = {
            "max_duration": cfg.batch_duration,
            "max_cuts": cfg.batch_size,
            "quadratic_duration": cfg.quadratic_duration,
            "shuffle": cfg.shuffle,
            "drop_last": cfg.drop_last,
            "seed": seed,
            "rank": rank,
            "world_size": world_size,
        }
        if not cfg.use_bucketing:
            return sampling.DynamicCutSampler(self._cuts, shuffle_buffer_size=cfg.shuffle_buffer_size, **options)
        if self._bins is None and cfg.bucket_duration_bins is not None:
            self._bins = sorted(cfg.bucket_duration_bins)
        sampler = sampling.DynamicBucketingSampler(
            self._cuts,
            num_buckets=cfg.num_buckets,
            duration_bins=self._bins,
            num_cuts_for_bins_estimate=cfg.num_cuts_for_bins_estimate,
            buffer_size=cfg.bucket_buffer_size,
            **options,
        )
        self._bins = list(sampler.duration_bins)  # found once
        return sampler


class DurationBetween:
    """Whether a cut is of a duration between two limits; a class, so that workers can be given it.

    Args:
        shortest: seconds; None for no limit.
        longest: seconds; None for no limit.
    """

    def __init__(self, shortest: float | None, longest: float | None) -> None:
        self.shortest, self.longest = shortest, longest

    def __call__(self, cut: Any) -> bool:
        """Whether the cut is neither too short nor too long."""
        if self.shortest is not None and cut.duration < self.shortest:
            return False
        return self.longest is None or bool(cut.duration <= self.longest)


def get_lhotse_dataloader_from_config(
    config: Any,
    global_rank: int = 0,
    world_size: int = 1,
    dataset: Any = None,
    tokenizer: Any = None,
    also: Collection[str] = (),
) -> ResumableDataLoader:
    """Builds a loader of cuts that goes on where an interrupted run stopped.

    It has no length. Trainers that ask for one need `limit_train_batches` and `max_steps`.

    Args:
        config: the dataset section, as :class:`LhotseDataLoadingConfig`.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 1, torch.distributed is asked when an epoch begins.
        dataset: makes a batch of a set of cuts, by ``dataset[cuts]``.
        tokenizer: not used; datasets have their own.
        also: keys of the section that are somebody else's, and no surprise.

    Raises:
        ConfigError: a key is missing or has a value that cannot be.
        MissingDependencyError: lhotse is not installed.
    """
    cfg = with_defaults(LhotseDataLoadingConfig, config, "the lhotse section", also=also)
    sampler = EpochBatches(CutBatches(cfg), cfg.seed)
    if world_size > 1:
        sampler.shard(global_rank, world_size)
    return ResumableDataLoader(
        dataset,
        batch_size=None,
        sampler=sampler,
        generator=torch.Generator().manual_seed(cfg.seed),
        num_workers=cfg.num_workers or 0,
        collate_fn=as_it_is,
        pin_memory=cfg.pin_memory and torch.cuda.is_available(),
    )


def as_it_is(batch: Any) -> Any:
    """The batch that the dataset made."""
    return batch
