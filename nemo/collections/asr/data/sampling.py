"""How the recordings of a section become batches: plainly, from tar files, in buckets, or from several sets.

`make(tarred, manifest_filepath=..., [audio_tar_filepaths=..., ...])` builds one dataset; the section's keys say of
which manifests and tar files, and how batches are taken from them. Every way goes on exactly where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.audio.code_switched import CodeSwitchedDataset
from nemo.collections.common.audio.perturb.augmentor import process_augmentations
from nemo.collections.common.data.batch_plan import FixedBatches, make_planned_loader
from nemo.collections.common.data.bucket_sequence import BucketSequence
from nemo.collections.common.data.bucketing import LengthBuckets
from nemo.collections.common.data.concat import ConcatDataset, JoinedDatasets
from nemo.collections.common.data.resumable_loader import ResumableDataLoader, make_loader
from nemo.utils.exceptions import ConfigError

DEFAULT_BUCKETS = 10
_BUCKETING_KEYS = (
    "num_buckets",
    "bucket_duration_bins",
    "bucketing_batch_size",
    "batch_duration",
    "bucket_max_padding",
)
_CODE_SWITCHED_NAMES = {"probs": "lang_probs"}
"""Keys of a `code_switched` section whose argument has another name."""


class DatasetsOfSection:
    """The datasets of a section, and the loader over them.

    Args:
        cfg: the section, filled with defaults.
        where: its place in the config, for messages.
        make: builds one dataset; see the head of this file.
    """

    def __init__(self, cfg: DictConfig, where: str, make: Callable[..., Any]) -> None:
        self._cfg, self._where, self._make = cfg, where, make

    def loader(self, *, evaluation: bool, **options: Any) -> ResumableDataLoader:
        """Builds the loader.

        Args:
            evaluation: of several processes each takes whole batches, and no sample counts twice.
            **options: as of :class:`torch.utils.data.DataLoader`.

        Raises:
            ConfigError: keys that do not go together, or are missing.
        """
        cfg = self._cfg
        if cfg.is_concat or cfg.is_code_switched:
            mixed = self._concatenated() if cfg.is_concat else self._code_switched()
            return self._fixed(mixed, seed=cfg.concat_sampling_seed, **options)
        if cfg.is_tarred:
            parts = self._parts()
            if len(parts) > 1:
                return self._tarred_buckets(parts, **options)
            return self._fixed(self._dataset(*parts[0]), **options)
        dataset = self._dataset(plain(cfg.manifest_filepath), None)
        if any(cfg[key] is not None for key in _BUCKETING_KEYS):
            plan = self._length_buckets([entry.duration for entry in dataset.collection.entries])
            return make_planned_loader(dataset, plan, collate_fn=dataset.collate_fn, **options)
        return make_loader(
            dataset,
            shuffle=cfg.shuffle,
            evaluation=evaluation,
            batch_size=cfg.batch_size,
            collate_fn=dataset.collate_fn,
            drop_last=cfg.drop_last,
            **options,
        )

    def _dataset(self, manifest: Any, tars: Any) -> Any:
        """One dataset, from tar files if there are any."""
        if tars is None:
            return self._make(False, manifest_filepath=manifest)
        cfg = self._cfg
        return self._make(
            True,
            manifest_filepath=manifest,
            audio_tar_filepaths=tars,
            shuffle_n=(cfg.shuffle_n or 4 * (cfg.batch_size or 1)) if cfg.shuffle else 0,
            shard_strategy=cfg.tarred_shard_strategy,
            shard_manifests=cfg.shard_manifests,
        )

    def _parts(self) -> list[tuple[Any, Any]]:
        """Manifest and tar files of each bucket or dataset of the section."""
        manifests, tars = plain(self._cfg.manifest_filepath), plain(self._cfg.tarred_audio_filepaths)
        if not self._cfg.is_tarred:
            return [(manifest, None) for manifest in (manifests if isinstance(manifests, list) else [manifests])]
        if not tars:
            raise ConfigError(
                f"{self._where}.is_tarred is set, and tarred_audio_filepaths is not. Expected the tar files; set it."
            )
        if not isinstance(manifests, list) or len(manifests) == 1:
            return [(manifests, tars)]
        if not isinstance(tars, list) or len(tars) != len(manifests):
            found = len(tars) if isinstance(tars, list) else 1
            raise ConfigError(
                f"{self._where} has {len(manifests)} manifests and {found} tarred_audio_filepaths. Expected one entry "
                "of tar files for each manifest."
            )
        return list(zip(manifests, tars, strict=True))

    def _several(self, key: str) -> list[tuple[Any, Any]]:
        parts = self._parts()
        if len(parts) < 2:
            raise ConfigError(
                f"{self._where}.{key} is set, and manifest_filepath is one manifest. Expected a list of several; "
                f"give them, or set {key} to false."
            )
        return parts

    def _fixed(self, dataset: Any, **options: Any) -> ResumableDataLoader:
        plan = FixedBatches(dataset, self._cfg.batch_size, self._cfg.drop_last)
        return make_planned_loader(dataset, plan, collate_fn=dataset.collate_fn, **options)

    def _concatenated(self) -> ConcatDataset:
        cfg = self._cfg
        return ConcatDataset(
            [self._dataset(*part) for part in self._several("is_concat")],
            shuffle=cfg.concat_shuffle and cfg.shuffle,
            sampling_technique=cfg.concat_sampling_technique,
            sampling_temperature=cfg.concat_sampling_temperature,
            sampling_scale=cfg.concat_sampling_scale,
            sampling_probabilities=plain(cfg.concat_sampling_probabilities),
            seed=cfg.concat_sampling_seed,
        )

    def _code_switched(self) -> CodeSwitchedDataset:
        cfg = self._cfg
        if not cfg.code_switched:
            raise ConfigError(
                f"{self._where}.is_code_switched is set, and the section code_switched is missing. Expected its "
                "min_duration, max_duration and so on; an empty section is `code_switched: {min_duration: 4}`."
            )
        given = {_CODE_SWITCHED_NAMES.get(key, key): value for key, value in plain(cfg.code_switched).items()}
        datasets = [self._dataset(*part) for part in self._several("is_code_switched")]
        augmentor = process_augmentations(cfg.augmentor)
        for dataset in datasets:  # the joined audio is changed, not its parts
            dataset.featurizer.augmentor = None
        try:
            return CodeSwitchedDataset(
                datasets, shuffle=cfg.shuffle, sample_rate=cfg.sample_rate, augmentor=augmentor, **given
            )
        except TypeError as error:
            raise ConfigError(f"{self._where}.code_switched: {error}. Mend or leave out the key.") from error

    def _tarred_buckets(self, parts: list[tuple[Any, Any]], **options: Any) -> ResumableDataLoader:
        cfg = self._cfg
        buckets = [self._dataset(*part) for part in parts]
        sizes = self._bucket_sizes(len(buckets)) or [cfg.batch_size] * len(buckets)
        plans = [FixedBatches(bucket, size, cfg.drop_last) for bucket, size in zip(buckets, sizes, strict=True)]
        strategy = cfg.bucketing_strategy if cfg.shuffle else "fixed_order"
        plan = BucketSequence(plans, strategy, plain(cfg.bucketing_weights))
        joined = JoinedDatasets(buckets)
        return make_planned_loader(joined, plan, collate_fn=buckets[0].collate_fn, **options)

    def _length_buckets(self, durations: list[float]) -> LengthBuckets:
        cfg = self._cfg
        bounds, given = plain(cfg.bucket_duration_bins), plain(cfg.bucketing_batch_size)
        count = len(bounds) + 1 if bounds else cfg.num_buckets
        count = count or (len(given) if isinstance(given, list) else DEFAULT_BUCKETS)
        return LengthBuckets(
            durations,
            batch_size=self._bucket_sizes(count) or cfg.batch_size,
            max_total=cfg.batch_duration,
            num_buckets=count,
            bounds=bounds,
            max_padding=cfg.bucket_max_padding,
            quadratic=cfg.quadratic_duration,
            shuffle=cfg.shuffle,
            drop_last=cfg.drop_last,
        )

    def _bucket_sizes(self, buckets: int) -> list[int] | None:
        """Batch size of each bucket; None where bucketing_batch_size is not set."""
        given = plain(self._cfg.bucketing_batch_size)
        sizes = [given * (buckets - number) for number in range(buckets)] if isinstance(given, int) else given
        good = sizes is None or (
            isinstance(sizes, list)
            and len(sizes) == buckets
            and all(isinstance(size, int) and size > 0 for size in sizes)
        )
        if not good:
            raise ConfigError(
                f"{self._where}.bucketing_batch_size is {given!r}. Expected a whole number above 0, or {buckets} of "
                "them, one for each bucket."
            )
        return sizes


def plain(value: Any) -> Any:
    """A value of a config as Python's own lists and dicts."""
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
