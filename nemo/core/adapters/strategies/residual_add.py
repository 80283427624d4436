"""Input plus output of the adapter, with what keeps the adapter from doing too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from nemo.core.adapters.strategies.base import AbstractAdapterStrategy
from nemo.utils.exceptions import ConfigError

LOSS_NAME = "adapter_loss"
"""Name under which a part of the network registers the L2 loss of its adapters."""


@dataclass
class ResidualAddAdapterStrategyConfig:
    """Keys of an ``adapter_strategy`` section."""

    stochastic_depth: float = 0.0
    l2_lambda: float = 0.0
    _target_: str = "nemo.core.classes.mixins.adapter_mixin_strategies.ResidualAddAdapterStrategy"


class ResidualAddAdapterStrategy(AbstractAdapterStrategy):
    """Gives `input + adapter(input)`.

    Args:
        stochastic_depth: probability of leaving the adapter out of a training step; what remains is scaled by
            `1 / (1 - stochastic_depth)`, so that the expectation stays (Huang et al., 2016).
        l2_lambda: weight of an auxiliary loss, the squared distance of output and input: summed over an example,
            averaged over the batch. The part of the network registers it as the accessible tensor `adapter_loss`.

    Raises:
        ConfigError: a number out of its range.
    """

    def __init__(self, stochastic_depth: float = 0.0, l2_lambda: float = 0.0) -> None:
        if not 0.0 <= stochastic_depth <= 1.0:
            raise ConfigError(f"adapter_strategy.stochastic_depth is {stochastic_depth}; expected between 0 and 1.")
        if l2_lambda < 0.0:
            raise ConfigError(f"adapter_strategy.l2_lambda is {l2_lambda}; expected 0 or above.")
        self.stochastic_depth = stochastic_depth
        self.l2_lambda = l2_lambda

    def forward(self, input: Tensor, adapter: nn.Module, *, module: nn.Module) -> Any:
        """The sum; in training with stochastic depth and the auxiliary loss."""
        output = self.compute_output(input, adapter, module=module)
        if module.training and self.stochastic_depth > 0.0:
            output = self.apply_stochastic_depth(output, input, adapter, module=module)
        result = input + output
        self.compute_auxiliary_losses(result, input, adapter, module=module)
        return result

    def apply_stochastic_depth(self, output: Tensor, input: Tensor, adapter: nn.Module, *, module: nn.Module) -> Tensor:
        """The adapter's output or, with the probability `stochastic_depth`, zeros for the whole batch."""
        keep = 1.0 - self.stochastic_depth
        drawn = output.new_empty([1] * output.ndim).bernoulli_(keep)
        return output * (drawn / keep if keep > 0.0 else drawn)

    def compute_auxiliary_losses(self, output: Tensor, input: Tensor, adapter: nn.Module, *, module: nn.Module) -> None:
        """Registers the loss that draws output and input together, when the adapter is being trained."""
        if self.l2_lambda == 0.0 or not module.training:
            return
        if not any(parameter.requires_grad for parameter in adapter.parameters()):
            return
        register: Any = getattr(module, "register_accessible_tensor", None)
        if register is None:
            raise ConfigError(
                f"adapter_strategy.l2_lambda is {self.l2_lambda}, but {type(module).__name__} has no way to hand "
                f"a loss to the model. Set l2_lambda to 0, or derive that module from AccessMixin."
            )
        distance = (output - input).square().flatten(start_dim=1).sum(dim=1).mean()
        register(name=LOSS_NAME, tensor=self.l2_lambda * distance)
