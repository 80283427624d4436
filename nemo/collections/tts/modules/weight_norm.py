"""Weight normalisation (Salimans and Kingma, 2016) by PyTorch's parametrization, under the names that archives have."""

from __future__ import annotations

from typing import Any, TypeVar

from torch import nn
from torch.nn.utils import parametrizations, parametrize

ModuleT = TypeVar("ModuleT", bound=nn.Module)

_NAMES = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
"""PyTorch's names of length and direction, and those of archives; PyTorch itself reads both."""


def weight_norm(module: ModuleT) -> ModuleT:
    """Learns length and direction of `module.weight` apart: ``weight = weight_g * weight_v / |weight_v|``.

    Args:
        module: a convolution or linear layer; its weight is normalised for each index of the first dimension.

    Returns:
        The module. Its state dict has `weight_g` and `weight_v`.
    """
    parametrizations.weight_norm(module)
    module.register_state_dict_post_hook(_rename)
    return module


def remove_weight_norm(network: nn.Module) -> int:
    """Puts plain weights in the place of all normalised ones below `network`: the same outputs, without the norms.

    Returns:
        How many weights were normalised.
    """
    normalised = [module for module in network.modules() if parametrize.is_parametrized(module, "weight")]
    for module in normalised:
        kind = type(module)  # PyTorch takes the property `weight` from it; copies of the module share it
        module.__class__ = type(kind.__name__, kind.__bases__, dict(vars(kind)))
        parametrize.remove_parametrizations(module, "weight")
    return len(normalised)


def _rename(module: nn.Module, state: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    for ours, archived in _NAMES.items():
        if prefix + ours in state:
            state[prefix + archived] = state.pop(prefix + ours)
