"""Configs of the earliest releases (Hydra 0.x: `cls` and `params`), brought to today's form."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf


def maybe_update_config_version(cfg: DictConfig, make_copy: bool = True) -> DictConfig:
    """Replaces `cls: X, params: {...}` by `_target_: X` with the params beside it, everywhere in `cfg`.

    Args:
        cfg: any configuration.
        make_copy: leave `cfg` untouched and return a changed copy; otherwise change it in place.
    """
    if not _has_legacy_node(cfg):
        return cfg
    container = OmegaConf.to_container(cfg, resolve=False)
    updated = OmegaConf.create(_update(container))
    assert isinstance(updated, DictConfig)
    if make_copy:
        return updated
    struct = OmegaConf.is_struct(cfg)
    OmegaConf.set_struct(cfg, False)
    for key in list(cfg):
        del cfg[key]
    cfg.merge_with(updated)
    OmegaConf.set_struct(cfg, struct)
    return cfg


def _is_legacy(node: Any) -> bool:
    return "cls" in node or ("params" in node and ("_target_" in node or "target" in node))


def _has_legacy_node(node: Any) -> bool:
    if isinstance(node, DictConfig):
        if node._is_none() or node._is_missing() or node._is_interpolation():
            return False
        return _is_legacy(node) or any(_has_legacy_node(node._get_node(key)) for key in node)
    if OmegaConf.is_list(node) and not (node._is_none() or node._is_missing() or node._is_interpolation()):
        return any(_has_legacy_node(child) for child in node._iter_ex(resolve=False))
    return False


def _update(node: Any) -> Any:
    if isinstance(node, list):
        return [_update(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = dict(node)
    if _is_legacy(node):
        if "_target_" not in node:
            node["_target_"] = node.pop("cls") if "cls" in node else node.pop("target")
        node.update(node.pop("params", None) or {})
    return {key: _update(value) for key, value in node.items()}
