"""The loaders of speech synthesis models: a section names the dataset's class and the arguments of both."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch.utils.data import DataLoader

from nemo.core.classes.serialization import instantiate
from nemo.utils.exceptions import ConfigError


def build_loader(section: Any, where: str, *, shuffle: bool, **arguments: Any) -> DataLoader[Any]:
    """The loader of a `train_ds`, `validation_ds` or `test_ds` section.

    Args:
        section: `dataset`, with `_target_` and the arguments of the dataset, and `dataloader_params`.
        where: name of the section, for messages.
        shuffle: what the loader does unless the section says.
        arguments: what the model adds to those of the dataset.

    Raises:
        ConfigError: one of the two parts is missing.
    """
    section = section if isinstance(section, DictConfig) else OmegaConf.create(dict(section))
    if section.get("dataset") is None or not section.dataset.get("_target_"):
        raise ConfigError(
            f"{where}.dataset is missing or has no _target_. Expected a dataset, such as "
            "{_target_: nemo.collections.tts.data.dataset.TTSDataset, manifest_filepath: ...}."
        )
    dataset = instantiate(section.dataset, f"{where}.dataset", **arguments)
    options = {"shuffle": shuffle, **(section.get("dataloader_params") or {})}
    return DataLoader(dataset, collate_fn=dataset.collate_fn, **options)
