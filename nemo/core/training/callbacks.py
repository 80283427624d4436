"""Which callbacks a model brings along, from the sections of its config that say what happens while it trains."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig
from pytorch_lightning import LightningModule
from pytorch_lightning.callbacks import Callback

from nemo.core.config.schema import with_defaults
from nemo.core.training.activation_checkpointing import ActivationCheckpointing, ActivationCheckpointingConfig
from nemo.core.training.compilation import Compilation, CompilationConfig
from nemo.core.training.debug_info import DebugInfo, DebugInfoConfig
from nemo.core.training.freeze_updates import FreezeUpdates, FreezeUpdatesConfig
from nemo.core.training.non_finite import NonFiniteConfig, NonFiniteGuard
from nemo.core.training.profiling import (
    MemoryProfile,
    MemoryProfileConfig,
    NsysProfile,
    NsysProfileConfig,
    TorchProfile,
    TorchProfileConfig,
)
from nemo.core.training.unused_parameters import UnusedParameters, leaves_parameters_unused

SWITCHED: dict[str, tuple[type, type[Callback]]] = {
    "freeze_updates": (FreezeUpdatesConfig, FreezeUpdates),
    "activation_checkpointing": (ActivationCheckpointingConfig, ActivationCheckpointing),
    "compile": (CompilationConfig, Compilation),
    "nsys_profile": (NsysProfileConfig, NsysProfile),
    "memory_profile": (MemoryProfileConfig, MemoryProfile),
    "torch_profile": (TorchProfileConfig, TorchProfile),
    "dump_debug_info": (DebugInfoConfig, DebugInfo),
}
"""Section -> what describes it and what acts on it. Each has a key `enabled`; one that is not there costs nothing."""


def training_callbacks(model: LightningModule, cfg: DictConfig) -> list[Callback]:
    """The callbacks that `model` needs, and those that its config asks for.

    Raises:
        ConfigError: a section has an unknown key, or a value that cannot be.
    """
    callbacks: list[Callback] = [UnusedParameters()] if leaves_parameters_unused(model) else []
    for key, (schema, callback) in SWITCHED.items():
        given = cfg.get(key)
        if given is None:
            continue
        section = {"enabled": given} if isinstance(given, bool) else given  # `dump_debug_info: true`
        config = with_defaults(schema, section, where=f"model.{key}", strict=True)
        if config.enabled:
            callbacks.append(callback(config))  # type: ignore[call-arg]
    guarded = _non_finite_config(cfg)
    if guarded.action != "ignore":
        callbacks.append(NonFiniteGuard(guarded))  # last: the others act on gradients that it may remove
    return callbacks


def _non_finite_config(cfg: DictConfig) -> Any:
    """`non_finite`; and `skip_nan_grad`, the original's key of speech models, which leaves out such steps for ever."""
    given = cfg.get("non_finite")
    if cfg.get("skip_nan_grad"):
        given = {"max_consecutive": None, **(given or {}), "action": "skip"}
    return with_defaults(NonFiniteConfig, given, where="model.non_finite", strict=True)
