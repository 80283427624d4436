"""The `train_ds`, `validation_ds` and `test_ds` sections of a classifier's config -> data loaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import MISSING, DictConfig, OmegaConf

from nemo.collections.asr.data.audio_to_label import (
    AudioToClassificationLabelDataset,
    AudioToMultiLabelDataset,
    TarredAudioToClassificationLabelDataset,
    TarredAudioToMultiLabelDataset,
)
from nemo.collections.asr.data.sampling import plain
from nemo.collections.common.audio.perturb.augmentor import process_augmentations
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer
from nemo.collections.common.data.batch_plan import FixedBatches, make_planned_loader
from nemo.collections.common.data.resumable_loader import ResumableDataLoader, make_loader
from nemo.core.classes.dataset import DatasetConfig
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError


@dataclass
class EncDecClassificationDatasetConfig(DatasetConfig):
    """A dataset section of a classifier's config; keys are the original's."""

    manifest_filepath: Any | None = None
    """A manifest, several with commas between, or a list."""
    sample_rate: int = MISSING
    """Hz."""
    labels: list[str] | None = None
    """Classes; the model's, where they are not given here."""
    trim_silence: bool = False
    """Cut silence from both ends of each recording."""
    max_duration: float | None = None
    """Seconds; longer recordings are left out."""
    min_duration: float | None = None
    """Seconds; shorter recordings are left out."""
    max_utts: int = 0
    """Use this many recordings at most; 0 for all."""
    delimiter: str | None = None
    """What stands between the labels of a recording's frames; null: white space."""
    normalize_audio_db: float | None = None
    """Loudness that every recording gets, in dB."""
    channel_selector: Any | None = None
    """Channel of recordings with several: its number, or "average"."""
    augmentor: dict[str, Any] | None = None
    """Perturbations of the audio, name -> options with `prob`."""
    is_regression_task: bool = False
    """Labels are numbers."""
    cal_labels_occurrence: bool = False
    """Accepted for old configs; labels are counted where a loss asks for it."""
    on_bad_audio: str = "raise"
    """What to do about a recording that cannot be read: raise, skip (leave it out of its batch) or replace."""
    skip_bad_lines: bool = False
    """Leave faulty lines of manifests out, with a warning that counts them."""
    is_tarred: bool = False
    """The recordings are packed in tar files."""
    tarred_audio_filepaths: Any | None = None
    """``audio__OP_0..511_CL_.tar``, or a list of tar files."""
    tarred_shard_strategy: str = "scatter"
    """scatter: each tar file is of one process; replicate: all read all and share the members."""
    shard_manifests: bool = False
    """manifest_filepath is a pattern of one manifest for each tar file."""
    shuffle_n: int = 0
    """Members of tar files are mixed through a buffer of this size; 0 for four batches where shuffle is set."""


_PLAIN = {False: AudioToClassificationLabelDataset, True: AudioToMultiLabelDataset}
_TARRED = {False: TarredAudioToClassificationLabelDataset, True: TarredAudioToMultiLabelDataset}


def build_audio_to_label_loader(
    cfg: EncDecClassificationDatasetConfig | DictConfig | dict[str, Any],
    *,
    labels: Sequence[str] | None = None,
    of_frames: bool = False,
    where: str = "model.train_ds",
    evaluation: bool = False,
) -> ResumableDataLoader:
    """Builds the loader of a dataset section.

    Batches are (audio [B, T], lengths [B], targets [B], ones [B]); with `of_frames`, targets are [B, S], and their
    lengths [B].

    Args:
        cfg: the section.
        labels: the model's classes, unless the section names its own; None for those of the manifest.
        of_frames: recordings have a label for each frame.
        where: the section's place in the config, for messages.
        evaluation: of several processes each takes whole batches, and no sample counts twice.

    Raises:
        ConfigError: a key is missing or has a value that cannot be.
        ManifestError: a manifest cannot be read, or its limits leave nothing.
    """
    given = OmegaConf.to_container(cfg, resolve=True) if isinstance(cfg, DictConfig) else cfg
    filled = with_defaults(EncDecClassificationDatasetConfig, given, where)
    for key in ("manifest_filepath", "sample_rate"):
        if OmegaConf.is_missing(filled, key) or not filled[key]:
            raise ConfigError(f"{where}.{key} is not set. Expected a value; set it.")
    if filled.batch_size < 1:
        raise ConfigError(f"{where}.batch_size is {filled.batch_size}. Expected a whole number above 0; set it.")
    common = _common(filled, labels)
    options: dict[str, Any] = {
        "num_workers": filled.num_workers or 0,
        # without a device PyTorch warns and pins nothing
        "pin_memory": filled.pin_memory and torch.cuda.is_available(),
    }
    if filled.is_tarred:
        return _tarred(filled, where, _TARRED[of_frames], common, options)
    dataset = _PLAIN[of_frames](**common)
    return make_loader(
        dataset,
        shuffle=filled.shuffle,
        evaluation=evaluation,
        batch_size=filled.batch_size,
        collate_fn=dataset.collate_fn,
        drop_last=filled.drop_last,
        **options,
    )


def _common(cfg: DictConfig, labels: Sequence[str] | None) -> dict[str, Any]:
    """What datasets of files and of tar files take."""
    return {
        "manifest_filepath": plain(cfg.manifest_filepath),
        "labels": list(cfg.labels) if cfg.labels is not None else labels,
        "featurizer": WaveformFeaturizer(cfg.sample_rate, augmentor=process_augmentations(cfg.augmentor)),
        "max_duration": cfg.max_duration,
        "min_duration": cfg.min_duration,
        "max_utts": cfg.max_utts,
        "trim": cfg.trim_silence,
        "delimiter": cfg.delimiter,
        "is_regression_task": cfg.is_regression_task,
        "channel_selector": plain(cfg.channel_selector),
        "normalize_db": cfg.normalize_audio_db,
        "on_bad_audio": cfg.on_bad_audio,
        "skip_bad_lines": cfg.skip_bad_lines,
    }


def _tarred(
    cfg: DictConfig,
    where: str,
    kind: type[TarredAudioToClassificationLabelDataset],
    common: dict[str, Any],
    options: dict[str, Any],
) -> ResumableDataLoader:
    if not cfg.tarred_audio_filepaths:
        raise ConfigError(
            f"{where}.is_tarred is set, and tarred_audio_filepaths is not. Expected the tar files; set it."
        )
    dataset = kind(
        plain(cfg.tarred_audio_filepaths),
        shuffle_n=(cfg.shuffle_n or 4 * cfg.batch_size) if cfg.shuffle else 0,
        shard_strategy=cfg.tarred_shard_strategy,
        shard_manifests=cfg.shard_manifests,
        **common,
    )
    plan = FixedBatches(dataset, cfg.batch_size, cfg.drop_last)
    return make_planned_loader(dataset, plan, collate_fn=dataset.collate_fn, **options)
