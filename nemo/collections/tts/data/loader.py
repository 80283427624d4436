"""The loaders of speech synthesis models: a section names the dataset's class and the arguments of both."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.data.batch_plan import make_planned_loader
from nemo.collections.common.data.bucketing import LengthBuckets
from nemo.collections.common.data.resumable_loader import ResumableDataLoader, make_loader
from nemo.collections.tts.data.sources import WeightedDataset, make_weighted_loader
from nemo.collections.tts.data.utterances import Utterance
from nemo.core.classes.serialization import instantiate, locate
from nemo.utils.exceptions import ConfigError

DEFAULT_BUCKETS = 10


def build_loader(
    section: Any,
    where: str,
    *,
    shuffle: bool,
    n_speakers: int | None = None,
    text_normalizer: Callable[[str], str] | None = None,
    **arguments: Any,
) -> ResumableDataLoader:
    """The loader of a `train_ds`, `validation_ds` or `test_ds` section; interrupted runs go on within an epoch.

    Args:
        section: `dataset`, with `_target_` and the arguments of the dataset, and `dataloader_params`. With
            `num_buckets` or `batch_duration` (seconds, padding included) samples of similar length are batched
            together: less padding, faster training.
        where: name of the section, for messages.
        shuffle: what the loader does unless the section says.
        n_speakers: voices of the model; those of the dataset are checked, if it can be.
        text_normalizer: that of the model; a dataset that takes one and is not given its own has it.
        arguments: what the model adds to those of the dataset.

    Raises:
        ConfigError: one of the two parts is missing, or the samples of a dataset with buckets have no lengths.
    """
    section = section if isinstance(section, DictConfig) else OmegaConf.create(dict(section))
    if section.get("dataset") is None or not section.dataset.get("_target_"):
        raise ConfigError(
            f"{where}.dataset is missing or has no _target_. Expected a dataset, such as "
            "{_target_: nemo.collections.tts.data.dataset.TTSDataset, manifest_filepath: ...}."
        )
    has_own = section.dataset.get("text_normalizer") is not None
    if text_normalizer is not None and not has_own and _takes_normalizer(section.dataset._target_):
        arguments["text_normalizer"] = text_normalizer
    dataset = instantiate(section.dataset, f"{where}.dataset", **arguments)
    if n_speakers is not None and n_speakers > 1 and hasattr(dataset, "check_speakers"):
        dataset.check_speakers(n_speakers)
    options = {"shuffle": shuffle, "collate_fn": dataset.collate_fn, **(section.get("dataloader_params") or {})}
    if section.get("num_buckets") is not None or section.get("batch_duration") is not None:
        return _bucketed(dataset, section, where, options)
    if isinstance(dataset, WeightedDataset) and dataset.weights is not None:
        return make_weighted_loader(dataset, **options)
    return make_loader(dataset, evaluation=not options["shuffle"], **options)


def _bucketed(dataset: Any, section: DictConfig, where: str, options: dict[str, Any]) -> ResumableDataLoader:
    """A loader of batches of similar length."""
    utterances = getattr(dataset, "data", None)
    if not utterances or not isinstance(utterances[0], Utterance):
        raise ConfigError(
            f"{where} has num_buckets or batch_duration, and a {type(dataset).__name__} does not know the lengths of "
            "its samples. Expected a TTSDataset; take another dataset, or leave out both keys."
        )
    plan = LengthBuckets(
        [utterance.length() for utterance in utterances],
        batch_size=options.pop("batch_size", None),
        max_total=section.get("batch_duration"),
        num_buckets=section.get("num_buckets") or DEFAULT_BUCKETS,
        shuffle=options.pop("shuffle"),
        drop_last=bool(options.pop("drop_last", False)),
    )
    return make_planned_loader(dataset, plan, **options)


def _takes_normalizer(target: str) -> bool:
    try:
        return "text_normalizer" in inspect.signature(locate(target)).parameters
    except (ImportError, AttributeError, TypeError, ValueError):  # building it says more about what is wrong
        return False
