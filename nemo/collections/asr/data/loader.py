"""The `train_ds`, `validation_ds` and `test_ds` sections of a speech model's config -> data loaders."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import MISSING, DictConfig, OmegaConf

from nemo.collections.asr.data.audio_to_text import (
    AudioToBPEDataset,
    AudioToCharDataset,
    TarredAudioToBPEDataset,
    TarredAudioToCharDataset,
)
from nemo.collections.asr.data.lhotse_audio_to_text import (
    LhotseAudioToText,
    LhotseSpeechToTextBpeDataset,
    build_lhotse_loader,
)
from nemo.collections.asr.data.sampling import DatasetsOfSection, plain
from nemo.collections.common.audio.perturb.augmentor import process_augmentations
from nemo.collections.common.data.lhotse.dataloader import LhotseDataLoadingConfig
from nemo.collections.common.data.parsers import make_parser
from nemo.collections.common.data.resumable_loader import ResumableDataLoader
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
    on_bad_audio: str = "raise"
    """What to do about a recording that cannot be read: raise, skip (leave it out of its batch) or replace."""
    skip_bad_lines: bool = False
    """Leave faulty lines of manifests out, with a warning that counts them."""
    is_tarred: bool = False
    """The recordings are packed in tar files."""
    tarred_audio_filepaths: Any | None = None
    """``audio__OP_0..511_CL_.tar``, or a list with one such pattern for each bucket or dataset."""
    tarred_shard_strategy: str = "scatter"
    """scatter: each tar file is of one process; replicate: all read all and share the members."""
    shard_manifests: bool = False
    """manifest_filepath is a pattern of one manifest for each tar file."""
    shuffle_n: int = 0
    """Members of tar files are mixed through a buffer of this size; 0 for four batches where shuffle is set."""
    bucketing_strategy: str = "synced_randomized"
    """Order of tarred buckets: fixed_order, synced_randomized or fully_randomized."""
    bucketing_batch_size: Any | None = None
    """Batch size of each bucket, short recordings first; one number is that of the last and grows towards the first."""
    bucketing_weights: list[int] | None = None
    """How many times each tarred bucket comes in an epoch."""
    num_buckets: int | None = None
    """Sort the recordings of a plain manifest into this many buckets of similar duration."""
    bucket_duration_bins: list[float] | None = None
    """Seconds at which one bucket ends and the next begins, instead of num_buckets."""
    bucket_max_padding: float | None = None
    """Largest part of a batch that may be padding; buckets are divided until it is kept."""
    batch_duration: float | None = None
    """Most seconds of a batch, padding included; batch_size, if it is given, is then the most recordings."""
    quadratic_duration: float | None = None
    """Seconds above which a recording counts for more than it is, as duration + duration ** 2 / quadratic_duration."""
    is_concat: bool = False
    """manifest_filepath is a list of datasets that are mixed."""
    concat_shuffle: bool = True
    concat_sampling_technique: str = "temperature"
    """temperature, round-robin or random."""
    concat_sampling_temperature: float = 5
    """1 keeps the sizes' proportions, larger values favour small datasets."""
    concat_sampling_scale: float = 1
    """Length of an epoch, as a multiple of all recordings."""
    concat_sampling_probabilities: list[float] | None = None
    """Of random, one for each dataset."""
    concat_sampling_seed: int | None = None
    is_code_switched: bool = False
    """manifest_filepath is a list of languages whose utterances are joined."""
    code_switched: dict[str, Any] | None = None
    """min_duration, max_duration, min_monolingual, probs, db_norm, pause_start, pause_join, pause_end ..."""
    use_lhotse: bool = False
    """Load through lhotse; see :mod:`nemo.collections.common.data.lhotse` for the keys."""
    use_dali: bool = False


_LHOTSE_KEYS = tuple(field.name for field in dataclasses.fields(LhotseDataLoadingConfig))
_NOT_YET = {"use_dali": "loading through DALI"}


