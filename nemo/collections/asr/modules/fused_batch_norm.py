"""Batch norm with fixed statistics as a scale and a shift: nothing that padding or small batches could disturb."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nemo.utils.exceptions import ConfigError


class FusedBatchNorm1d(nn.Module):
    """What is left of a batch norm with fixed statistics: a scale and a shift, for fine-tuning.

    Args:
        num_features: H.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))

    @classmethod
    def from_batchnorm(cls, bn: nn.BatchNorm1d) -> FusedBatchNorm1d:
        """The scale and shift that `bn` applies in evaluation.

        Raises:
            ConfigError: it keeps no statistics.
        """
        if not isinstance(bn, nn.BatchNorm1d) or bn.running_mean is None or bn.running_var is None:
            raise ConfigError(f"{bn} keeps no statistics. Expected a BatchNorm1d with track_running_stats.")
        scale = torch.rsqrt(bn.running_var + bn.eps)
        shift = -bn.running_mean * scale
        fused = cls(bn.num_features).to(bn.running_mean)
        with torch.no_grad():
            fused.weight.copy_(scale if bn.weight is None else scale * bn.weight)
            fused.bias.copy_(shift if bn.weight is None else shift * bn.weight + bn.bias)
        return fused.train(bn.training)

    def forward(self, x: Tensor) -> Tensor:
        """Scales and shifts [B, H, S] or [B, H]."""
        if x.ndim == 2:
            return x * self.weight + self.bias
        return x * self.weight[:, None] + self.bias[:, None]


def replace_bn_with_fused_bn(module: nn.Module, full_name: str) -> None:
    """Puts a :class:`FusedBatchNorm1d` in the place of a batch norm.

    Args:
        module: the network.
        full_name: place of the batch norm in it, ``encoder.layers.0.conv.batch_norm``.

    Raises:
        ConfigError: there is no batch norm with statistics.
    """
    parent, _, name = full_name.rpartition(".")
    try:
        place = module.get_submodule(parent)
        found = place.get_submodule(name)
    except AttributeError as error:
        raise ConfigError(
            f"{type(module).__name__} has nothing at {full_name!r}. Give a name of named_modules()."
        ) from error
    setattr(place, name, FusedBatchNorm1d.from_batchnorm(found))  # type: ignore[arg-type]


def replace_bn_with_fused_bn_all(model: nn.Module) -> list[str]:
    """Puts :class:`FusedBatchNorm1d` in the place of every ``BatchNorm1d``; returns their places."""
    names = [name for name, part in model.named_modules() if isinstance(part, nn.BatchNorm1d)]
    for name in names:
        replace_bn_with_fused_bn(model, name)
    return names
