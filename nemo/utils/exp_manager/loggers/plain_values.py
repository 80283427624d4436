"""Hyper-parameters as numbers and text, whatever the config held."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

import torch
from omegaconf import OmegaConf


def plain_values(value: Any) -> Any:
    """Nested dicts and lists of numbers, text and None; anything else as its text."""
    if OmegaConf.is_config(value):
        value = OmegaConf.to_container(value, resolve=True)
    if isinstance(value, Namespace):
        value = vars(value)
    if isinstance(value, Mapping):
        return {str(key): plain_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_values(item) for item in value]
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return value.item()
    return value if isinstance(value, (bool, int, float, str)) or value is None else str(value)


def flat_values(value: Any, prefix: str = "") -> dict[str, Any]:
    """The same without nesting: `optim/lr`, `layers/0/filters`; empty sections are left out."""
    plain = plain_values(value)
    if not isinstance(plain, (dict, list)):
        return {prefix: plain}
    items = plain.items() if isinstance(plain, dict) else enumerate(plain)
    flat = {}
    for key, item in items:
        flat.update(flat_values(item, f"{prefix}/{key}" if prefix else str(key)))
    return flat


def plain_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Metrics as numbers."""
    return {name: float(value) for name, value in metrics.items()}
