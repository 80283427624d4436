"""The adapters at one place of a network."""

from __future__ import annotations

from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf
from torch import nn

from nemo.core.adapters.names import check_new_name
from nemo.core.adapters.strategies.base import AbstractAdapterStrategy
from nemo.utils.exceptions import ConfigError


class AdapterStack(nn.ModuleDict):
    """Adapters by name, applied in the order in which they were added, each to what the one before it gave.

    A module has its stack under `adapter_layer`, a name fixed by archives. `config` says for each name what the adapter
    was built from, and under `enabled` whether it is applied; it may be the model's whole `adapters` section.
    """

    def __init__(self) -> None:
        super().__init__()
        self.config: DictConfig = OmegaConf.create({})

    def add(self, name: str, adapter: nn.Module, config: DictConfig) -> None:
        """Puts an adapter last.

        Args:
            name: its name.
            adapter: the module.
            config: its section, with `enabled`.

        Raises:
            ConfigError: the name is taken or cannot be one.
        """
        check_new_name(name)
        if name in self:
            raise ConfigError(f"there is an adapter {name!r} already; the names are {', '.join(self)}. Choose another.")
        if hasattr(self, name):
            raise ConfigError(f"{name!r} is a word of PyTorch's modules. Give the adapter another name.")
        self[name] = adapter
        merged = self.config.copy()
        OmegaConf.set_struct(merged, False)
        merged[name] = config
        self.config = merged

    def enabled(self) -> Iterator[tuple[str, nn.Module]]:
        """Names and modules of the adapters that are applied, in order."""
        return ((name, adapter) for name, adapter in self.items() if self.config[name].enabled)

    def set_enabled(self, names: set[str], enabled: bool) -> None:
        """Switches the adapters of these names on or off; their order stays."""
        changed = self.config.copy()
        for name in names & set(self):
            changed[name].enabled = enabled
        self.config = changed


def strategy_of(name: str, adapter: nn.Module) -> AbstractAdapterStrategy:
    """How an adapter's output is combined with its input.

    Raises:
        ConfigError: the adapter does not say.
    """
    strategy: AbstractAdapterStrategy | None = getattr(adapter, "adapter_strategy", None)
    if strategy is None:
        raise ConfigError(
            f"the adapter {name!r} ({type(adapter).__name__}) has no adapter_strategy. Set one in its constructor, "
            f"for example self.adapter_strategy = ResidualAddAdapterStrategy()."
        )
    return strategy
