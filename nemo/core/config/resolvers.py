"""Functions that configs may call: `${multiply:2,3}`, `${sum:1,2}`, `${gpu_name:}`."""

from __future__ import annotations

import math
from typing import Any

from omegaconf import OmegaConf


def register_resolvers() -> None:
    """Makes the functions known to OmegaConf; harmless when called again."""
    OmegaConf.register_new_resolver("multiply", _multiply, replace=True)
    OmegaConf.register_new_resolver("sum", _sum, replace=True)
    OmegaConf.register_new_resolver("gpu_name", _gpu_name, replace=True)


def _multiply(*factors: Any) -> Any:
    return math.prod(factors)


def _sum(*terms: Any) -> Any:
    return sum(terms)


def _gpu_name() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
