"""The sections of a punctuation config that name data -> data loaders."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from nemo.collections.common.data.batch_plan import make_planned_loader
from nemo.collections.common.data.resumable_loader import ResumableDataLoader
from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec
from nemo.collections.nlp.data.punctuation_capitalization import BertPunctuationCapitalizationDataset
from nemo.collections.nlp.data.punctuation_capitalization_tarred import BertPunctuationCapitalizationTarredDataset
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

PunctuationDataset = BertPunctuationCapitalizationDataset | BertPunctuationCapitalizationTarredDataset


@dataclass(frozen=True)
class LabelRules:
    """What all data sets of a model share."""

    pad_label: str
    ignore_extra_tokens: bool
    ignore_start_end: bool
    punct_label_ids: Mapping[str, int] | None
    """None: those of the data."""
    capit_label_ids: Mapping[str, int] | None


def build_punctuation_loader(
    section: DictConfig, tokenizer: TokenizerSpec, rules: LabelRules, where: str
) -> tuple[PunctuationDataset, ResumableDataLoader]:
    """The data set and the loader of a section, a filled PunctuationCapitalizationDataConfigBase.

    Raises:
        ConfigError: a key is missing or has a value that cannot be.
        TextFileError: a file cannot be read, or what it says cannot be.
        NotYetSupportedError: the section has audio.
    """
    if section.use_audio:
        raise NotYetSupportedError(
            f"{where}.use_audio is true, which needs PunctuationCapitalizationLexicalAudioModel. Expected false: this "
            "release punctuates by the words alone."
        )
    dataset: PunctuationDataset
    if section.use_tarred_dataset:
        dataset = _tarred(section, tokenizer, rules, where)
        plan: Any = dataset.batch_plan(section.drop_last)
    else:
        dataset = _plain(section, tokenizer, rules, where)
        plan = dataset.batch_plan(section.shuffle, section.drop_last)
    loader = make_planned_loader(
        dataset,
        plan,
        collate_fn=dataset.collate_fn,
        num_workers=section.num_workers or 0,
        # without a device PyTorch warns and pins nothing
        pin_memory=section.pin_memory and torch.cuda.is_available(),
        persistent_workers=bool(section.persistent_workers and section.num_workers),
    )
    return dataset, loader


def _plain(
    section: DictConfig, tokenizer: TokenizerSpec, rules: LabelRules, where: str
) -> BertPunctuationCapitalizationDataset:
    if not section.tokens_in_batch or section.tokens_in_batch < 1:
        raise ConfigError(
            f"{where}.tokens_in_batch is {section.tokens_in_batch}. Expected the pieces of a batch: 5000."
        )
    return BertPunctuationCapitalizationDataset(
        _path(section, "text_file", where),
        _path(section, "labels_file", where),
        section.max_seq_length,
        tokenizer,
        num_samples=section.num_samples,
        tokens_in_batch=section.tokens_in_batch,
        pad_label=rules.pad_label,
        punct_label_ids=rules.punct_label_ids,
        capit_label_ids=rules.capit_label_ids,
        ignore_extra_tokens=rules.ignore_extra_tokens,
        ignore_start_end=rules.ignore_start_end,
        label_info_save_dir=section.label_info_save_dir,
    )


def _tarred(
    section: DictConfig, tokenizer: TokenizerSpec, rules: LabelRules, where: str
) -> BertPunctuationCapitalizationTarredDataset:
    dataset = BertPunctuationCapitalizationTarredDataset(
        _path(section, "tar_metadata_file", where),
        tokenizer,
        pad_label=rules.pad_label,
        ignore_extra_tokens=rules.ignore_extra_tokens,
        ignore_start_end=rules.ignore_start_end,
        shuffle_n=max(section.tar_shuffle_n, 1) if section.shuffle else 0,
        shard_strategy=section.shard_strategy or "scatter",
    )
    if rules.punct_label_ids is not None and rules.capit_label_ids is not None:
        dataset.check_labels(rules.punct_label_ids, rules.capit_label_ids, f"{where}.tar_metadata_file")
    return dataset


def _path(section: DictConfig, key: str, where: str) -> Path:
    """A file of a section, in the folder `ds_item` if that is given."""
    if not section[key]:
        raise ConfigError(
            f"{where}.{key} is not set. Expected the name of a file in {where}.ds_item "
            f"({section.ds_item or 'not set either'}), or a whole path; set it."
        )
    return Path(os.path.expanduser(section.ds_item or ""), os.path.expanduser(section[key]))
