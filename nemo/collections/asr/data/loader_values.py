"""What a model's config and the sections of its loaders both say."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

logger = logging.getLogger(__name__)


def inject_dataloader_value_from_model_config(
    model_cfg: Mapping[str, Any] | DictConfig, dataloader_cfg: DictConfig, key: str
) -> None:
    """Gives a loader's section the model's value of a key that it does not have; its own value stays, with a warning.

    Args:
        model_cfg: the model's config.
        dataloader_cfg: the section; changed in place.
        key: such as ``labels``.
    """
    if key not in model_cfg:
        logger.info("the model's config has no %s; the section stays as it is", key)
        return
    wanted, own = _plain(model_cfg[key]), _plain(dataloader_cfg.get(key))
    if own is None:
        with open_dict(dataloader_cfg):
            dataloader_cfg[key] = wanted
    elif own != wanted:
        logger.warning(
            "the section's own %s differs from the model's and is used. Remove it from the section to use the model's.",
            key,
        )


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if isinstance(value, DictConfig | ListConfig) else value
