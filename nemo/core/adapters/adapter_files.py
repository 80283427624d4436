"""Files of adapters: the weights of each at all its places, in the order of the network, and their configs.

The original writes the config as an object of OmegaConf; we write plain containers, and read both. Such a file is
input from strangers: it is read without importing what it names, and it may have adapters and strategies built only.
"""

from __future__ import annotations

import contextlib
import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from nemo.core.adapters.names import GLOBAL_KEY, check_new_name, split_name
from nemo.core.adapters.strategies.base import AbstractAdapterStrategy
from nemo.core.archive.plain import load_plain
from nemo.core.archive.safe_yaml import config_from_tree
from nemo.core.archive.targets import TargetPolicy
from nemo.core.classes.model import Model
from nemo.core.connectors.config_contents import named_targets
from nemo.core.connectors.unfilled_weights import Unfilled
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeTargetError

CONFIG_KEY = "__cfg__"

States = list[dict[str, Tensor]]


@dataclass(frozen=True)
class AdapterFile:
    """What was read of a file, checked."""

    source: str
    states: dict[str, States]
    """Full name -> state dicts, of the adapters that were asked for."""
    sections: DictConfig
    """The `adapters` section of the model that the file came from."""
    policy: TargetPolicy
    """To be active while the adapters are built."""

    @contextlib.contextmanager
    def building(self, full_name: str, strict: bool) -> Iterator[None]:
        """The block builds one adapter, to be loaded next: as the policy allows, and without filling its weights.

        A section that asks for more weights than the file has does not take memory for them then.

        Raises:
            ArchiveError: it cannot be built.
        """
        from hydra.errors import InstantiationException

        try:
            with self.policy.active(), Unfilled() if strict else contextlib.nullcontext():
                yield
        except InstantiationException as error:
            raise ArchiveError(f"{self.source}: the adapter {full_name!r} cannot be built: {error}") from error

    def load_into(self, full_name: str, adapters: Sequence[nn.Module], strict: bool) -> None:
        """Loads the weights of one adapter at all its places.

        Raises:
            ArchiveError: they are of another network.
        """
        states = self.states[full_name]
        if len(adapters) != len(states):
            raise ArchiveError(
                f"{self.source}: the adapter {full_name!r} was at {len(states)} places of its model; this model has "
                f"{len(adapters)}. Adapters fit the network that they were trained with."
            )
        for index, (adapter, state) in enumerate(zip(adapters, states, strict=True)):
            try:
                adapter.load_state_dict(state, strict=strict)
            except RuntimeError as error:
                raise ArchiveError(
                    f"{self.source}: the adapter {full_name!r} does not fit place {index} of this model: {error}"
                ) from error


def write_adapters(path: str, states: Mapping[str, Sequence[Mapping[str, Tensor]]], sections: DictConfig) -> None:
    """Writes a file, whole or not at all; rank zero only."""
    from nemo.utils.get_rank import is_global_rank_zero

    if not is_global_rank_zero():
        return
    content: dict[str, Any] = {
        name: [OrderedDict((key, value.detach().cpu().clone()) for key, value in state.items()) for state in places]
        for name, places in states.items()
    }
    content[CONFIG_KEY] = OmegaConf.to_container(sections, resolve=True)
    target = Path(path).expanduser().resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as temporary, open(temporary, "wb") as file:
        torch.save(content, file)


def read_adapters(
    path: str, names: Sequence[str] | None, map_location: Any = None, trusted_targets: Sequence[str] = ()
) -> AdapterFile:
    """Reads and checks a file; builds nothing.

    Raises:
        FileNotFoundError, ArchiveError, UnsafeArchiveError, ConfigError: see `load_adapters` of models.
    """
    source = os.fspath(Path(path).expanduser())
    content = load_plain(source, map_location or "cpu")
    if not isinstance(content, dict) or not isinstance(content.get(CONFIG_KEY), dict):
        raise ArchiveError(
            f"{source}: not a file of adapters: it has no {CONFIG_KEY!r}. Expected one that save_adapters wrote."
        )
    sections = config_from_tree(content.pop(CONFIG_KEY), source)
    states = {name: _checked_states(source, name, value) for name, value in content.items()}
    missing = [name for name in states if not isinstance(sections.get(split_name(name)[1]), DictConfig)]
    if missing:
        raise ArchiveError(f"{source}: damaged: {CONFIG_KEY} has no section for the adapter {missing[0]!r}.")
    chosen = _chosen(source, states, names)
    wanted = OmegaConf.masked_copy(sections, [split_name(name)[1] for name in chosen])
    policy = TargetPolicy(trusted_targets)
    policy.check_config(wanted, source)
    for target in named_targets(wanted):
        _check_kind(policy.resolve(target, source), target, source)
    return AdapterFile(source, chosen, wanted, policy)


def _checked_states(source: str, name: Any, value: Any) -> States:
    """The weights of one adapter: a list of state dicts."""
    if not isinstance(name, str) or name == GLOBAL_KEY:
        raise ArchiveError(f"{source}: {name!r} is no name of an adapter.")
    check_new_name(split_name(name)[1])
    is_list = isinstance(value, list) and all(isinstance(state, dict) for state in value)
    if not is_list or not all(
        isinstance(key, str) and isinstance(weight, Tensor) for state in value for key, weight in state.items()
    ):
        raise ArchiveError(f"{source}: {name!r} holds a {type(value).__name__}; expected a list of tensors by name.")
    return value


def _chosen(source: str, states: dict[str, States], names: Sequence[str] | None) -> dict[str, States]:
    """The adapters that were asked for, by full name or without the part."""
    if names is None:
        return states
    chosen = {full: value for full, value in states.items() if {full, split_name(full)[1]} & set(names)}
    known = {*states, *(split_name(full)[1] for full in states)}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"{source} has no adapter {unknown[0]!r}; it has {', '.join(states)}.")
    return chosen


def _check_kind(found: Any, target: str, source: str) -> None:
    """Refuses classes that may be part of a model but not of an adapter, such as data sets and whole models."""
    allowed = isinstance(found, type) and issubclass(found, (nn.Module, AbstractAdapterStrategy))
    if not allowed or issubclass(found, Model):
        raise UnsafeTargetError(
            f"{source} names {target!r}: a file of adapters may name adapters and their strategies only. Nothing of "
            f"it was built."
        )
