"""What makes a part of a network take adapters."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from nemo.core.adapters.adapter_stack import AdapterStack, strategy_of
from nemo.core.adapters.names import GLOBAL_KEY, METADATA_KEY, check_new_name, split_name
from nemo.core.adapters.unfreezing import unfreeze_enabled
from nemo.core.classes.serialization import instantiate, locate, plain_config
from nemo.utils.exceptions import ConfigError


class AdapterModuleMixin:
    """Gives an `nn.Module` adapters; the stack under `adapter_layer`, made with the first adapter, holds them.

    A module that applies adapters itself calls ``x = self.forward_enabled_adapters(x)`` in its `forward`. One whose
    inner modules do so overrides :meth:`adapter_places`, and has no more to do.

        class Block(nn.Module, AdapterModuleMixin):
            def forward(self, x):
                return self.forward_enabled_adapters(self.network(x))
    """

    adapter_global_cfg_key = GLOBAL_KEY
    adapter_metadata_cfg_key = METADATA_KEY
    adapter_layer: AdapterStack
    _accepted_adapter_types: frozenset[type] = frozenset()

    def adapter_places(self) -> Iterable[AdapterModuleMixin]:
        """The modules that apply the adapters: this one, or some inside it. Each has adapters of its own weights."""
        return (self,)

    @property
    def adapter_input_size(self) -> int | None:
        """Features of what the adapters get here, for `in_features` of their configs; None: the configs say."""
        return None

    def add_adapter(self, name: str, cfg: Any) -> None:
        """Builds an adapter and puts it last.

        Args:
            name: NAME, or PART:NAME as the model's method takes it.
            cfg: section of the adapter, with `_target_`; `enabled` (true) says whether it is applied.

        Raises:
            ConfigError: the name is taken or reserved, or this module does not accept such adapters.
        """
        _, name = split_name(name)
        check_new_name(name)
        section = plain_config(cfg)
        OmegaConf.set_struct(section, False)
        section.setdefault("enabled", True)
        self.check_supported_adapter_type_(section)
        for place in self.adapter_places():
            place._add_adapter_here(name, section)

    def _add_adapter_here(self, name: str, section: DictConfig) -> None:
        arguments = section.copy()
        del arguments["enabled"]
        size = self.adapter_input_size
        if size is not None and "in_features" in inspect.signature(adapter_class(section)).parameters:
            arguments.in_features = size
        adapter = instantiate(arguments)
        neighbour = next(self.parameters(), None)  # type: ignore[attr-defined]  # this is a Module
        if neighbour is not None:
            adapter.to(device=neighbour.device, dtype=neighbour.dtype)
        stack = self.adapter_layer if self._has_stack() else AdapterStack()
        arguments.enabled = section.enabled
        stack.add(name, adapter, arguments)
        self.adapter_layer = stack

    def _has_stack(self) -> bool:
        return "adapter_layer" in self._modules  # type: ignore[attr-defined]  # of nn.Module

    def _remove_adapter(self, name: str) -> None:
        """Takes an adapter away where it is; for undoing a step that failed."""
        for place in self.adapter_places():
            if place._has_stack() and name in place.adapter_layer:
                del place.adapter_layer[name]
                if not place.adapter_layer:
                    del place.adapter_layer

    @property
    def adapter_cfg(self) -> DictConfig:
        """What the adapters were built from: name -> section with `enabled`; empty without adapters."""
        place = next((place for place in self.adapter_places() if place._has_stack()), None)
        return OmegaConf.create({}) if place is None else place.adapter_layer.config

    @adapter_cfg.setter
    def adapter_cfg(self, cfg: DictConfig) -> None:
        for place in self.adapter_places():
            if place._has_stack():
                place.adapter_layer.config = cfg

    @property
    def adapter_name(self) -> str | None:
        """Name of the adapter that was added last; None without adapters."""
        return next((name for place in self.adapter_places() for name in reversed(place._names())), None)

    def _names(self) -> list[str]:
        return list(self.adapter_layer) if self._has_stack() else []

    def is_adapter_available(self) -> bool:
        """Whether there is an adapter that is enabled."""
        return bool(self.get_enabled_adapters())

    def set_enabled_adapters(self, name: str | None = None, enabled: bool = True) -> None:
        """Switches adapters on or off.

        Args:
            name: of one adapter; None: of all.
            enabled: whether it is applied.

        Raises:
            ConfigError: there are no adapters, or none of this name.
        """
        known = {each for place in self.adapter_places() for each in place._names()}
        names = chosen_names(name, known, type(self).__name__)
        for place in self.adapter_places():
            if place._has_stack():
                place.adapter_layer.set_enabled(names, enabled)

    def get_enabled_adapters(self) -> list[str]:
        """Names of the adapters that are applied, in order."""
        stacks = [place.adapter_layer for place in self.adapter_places() if place._has_stack()]
        return list(dict.fromkeys(name for stack in stacks for name, _ in stack.enabled()))

    def get_adapter_module(self, name: str) -> nn.Module | None:
        """The adapter of this name, at the first place that has it; None if there is none."""
        _, name = split_name(name)
        stacks = (place.adapter_layer for place in self.adapter_places() if place._has_stack())
        return next((stack[name] for stack in stacks if name in stack), None)

    def set_accepted_adapter_types(self, adapter_types: Sequence[str | type]) -> None:
        """Sets which classes of adapters, given themselves or by path, this module takes; an empty list: any."""
        self._accepted_adapter_types = frozenset(
            locate(kind) if isinstance(kind, str) else kind for kind in adapter_types
        )

    def get_accepted_adapter_types(self) -> set[type]:
        """The classes of adapters that this module takes; empty: any."""
        return set(self._accepted_adapter_types)

    def check_supported_adapter_type_(self, adapter_cfg: DictConfig) -> None:
        """Refuses the section of an adapter whose class is not accepted here, before it is built.

        Raises:
            ConfigError: it names no class, or one that is not accepted.
        """
        accepted = self.get_accepted_adapter_types()
        if not issubclass(adapter_class(adapter_cfg), tuple(accepted) or nn.Module):
            raise ConfigError(
                f"{type(self).__name__} does not take adapters of {adapter_cfg._target_}; it accepts "
                f"{', '.join(sorted(kind.__name__ for kind in accepted))}. Use one of these, or name others with "
                f"set_accepted_adapter_types."
            )

    def unfreeze_enabled_adapters(self, freeze_batchnorm: bool = True) -> None:
        """Makes the weights of the enabled adapters trainable; freeze all others first: ``module.freeze()``.

        Args:
            freeze_batchnorm: also keep the statistics of all batch norms outside of them, so that without its adapters
                the network gives what it gave before. `train()` does not undo it, `unfreeze()` does.
        """
        unfreeze_enabled(self, freeze_batchnorm)  # type: ignore[arg-type]  # this is a Module

    def forward_enabled_adapters(self, input: Any) -> Any:
        """Applies the enabled adapters one after another; without any, gives `input` itself.

        Args:
            input: what their strategies take, usually [B, T, D].
        """
        if not self._has_stack():
            return input
        for name, adapter in self.adapter_layer.enabled():
            strategy = strategy_of(name, adapter)
            input = self.forward_single_enabled_adapter_(input, adapter, adapter_name=name, adapter_strategy=strategy)
        return input

    def forward_single_enabled_adapter_(
        self, input: Any, adapter_module: nn.Module, *, adapter_name: str, adapter_strategy: Any
    ) -> Any:
        """Applies one adapter; override to give adapters more than their input."""
        return adapter_strategy(input, adapter_module, module=self)

    def resolve_adapter_module_name_(self, name: str) -> tuple[str, str]:
        """The part of the model and the adapter that a name means: ("encoder", "domain") of "encoder:domain"."""
        return split_name(name)


def adapter_class(section: DictConfig) -> type[nn.Module]:
    """The class that the section of an adapter names.

    Raises:
        ConfigError: it names none, or one that is no module.
    """
    path = section.get("_target_")
    if not path:
        raise ConfigError(f"the adapter's section has no _target_; expected the path of its class. It is {section}.")
    try:
        found = locate(path)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"the adapter's _target_ {path!r} cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise ConfigError(f"the adapter's _target_ is {path!r}; expected the path of a class of torch.nn.Module.")
    return found


def chosen_names(name: str | None, known: Iterable[str], where: str) -> set[str]:
    """The adapters that an argument `name` means: one, or all of them.

    Raises:
        ConfigError: there are none, or none of this name.
    """
    known = list(known)
    if not known:
        raise ConfigError(f"{where} has no adapters to enable or disable. Add one first with add_adapter(name, cfg).")
    if name is None:
        return set(known)
    _, adapter = split_name(name)
    if adapter not in known:
        raise ConfigError(f"{where} has no adapter {adapter!r}; it has {', '.join(sorted(known))}.")
    return {adapter}
