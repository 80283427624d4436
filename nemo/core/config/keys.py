"""Keys of a config: which there are, which are unset, and which one a misspelt one stands for."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, ListConfig

from nemo.utils.spelling import nearest


def nearest_key(key: str, config: DictConfig) -> str | None:
    """The key of `config`, in dotted form, that `key` most likely stands for; None when nothing is like it.

    Follows `key` as far as it exists and replaces the first part that does not by the nearest one there; failing
    that, looks for a key of the same last part elsewhere.
    """
    node: DictConfig | None = config
    found: list[str] = []
    parts = key.split(".")
    for index, part in enumerate(parts):
        names = _names(node)
        if part in names:
            found.append(part)
            node = _child(node, part)
            continue
        close = nearest(part, names)
        if close is not None:
            return ".".join([*found, close, *parts[index + 1 :]])
        break
    same_end = [each for each in dotted_keys(config) if each.split(".")[-1] == parts[-1] and each != key]
    return nearest(key, same_end) or (same_end[0] if len(same_end) == 1 else None)


def dotted_keys(config: DictConfig, prefix: str = "") -> list[str]:
    """Every key of `config` and of what is below it, sections included; interpolations are not followed."""
    keys: list[str] = []
    for name in _names(config):
        keys.append(prefix + name)
        child = _child(config, name)
        if child is not None:
            keys.extend(dotted_keys(child, f"{prefix}{name}."))
    return keys


def missing_keys(config: DictConfig) -> list[str]:
    """Every key of `config` whose own value is `???`, in dotted form; interpolations are not followed."""
    keys: list[str] = []
    for name in _names(config):
        node = config._get_node(name)
        for child, path in [(node, name), *_elements(node, name)]:
            if isinstance(child, DictConfig) and not child._is_missing():
                keys.extend(f"{path}.{key}" for key in missing_keys(child))
            elif child is not None and child._is_missing():
                keys.append(path)
    return sorted(keys)


def _elements(node: Any, path: str) -> list[tuple[Any, str]]:
    if not isinstance(node, ListConfig) or node._is_none() or node._is_missing() or node._is_interpolation():
        return []
    return [(node._get_node(index), f"{path}[{index}]") for index in range(len(node))]


def _names(node: DictConfig | None) -> list[str]:
    if node is None or node._is_none() or node._is_missing() or node._is_interpolation():
        return []
    return [str(name) for name in node]


def _child(node: DictConfig | None, name: str) -> DictConfig | None:
    child = None if node is None else node._get_node(name)
    return child if isinstance(child, DictConfig) else None
