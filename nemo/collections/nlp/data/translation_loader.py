"""The `train_ds`, `validation_ds` and `test_ds` sections of a translation model -> data loaders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from omegaconf import DictConfig, ListConfig, OmegaConf

from nemo.collections.common.data.batch_plan import FixedBatches, make_planned_loader
from nemo.collections.common.data.concat import ConcatDataset
from nemo.collections.common.data.resumable_loader import ResumableDataLoader, make_loader
from nemo.collections.nlp.data.parallel_text import TextSide
from nemo.collections.nlp.data.tarred_translation import TarMetadata, TarredTranslationDataset
from nemo.collections.nlp.data.translation import TranslationDataset
from nemo.collections.nlp.data.translation_data_config import TranslationDataConfig
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError

DATA_KEYS = ("name", "ds_item", "language_pair")
"""Keys that evaluation sections have besides their own."""


@dataclass
class LanguagePair:
    """What a data set of one pair of languages needs to know of its model."""

    source: TextSide
    target: TextSide
    vocab_sizes: tuple[int, int] | None = field(default=None)
    """Of both sides, to check prepared batches."""


def build_translation_loader(
    cfg: DictConfig | dict[str, Any],
    pairs: Sequence[LanguagePair],
    where: str = "model.train_ds",
    evaluation: bool = False,
) -> ResumableDataLoader:
    """Builds the loader of a section; it goes on where an interrupted run stopped.

    Args:
        cfg: a :class:`~nemo.collections.nlp.data.translation_data_config.TranslationDataConfig`.
        pairs: one for each source of the section.
        where: the section's place, for messages.
        evaluation: no batch counts twice, however many processes there are.

    Raises:
        ConfigError: a key is missing or has a value that cannot be.
        TextFileError: a file of texts cannot be used.
    """
    section = with_defaults(TranslationDataConfig, cfg, where, also=DATA_KEYS)
    if section.tokens_in_batch < 1:
        raise ConfigError(f"{where}.tokens_in_batch is {section.tokens_in_batch}. Expected a whole number above 0.")
    datasets = _datasets(section, pairs, where)
    options: dict[str, Any] = {
        "num_workers": section.num_workers,
        "pin_memory": section.pin_memory and torch.cuda.is_available(),
        "collate_fn": datasets[0].collate_fn,
    }
    if len(datasets) == 1 and isinstance(datasets[0], TranslationDataset):
        return make_loader(
            datasets[0], shuffle=section.shuffle, evaluation=evaluation, batch_size=1, seed=section.seed, **options
        )
    mixed = datasets[0]
    if len(datasets) > 1:
        mixed = ConcatDataset(
            datasets,
            shuffle=section.shuffle,
            sampling_technique=section.concat_sampling_technique,
            sampling_temperature=section.concat_sampling_temperature,
            sampling_probabilities=section.concat_sampling_probabilities,
            seed=section.seed,
        )
    return make_planned_loader(mixed, FixedBatches(mixed, 1), seed=section.seed, **options)


def _datasets(section: DictConfig, pairs: Sequence[LanguagePair], where: str) -> list[Any]:
    if section.use_tarred_dataset:
        tars = _tar_files(section, where)
        return [
            TarredTranslationDataset(
                files,
                vocab_sizes=pair.vocab_sizes,
                shuffle_n=section.tar_shuffle_n if section.shuffle else 0,
                shard_strategy=section.shard_strategy,
                reverse_lang_direction=section.reverse_lang_direction,
                prefix=pair.source.prefix,
                seed=section.seed,
            )
            for files, pair in zip(tars, _as_many(pairs, len(tars), where), strict=True)
        ]
    sources, targets = _listed(section.src_file_name), _listed(section.tgt_file_name)
    if not sources or not targets or len(sources) != len(targets):
        raise ConfigError(
            f"{where}.src_file_name has {len(sources)} files and tgt_file_name {len(targets)}. Expected as many of "
            "both, at least one; set them, or use_tarred_dataset and tar_files."
        )
    files = zip(sources, targets, _as_many(pairs, len(sources), where), strict=True)
    return [_text_dataset(section, *each) for each in files]


def _text_dataset(section: DictConfig, source: str, target: str, pair: LanguagePair) -> TranslationDataset:
    if section.reverse_lang_direction:
        source, target = target, source
    sides = pair.source, pair.target
    if not section.prepare:
        sides = replace(pair.source, processor=None), replace(pair.target, processor=None)
    return TranslationDataset(
        source,
        target,
        *sides,
        tokens_in_batch=section.tokens_in_batch,
        clean=section.clean,
        max_seq_length=section.max_seq_length,
        min_seq_length=section.min_seq_length,
        max_seq_length_diff=section.max_seq_length_diff,
        max_seq_length_ratio=section.max_seq_length_ratio,
        num_samples=section.num_samples,
        cache_ids=section.cache_ids,
        use_cache=section.use_cache,
    )


def _tar_files(section: DictConfig, where: str) -> list[Any]:
    """The tar files of each source: those that are named, or those of the metadata."""
    if section.tar_files is not None:
        named = section.tar_files
        return OmegaConf.to_container(named) if isinstance(named, ListConfig) else [named]  # type: ignore[return-value]
    metadata = _listed(section.metadata_file)
    if not metadata:
        raise ConfigError(
            f"{where}.use_tarred_dataset is set, and neither tar_files nor metadata_file. Expected what "
            "create_tarred_parallel_dataset.py wrote; set one of the two."
        )
    return [TarMetadata.read(path).tar_files for path in metadata]


def _as_many(pairs: Sequence[LanguagePair], sources: int, where: str) -> Sequence[LanguagePair]:
    if len(pairs) == sources:
        return pairs
    if len(pairs) == 1:  # several files of the same languages
        return [pairs[0]] * sources
    raise ConfigError(
        f"{where} names {sources} sources, and the model has {len(pairs)} pairs of languages (src_language, "
        "tgt_language). Expected one source for each pair."
    )


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]
