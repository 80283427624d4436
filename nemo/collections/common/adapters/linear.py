"""The linear bottleneck adapter (Houlsby et al., 2019; with the norm first: Bapna and Firat, 2019)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from omegaconf import MISSING
from torch import Tensor, nn

from nemo.collections.common.adapters.adapter_module import AdapterModuleUtil
from nemo.collections.common.modules.activations import make_activation
from nemo.core.adapters.strategies.residual_add import ResidualAddAdapterStrategyConfig
from nemo.utils.exceptions import ConfigError


@dataclass
class LinearAdapterConfig:
    """Section of an adapter; `in_features` is filled in by encoders that know it."""

    in_features: int = MISSING
    dim: int = MISSING
    activation: str = "swish"
    norm_position: str = "pre"
    dropout: float = 0.0
    adapter_strategy: Any = field(default_factory=ResidualAddAdapterStrategyConfig)
    _target_: str = "nemo.collections.common.parts.adapter_modules.LinearAdapter"


class LinearAdapter(nn.Module, AdapterModuleUtil):
    """Two linear layers with a narrow middle; its last layer starts at zero, so a new adapter changes nothing.

    The layers are in `module`, a name fixed by archives: norm, linear, activation, linear for ``pre``, and for ``post``
    linear, activation, linear, norm.

    Args:
        in_features: D, of input and output.
        dim: width of the middle.
        activation: a key of :data:`~nemo.collections.common.modules.activations.ACTIVATIONS`.
        norm_position: ``pre`` or ``post``: where the layer norm is.
        dropout: probability, of the output.
        adapter_strategy: a strategy or its section; None: input plus output.

    Raises:
        ConfigError: a value that is not possible.
    """

    def __init__(
        self,
        in_features: int,
        dim: int,
        activation: str = "swish",
        norm_position: str = "pre",
        dropout: float = 0.0,
        adapter_strategy: Any = None,
    ) -> None:
        super().__init__()
        if norm_position not in ("pre", "post"):
            raise ConfigError(f"norm_position of an adapter is {norm_position!r}; expected pre or post.")
        down = nn.Linear(in_features, dim, bias=False)
        up = nn.Linear(dim, in_features, bias=False)
        bottleneck = [down, make_activation(activation, "activation of an adapter"), up]
        norm = nn.LayerNorm(in_features)
        self.norm_position = norm_position
        self.module = nn.Sequential(*([norm, *bottleneck] if norm_position == "pre" else [*bottleneck, norm]))
        self.dropout = nn.Dropout(dropout) if dropout > 0.0 else None
        self.setup_adapter_strategy(adapter_strategy)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Sets the last layer to zero."""
        last = cast(Any, self.module[-1])
        nn.init.zeros_(last.weight)
        if last.bias is not None:
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D], what a strategy adds to the input."""
        x = self.module(x)
        return x if self.dropout is None else self.dropout(x)
