"""How a vector, such as a speaker's, conditions a network: added, concatenated, or by scaling layer norms."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nemo.utils.exceptions import ConfigError

CONDITION_TYPES = ("add", "concat", "layernorm")


def check_condition_types(condition_types: Sequence[str]) -> None:
    """Raises ConfigError for a kind that is not one of :data:`CONDITION_TYPES`."""
    unknown = [kind for kind in condition_types if kind not in CONDITION_TYPES]
    if unknown:
        raise ConfigError(f"condition_types has {unknown}. Expected some of {', '.join(CONDITION_TYPES)}.")


class ConditionalInput(nn.Module):
    """Adds a condition to the input of a network, or concatenates it and projects back, or both, or neither.

    Args:
        hidden_dim: H, of the input.
        condition_dim: C, of the condition.
        condition_types: some of add, concat and layernorm (which is none of this module's business).
    """

    def __init__(self, hidden_dim: int, condition_dim: int, condition_types: Sequence[str] = ()) -> None:
        super().__init__()
        check_condition_types(condition_types)
        self.adds, self.concatenates = "add" in condition_types, "concat" in condition_types
        if self.adds and condition_dim != hidden_dim:
            self.add_proj = nn.Linear(condition_dim, hidden_dim)
        if self.concatenates:
            self.concat_proj = nn.Linear(hidden_dim + condition_dim, hidden_dim)

    def forward(self, inputs: Tensor, conditioning: Tensor | None = None) -> Tensor:
        """Inputs [B, T, H] with a condition [B, 1, C] or [B, T, C]; without one they stay as they are."""
        if conditioning is None:
            return inputs
        if self.adds:
            inputs = inputs + (self.add_proj(conditioning) if hasattr(self, "add_proj") else conditioning)
        if self.concatenates:
            spread = conditioning.expand(-1, inputs.shape[1], -1)
            inputs = self.concat_proj(torch.cat([inputs, spread], dim=-1))
        return inputs


class ConditionalLayerNorm(nn.LayerNorm):
    """Layer norm whose output a condition scales and shifts (Chen et al., 2021, AdaSpeech, section 2.3).

    Args:
        hidden_dim: H, of the input.
        condition_dim: C, of the condition; needed where `condition_types` has layernorm.
        condition_types: without layernorm it is a plain layer norm.
    """

    def __init__(self, hidden_dim: int, condition_dim: int | None = None, condition_types: Sequence[str] = ()) -> None:
        super().__init__(hidden_dim)
        check_condition_types(condition_types)
        self.is_conditional = "layernorm" in condition_types
        if self.is_conditional:
            assert condition_dim is not None
            self.cond_weight = nn.Linear(condition_dim, hidden_dim)
            self.cond_bias = nn.Linear(condition_dim, hidden_dim)
            nn.init.zeros_(self.cond_weight.weight)
            nn.init.ones_(self.cond_weight.bias)
            nn.init.zeros_(self.cond_bias.weight)
            nn.init.zeros_(self.cond_bias.bias)

    def forward(self, inputs: Tensor, conditioning: Tensor | None = None) -> Tensor:
        """Normalises [B, T, H]; a condition is [B, 1, C]."""
        inputs = super().forward(inputs)
        if self.is_conditional and conditioning is not None:
            inputs = inputs * self.cond_weight(conditioning) + self.cond_bias(conditioning)
        return inputs
