"""The `train_ds`, `validation_ds` and `test_ds` sections of a speech model's config -> data loaders."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import MISSING, DictConfig, OmegaConf

from nemo.collections.asr.data.audio_to_text import AudioToBPEDataset, AudioToCharDataset
from nemo.collections.common.audio.perturb.augmentor import process_augmentations
from nemo.collections.common.data.resumable_loader import ResumableDataLoader, make_loader
from nemo.core.classes.dataset import DatasetConfig
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

if TYPE_CHECKING:
    from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec

logger = logging.getLogger(__name__)


@dataclass
class AudioToTextDatasetConfig(DatasetConfig):
    """A dataset section of a speech recognition config; keys are the original's."""

    manifest_filepath: Any | None = None
    """A manifest, several with commas between, or a list."""
    sample_rate: int = MISSING
    """Hz."""
    labels: list[str] = MISSING
    """Characters of a character model; its own, where they are not given here."""
    trim_silence: bool = False
    """Cut silence from both ends of each recording."""
    max_duration: float | None = None
    """Seconds; longer recordings are left out."""
    min_duration: float | None = None
    """Seconds; shorter recordings are left out."""
    max_utts: int = 0
    """Use this many recordings at most; 0 for all."""
    blank_index: int = -1
    unk_index: int = -1
    """Label of characters that are none; -1 leaves them out."""
    normalize: bool = False
    """Not used, as in the original; normalize_transcripts is."""
    normalize_transcripts: bool = False
    """Clean and lower-case texts before they become characters."""
    raise_on_unknown_characters: bool = False
    """Make text that the model's labels or tokenizer do not cover an error instead of a warning."""
    trim: bool = True
    """Not used, as in the original; trim_silence is."""
    parser: str | None = "en"
    """How texts are cleaned: en or base."""
    eos_id: int | None = None
    bos_id: int | None = None
    pad_id: int = 0
    use_start_end_token: bool = False
    """Put the tokenizer's start and end pieces around each text; true for a tokenizer where the key is not given."""
    return_sample_id: bool = False
    """Batches end with the numbers of their samples."""
    channel_selector: Any | None = None
    """Channel of recordings with several: its number, or "average"."""
    int_values: bool | None = None
    """Read whole numbers from files; samples are between -1 and 1 either way."""
    augmentor: dict[str, Any] | None = None
    """Perturbations of the audio, name -> options with `prob`."""
    is_tarred: bool = False
    tarred_audio_filepaths: Any | None = None
    tarred_shard_strategy: str = "scatter"
    shard_manifests: bool = False
    shuffle_n: int = 0
    bucketing_strategy: str = "synced_randomized"
    bucketing_batch_size: Any | None = None
    bucketing_weights: list[int] | None = None
    is_concat: bool = False
    use_lhotse: bool = False
    use_dali: bool = False


_NOT_YET = {
    "is_tarred": "datasets packed in tar files",
    "is_concat": "sampling from several datasets by temperature",
    "code_switched": "code-switched mixtures",
    "use_lhotse": "loading through lhotse",
    "use_dali": "loading through DALI",
    "bucketing_batch_size": "buckets of similar length",
    "bucketing_weights": "buckets of similar length",
}


