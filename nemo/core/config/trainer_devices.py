"""`trainer.gpus` of the first releases, in the words of today's Lightning: `accelerator` and `devices`."""

from __future__ import annotations

import logging
from typing import Any

from omegaconf import DictConfig, ListConfig, open_dict

from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

STRATEGIES = ("ddp", "ddp_spawn", "ddp_find_unused_parameters_false")
"""What the first releases wrote as `accelerator` and Lightning now calls `strategy`."""


def devices_for_gpus(gpus: Any) -> tuple[str, Any]:
    """`accelerator` and `devices` that mean the same as `gpus`.

    Args:
        gpus: number of GPUs (0 or None for the CPU, -1 for all), a list of their indices, or either as a string.

    Raises:
        ConfigError: it is something else.
    """
    if isinstance(gpus, list | tuple | ListConfig):
        return ("gpu", [int(index) for index in gpus]) if len(gpus) else ("cpu", 1)
    if isinstance(gpus, str) and "," in gpus:
        return "gpu", [int(index) for index in gpus.split(",") if index.strip()]
    if gpus is None:
        return "cpu", 1
    try:
        count = int(gpus)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"trainer.gpus is {gpus!r}; expected a number of GPUs or a list of their indices. "
            "Better set trainer.accelerator and trainer.devices."
        ) from error
    if count == -1:
        return "gpu", "auto"
    return ("gpu", count) if count > 0 else ("cpu", 1)


def translate_gpus(config: DictConfig) -> None:
    """Replaces `trainer.gpus` in `config`, if it is there, by `accelerator` and `devices`; warns once.

    When the config sets `devices` as well, that wins.
    """
    trainer = config.get("trainer")
    if not isinstance(trainer, DictConfig) or "gpus" not in trainer:
        return
    with open_dict(trainer):
        gpus = trainer.pop("gpus")
        if trainer.get("accelerator") in STRATEGIES:
            trainer.strategy = trainer.pop("accelerator")
        if trainer.get("devices") is not None:
            logger.warning("trainer.gpus=%s is ignored, because trainer.devices=%s is set", gpus, trainer.devices)
            return
        trainer.accelerator, trainer.devices = devices_for_gpus(gpus)
    warn_of_translation(gpus, trainer.accelerator, trainer.devices)


def warn_of_translation(gpus: Any, accelerator: str, devices: Any) -> None:
    """Says what `trainer.gpus` was read as."""
    logger.warning(
        "trainer.gpus=%s is read as trainer.accelerator=%s trainer.devices=%s; Lightning 2 has no `gpus` any more",
        gpus,
        accelerator,
        devices,
    )