def build_audio_to_text_loader(
    cfg: AudioToTextDatasetConfig | DictConfig | dict[str, Any],
    *,
    labels: Sequence[str] | None = None,
    tokenizer: TokenizerSpec | None = None,
    where: str = "model.train_ds",
    evaluation: bool = False,
    datasets: Mapping[bool, Callable[..., Any]] | None = None,
    lhotse_dataset: Callable[[Any, int], LhotseAudioToText] = LhotseSpeechToTextBpeDataset,
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
        datasets: the kinds of datasets, tarred or not, where they are not the usual ones of a tokenizer's pieces.
        lhotse_dataset: the kind of dataset with a tokenizer and `use_lhotse`.

    Raises:
        ConfigError: a key is missing or has a value that cannot be.
        NotYetSupportedError: the section asks for what this release does not have.
        ManifestError: a manifest cannot be read, or its limits leave nothing.
    """
    given: Any = cfg
    if isinstance(cfg, DictConfig | dict):  # interpolations are resolved while the section is still in its place
        given = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True) if isinstance(cfg, DictConfig) else cfg)
    also = _LHOTSE_KEYS if isinstance(given, DictConfig) and given.get("use_lhotse") else ()
    filled = with_defaults(AudioToTextDatasetConfig, given, where, also=also)
    _check(filled, where)
    if tokenizer is not None and isinstance(given, DictConfig) and "use_start_end_token" not in given:
        filled.use_start_end_token = True
    if filled.batch_duration is not None and isinstance(given, DictConfig) and "batch_size" not in given:
        filled.batch_size = None
    if filled.use_lhotse:
        return _through_lhotse(given, filled, _kind(filled, labels, tokenizer, where), lhotse_dataset)
    common = _common(filled) | _kind(filled, labels, tokenizer, where)
    kinds = datasets or (_TOKENIZED if tokenizer is not None else _OF_CHARACTERS)
    sets = DatasetsOfSection(filled, where, lambda tarred, **own: kinds[tarred](**own, **common))
    return sets.loader(
        evaluation=evaluation,
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
    no_manifest = OmegaConf.is_missing(cfg, "manifest_filepath") or not cfg.manifest_filepath
    if no_manifest and not cfg.use_lhotse:  # lhotse may have a manifest of its own
        raise ConfigError(f"{where}.manifest_filepath is not set. Expected the path of a manifest; set it.")
    for key in ("sample_rate", "batch_size"):
        if key == "batch_size" and cfg.batch_size is None and cfg.batch_duration is not None:
            continue
        if OmegaConf.is_missing(cfg, key) or not isinstance(cfg[key], int) or cfg[key] < 1:
            found = "not set" if OmegaConf.is_missing(cfg, key) else cfg[key]
            raise ConfigError(f"{where}.{key} is {found}. Expected a whole number above 0; set it.")
    low, high = cfg.min_duration, cfg.max_duration
    if low is not None and high is not None and low > high:
        raise ConfigError(f"{where}.min_duration is {low} and max_duration {high}. Expected min <= max; mend one.")


def _through_lhotse(
    given: Any, filled: DictConfig, kind: dict[str, Any], tokenized: Callable[[Any, int], LhotseAudioToText]
) -> ResumableDataLoader:
    tokenizer = kind.get("tokenizer")
    dataset: LhotseAudioToText
    if tokenizer is not None:
        dataset = tokenized(tokenizer, filled.sample_rate)
    else:
        parser = make_parser(
            kind["labels"],
            name=kind["parser"],
            unk_id=kind["unk_index"],
            blank_id=kind["blank_index"],
            do_normalize=kind["normalize"],
        )
        dataset = LhotseAudioToText(parser, filled.sample_rate, kind["pad_id"])
    ours = {field.name for field in dataclasses.fields(AudioToTextDatasetConfig)}
    return build_lhotse_loader(given, dataset, sorted(ours))


_TOKENIZED = {False: AudioToBPEDataset, True: TarredAudioToBPEDataset}
_OF_CHARACTERS = {False: AudioToCharDataset, True: TarredAudioToCharDataset}


def _common(cfg: DictConfig) -> dict[str, Any]:
    """What all kinds of datasets take."""
    return {
        "sample_rate": cfg.sample_rate,
        "int_values": bool(cfg.int_values),
        "augmentor": process_augmentations(cfg.augmentor),
        "max_duration": cfg.max_duration,
        "min_duration": cfg.min_duration,
        "max_utts": cfg.max_utts,
        "trim": cfg.trim_silence,
        "return_sample_id": cfg.return_sample_id,
        "channel_selector": plain(cfg.channel_selector),
        "raise_on_unknown_characters": cfg.raise_on_unknown_characters,
        "on_bad_audio": cfg.on_bad_audio,
        "skip_bad_lines": cfg.skip_bad_lines,
    }


def _kind(cfg: DictConfig, labels: Sequence[str] | None, tokenizer: TokenizerSpec | None, where: str) -> dict[str, Any]:
    """What datasets of characters, or of a tokenizer's pieces, take besides."""
    if tokenizer is not None:
        return {"tokenizer": tokenizer, "use_start_end_token": cfg.use_start_end_token}
    if not OmegaConf.is_missing(cfg, "labels") and cfg.labels is not None:
        labels = list(cfg.labels)
    if labels is None:
        raise ConfigError(f"{where}.labels is not set. Expected the model's characters; set it, or model.labels.")
    return {
        "labels": labels,
        "blank_index": cfg.blank_index,
        "unk_index": cfg.unk_index,
        "normalize": cfg.normalize_transcripts,
        "bos_id": cfg.bos_id,
        "eos_id": cfg.eos_id,
        "pad_id": cfg.pad_id,
        "parser": cfg.parser or "base",
    }