def build_audio_to_text_loader(
    cfg: AudioToTextDatasetConfig | DictConfig | dict[str, Any],
    *,
    labels: Sequence[str] | None = None,
    tokenizer: TokenizerSpec | None = None,
    where: str = "model.train_ds",
    evaluation: bool = False,
) -> ResumableDataLoader:
    """Builds the loader of a dataset section.

    Batches are (audio [B, T], lengths [B], tokens [B, U], numbers of tokens [B][, sample numbers [B]]). Their order
    and augmentation depend only on the seed and the epoch; see :mod:`nemo.collections.common.data.resumable_loader`.

    Args:
        cfg: the section.
        labels: the model's characters, unless the section names its own; not needed with a tokenizer.
        tokenizer: makes the texts' ids; None for characters.
        where: the section's place in the config, for messages.
        evaluation: of several processes each takes whole batches, and no sample counts twice.

    Raises:
        ConfigError: a key is missing or has a value that cannot be.
        NotYetSupportedError: the section asks for what this release does not have.
        ManifestError: a manifest cannot be read, or its limits leave nothing.
    """
    given: Any = cfg
    if isinstance(cfg, DictConfig | dict):  # interpolations are resolved while the section is still in its place
        given = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True) if isinstance(cfg, DictConfig) else cfg)
    filled = with_defaults(AudioToTextDatasetConfig, given, where)
    _check(filled, where)
    if tokenizer is not None:
        if isinstance(given, DictConfig) and "use_start_end_token" not in given:
            filled.use_start_end_token = True
        dataset: AudioToBPEDataset | AudioToCharDataset = _tokenized(filled, tokenizer)
    else:
        dataset = _of_characters(filled, labels, where)
    return make_loader(
        dataset,
        shuffle=filled.shuffle,
        evaluation=evaluation,
        batch_size=filled.batch_size,
        collate_fn=dataset.collate_fn,
        drop_last=filled.drop_last,
        num_workers=filled.num_workers or 0,
        # without a device PyTorch warns and pins nothing
        pin_memory=filled.pin_memory and torch.cuda.is_available(),
    )


def _check(cfg: DictConfig, where: str) -> None:
    for key, feature in _NOT_YET.items():
        if cfg.get(key):
            raise NotYetSupportedError(
                f"{where}.{key} is {cfg[key]}: {feature} are not in this release. Leave {key} out and list the "
                "recordings in a plain manifest."
            )
    if OmegaConf.is_missing(cfg, "manifest_filepath") or not cfg.manifest_filepath:
        raise ConfigError(f"{where}.manifest_filepath is not set. Expected the path of a manifest; set it.")
    for key in ("sample_rate", "batch_size"):
        if OmegaConf.is_missing(cfg, key) or not isinstance(cfg[key], int) or cfg[key] < 1:
            found = "not set" if OmegaConf.is_missing(cfg, key) else cfg[key]
            raise ConfigError(f"{where}.{key} is {found}. Expected a whole number above 0; set it.")
    low, high = cfg.min_duration, cfg.max_duration
    if low is not None and high is not None and low > high:
        raise ConfigError(f"{where}.min_duration is {low} and max_duration {high}. Expected min <= max; mend one.")


def _common(cfg: DictConfig) -> dict[str, Any]:
    """What both kinds of datasets take."""
    return {
        "manifest_filepath": _plain(cfg.manifest_filepath),
        "sample_rate": cfg.sample_rate,
        "int_values": bool(cfg.int_values),
        "augmentor": process_augmentations(cfg.augmentor),
        "max_duration": cfg.max_duration,
        "min_duration": cfg.min_duration,
        "max_utts": cfg.max_utts,
        "trim": cfg.trim_silence,
        "return_sample_id": cfg.return_sample_id,
        "channel_selector": _plain(cfg.channel_selector),
        "raise_on_unknown_characters": cfg.raise_on_unknown_characters,
    }


def _tokenized(cfg: DictConfig, tokenizer: TokenizerSpec) -> AudioToBPEDataset:
    return AudioToBPEDataset(tokenizer=tokenizer, use_start_end_token=cfg.use_start_end_token, **_common(cfg))


def _of_characters(cfg: DictConfig, labels: Sequence[str] | None, where: str) -> AudioToCharDataset:
    if not OmegaConf.is_missing(cfg, "labels") and cfg.labels is not None:
        labels = list(cfg.labels)
    if labels is None:
        raise ConfigError(f"{where}.labels is not set. Expected the model's characters; set it, or model.labels.")
    return AudioToCharDataset(
        labels=labels,
        blank_index=cfg.blank_index,
        unk_index=cfg.unk_index,
        normalize=cfg.normalize_transcripts,
        bos_id=cfg.bos_id,
        eos_id=cfg.eos_id,
        pad_id=cfg.pad_id,
        parser=cfg.parser or "base",
        **_common(cfg),
    )


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
