"""The `train_ds`, `validation_ds` and `test_ds` sections of punctuation and capitalization; keys are the original's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf

LEGACY_KEY = "batch_size"
"""Sections of releases before 1.6 count sentences; later ones count tokens."""


@dataclass
class PunctuationCapitalizationDataConfigBase:
    """What all sections have."""

    use_tarred_dataset: bool = False
    """The data is in tar files of batches; else in a text file and a labels file."""
    label_info_save_dir: str | None = None
    """Folder for the labels' numbers and frequencies; null: they are not written."""
    ds_item: Any = None
    """Folder of the files; of evaluation sets also a list of folders."""
    text_file: str | None = None
    labels_file: str | None = None
    tokens_in_batch: int | None = 15000
    """Most pieces of a batch, padding included."""
    max_seq_length: int = 512
    """Most pieces of a sentence, [CLS] and [SEP] included; what comes after is cut off."""
    num_samples: int = -1
    """Use only so many sentences; -1 for all."""
    use_cache: bool = True
    """Accepted for old configs, without effect: cutting words is fast enough."""
    cache_dir: str | None = None
    get_label_frequences: bool = False
    """Accepted for old configs; labels are always counted."""
    verbose: bool = True
    n_jobs: int | None = 0
    """Accepted for old configs, without effect."""
    number_of_batches_is_multiple_of: int = 1
    """Accepted for old configs: processes get equal numbers of batches in any case."""
    batch_shuffling_random_seed: int = 42
    """Accepted for old configs: the order depends on the seed of the run."""
    batch_mark_up_progress_queue: Any = None
    tar_metadata_file: str | None = None
    """JSON file that was written with the tar files."""
    tar_shuffle_n: int = 1
    """Batches of tar files are mixed through a buffer of this size."""
    shard_strategy: str | None = "scatter"
    """scatter: each tar file is of one process; replicate: all read all and share the batches."""
    shuffle: bool = False
    """Another order in each epoch."""
    drop_last: bool = False
    pin_memory: bool = True
    num_workers: int | None = 0
    persistent_workers: bool = False
    use_audio: bool = False
    """Needs recordings and a speech encoder, which this release does not have here."""
    audio_file: Any = None
    sample_rate: int | None = 16000
    use_bucketing: bool | None = True
    batch_size: int | None = 32
    """Of sections with audio."""
    preload_audios: bool | None = True


@dataclass
class PunctuationCapitalizationTrainDataConfig(PunctuationCapitalizationDataConfigBase):
    """`train_ds` section."""

    shuffle: bool = True


@dataclass
class PunctuationCapitalizationEvalDataConfig(PunctuationCapitalizationDataConfigBase):
    """`validation_ds` or `test_ds` section."""


def is_legacy_data_config(ds_section: Mapping[str, Any] | DictConfig) -> bool:
    """Whether a section is of a release before 1.6, with `batch_size` sentences a batch and without tokens_in_batch."""
    return LEGACY_KEY in ds_section and "tokens_in_batch" not in ds_section and not ds_section.get("use_audio")


def legacy_data_config_to_new_data_config(
    ds_section: Mapping[str, Any] | DictConfig, legacy_dataset_section: Mapping[str, Any] | DictConfig, train: bool
) -> DictConfig:
    """A section of a release before 1.6 in the form of later ones.

    Args:
        ds_section: `train_ds`, `validation_ds` or `test_ds`.
        legacy_dataset_section: the `dataset` section beside it, with data_dir, max_seq_length and loader options.
        train: it is `train_ds`.
    """
    max_seq_length = int(legacy_dataset_section.get("max_seq_length") or 512)
    kind = PunctuationCapitalizationTrainDataConfig if train else PunctuationCapitalizationEvalDataConfig
    made = kind(
        ds_item=ds_section.get("ds_item") or legacy_dataset_section.get("data_dir"),
        text_file=ds_section.get("text_file"),
        labels_file=ds_section.get("labels_file"),
        max_seq_length=max_seq_length,
        # as many pieces as that many sentences could have
        tokens_in_batch=int(ds_section.get(LEGACY_KEY) or 32) * max_seq_length,
        num_samples=int(ds_section.get("num_samples", -1)),
        shuffle=bool(ds_section.get("shuffle", train)),
        drop_last=bool(legacy_dataset_section.get("drop_last", False)),
        pin_memory=bool(legacy_dataset_section.get("pin_memory", True)),
        num_workers=int(legacy_dataset_section.get("num_workers") or 0),
    )
    return OmegaConf.structured(made)
