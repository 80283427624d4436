"""What an adapter needs besides being a module: a strategy, and a say in what of it trains."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from torch import nn

from nemo.core.adapters.strategies.base import AbstractAdapterStrategy
from nemo.core.adapters.strategies.residual_add import ResidualAddAdapterStrategyConfig
from nemo.core.archive.targets import register_known_class
from nemo.core.classes.serialization import instantiate, plain_config


class AdapterModuleUtil:
    """Base of adapters: ``class MyAdapter(nn.Module, AdapterModuleUtil)`` calls :meth:`setup_adapter_strategy`."""

    adapter_strategy: AbstractAdapterStrategy

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_known_class(cls)  # an adapter that the program itself has loaded may be named by an archive

    def setup_adapter_strategy(self, adapter_strategy: Any = None) -> None:
        """Sets how the output of the adapter is combined with its input.

        Args:
            adapter_strategy: a strategy, or its section (dataclass, dict, DictConfig); None: the default.
        """
        if adapter_strategy is None:
            adapter_strategy = self.get_default_strategy_config()
        if isinstance(adapter_strategy, Mapping) or dataclasses.is_dataclass(adapter_strategy):
            adapter_strategy = instantiate(plain_config(adapter_strategy))
        self.adapter_strategy = adapter_strategy

    def get_default_strategy_config(self) -> Any:
        """The section of the strategy of adapters that are given none."""
        return ResidualAddAdapterStrategyConfig()

    def adapter_unfreeze(self) -> None:
        """Makes the adapter trainable; override to keep a part of it frozen."""
        if isinstance(self, nn.Module):
            self.requires_grad_(True)
