"""The activations that configs name."""

from __future__ import annotations

from torch import nn

from nemo.utils.exceptions import ConfigError

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "gelu": nn.GELU,
    "hardtanh": nn.Hardtanh,
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "swish": nn.SiLU,
    "tanh": nn.Tanh,
}


def make_activation(name: str, where: str = "activation") -> nn.Module:
    """A module of the activation that a config calls `name`.

    Args:
        name: a key of :data:`ACTIVATIONS`.
        where: the config key, for the message.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in ACTIVATIONS:
        raise ConfigError(f"{where} is {name!r}; expected one of {', '.join(sorted(ACTIVATIONS))}.")
    return ACTIVATIONS[name]()
