"""What a config names: its strings and the classes among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

CLASS_KEYS = ("_target_", "target", "cls")


def strings_of(config: DictConfig) -> Iterator[str]:
    """Every string value of a config."""
    return (value for _, value in _values(OmegaConf.to_container(config)) if isinstance(value, str))


def named_targets(config: DictConfig) -> Iterator[str]:
    """Every class path that a config names."""
    return (
        value for key, value in _values(OmegaConf.to_container(config)) if key in CLASS_KEYS and isinstance(value, str)
    )


def _values(node: Any) -> Iterator[tuple[Any, Any]]:
    """(key or None, value) of everything inside `node`."""
    items = node.items() if isinstance(node, dict) else ((None, item) for item in node)
    for key, value in items:
        if isinstance(value, (dict, list)):
            yield from _values(value)
        else:
            yield key, value
