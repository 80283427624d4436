"""The `train_ds`, `validation_ds` and `test_ds` sections of models on texts: keys of all of them, and their loader."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.data.resumable_loader import ResumableDataLoader, make_loader
from nemo.core.classes.dataset import Dataset, DatasetConfig
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


@dataclass
class TextSectionConfig(DatasetConfig):
    """A section that names one file of texts."""

    file_path: Any = None
    """The file; null: there is no such data."""
    num_samples: int = -1
    """Use only so many lines from the start; -1: all."""
    pin_memory: bool = False


def filled_section(cfg: Any, where: str, schema: type = TextSectionConfig, path_key: str = "file_path") -> Any:
    """A section with defaults, checked; None, with a note in the log, if it names no file.

    Args:
        cfg: DictConfig, dict or dataclass.
        where: its place in the config, for messages.
        schema: the dataclass that describes it.
        path_key: the key that names the data.

    Raises:
        ConfigError: a value cannot be of its key's type, or the batch size is below 1.
    """
    given = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True)) if isinstance(cfg, DictConfig) else cfg
    section = with_defaults(schema, given, where)
    if not section.get(path_key):
        logger.info("%s.%s is not set: there is no such data", where, path_key)
        return None
    if not isinstance(section.batch_size, int) or section.batch_size < 1:
        raise ConfigError(f"{where}.batch_size is {section.batch_size}. Expected a whole number above 0; set it.")
    return section


def build_loader(dataset: Dataset, section: Any, *, evaluation: bool) -> ResumableDataLoader:
    """The loader of a data set with the keys of its section.

    Args:
        dataset: samples by number, with a `collate_fn`.
        section: what :func:`filled_section` gave.
        evaluation: of several processes each takes whole batches, and no sample counts twice.
    """
    return make_loader(
        dataset,
        shuffle=section.shuffle,
        evaluation=evaluation,
        batch_size=section.batch_size,
        drop_last=section.drop_last,
        num_workers=section.num_workers or 0,
        pin_memory=section.pin_memory and torch.cuda.is_available(),  # without a device PyTorch warns and pins nothing
        collate_fn=dataset.collate_fn,
    )
