"""The adapter's output alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from nemo.core.adapters.strategies.base import AbstractAdapterStrategy


@dataclass
class ReturnResultAdapterStrategyConfig:
    """Keys of an ``adapter_strategy`` section."""

    _target_: str = "nemo.core.classes.mixins.adapter_mixin_strategies.ReturnResultAdapterStrategy"


class ReturnResultAdapterStrategy(AbstractAdapterStrategy):
    """Goes on with what the adapter gives, without its input."""

    def forward(self, input: Any, adapter: nn.Module, *, module: nn.Module) -> Any:
        """The adapter's output."""
        return self.compute_output(input, adapter, module=module)
