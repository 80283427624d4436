"""Layers are left out at random while training (Huang et al., 2016, https://arxiv.org/abs/1603.09382)."""

from __future__ import annotations

import torch
from torch import Tensor

from nemo.utils.exceptions import ConfigError


def drop_probabilities(layers: int, probability: float, mode: str, start_layer: int) -> list[float]:
    """The chance of each layer to be left out.

    Args:
        layers: how many there are.
        probability: of the last layer, or of all in the mode uniform.
        mode: linear: rises from the first layer that may be left out to the last; uniform: the same for these.
        start_layer: the layers up to this one always stay.

    Raises:
        ConfigError: a value that is not possible.
    """
    if not 0 <= probability < 1:
        raise ConfigError(f"encoder.stochastic_depth_drop_prob is {probability}; expected at least 0 and below 1.")
    if mode not in ("linear", "uniform"):
        raise ConfigError(f"encoder.stochastic_depth_mode is {mode!r}; expected linear or uniform.")
    if not 1 <= start_layer <= layers:
        raise ConfigError(f"encoder.stochastic_depth_start_layer is {start_layer}; expected 1 to {layers}.")
    droppable = layers - start_layer
    chances = [probability * (place / droppable if mode == "linear" else 1.0) for place in range(1, droppable + 1)]
    return [0.0] * start_layer + chances


def with_or_without(before: Tensor, after: Tensor, probability: float) -> Tensor:
    """A layer's input, or its output with what the layer adds scaled so that the mean stays."""
    if torch.rand(()) < probability:
        return after * 0.0 + before  # DDP wants every parameter to have a gradient
    return (after - before) / (1.0 - probability) + before
