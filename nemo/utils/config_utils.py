"""Configs against the dataclasses and classes that they describe."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from nemo.utils.exceptions import ConfigError


def update_model_config(
    model_cls: Any, update_cfg: DictConfig | Mapping[str, Any], drop_missing_subconfigs: bool = True
) -> DictConfig:
    """Fills a config from a structured one: defaults from `model_cls`, values from `update_cfg`.

    Args:
        model_cls: dataclass or instance of one that describes a whole config (it has a field `model`).
        update_cfg: the user's values; keys that the dataclass does not know are kept.
        drop_missing_subconfigs: a section of `model` that is `???` or whose class is unknown in the dataclass, and that
            the user does not give, is left out.

    Returns:
        A new config.

    Raises:
        ConfigError: `model_cls` is no dataclass.
    """
    if not is_dataclass(model_cls):
        raise ConfigError(f"{model_cls!r} is no dataclass; give the dataclass that describes the config")
    base = OmegaConf.structured(model_cls)
    update = OmegaConf.create(update_cfg if isinstance(update_cfg, DictConfig) else dict(update_cfg))
    plain = OmegaConf.create(OmegaConf.to_container(base, resolve=False))  # a structured config refuses unknown keys
    merged = OmegaConf.merge(plain, copy.deepcopy(update))
    assert isinstance(merged, DictConfig)
    if drop_missing_subconfigs:
        for section in ("model",) if "model" in merged else ():
            _drop_missing(merged[section], update.get(section) or OmegaConf.create({}))
    return merged


def _drop_missing(config: DictConfig, given: DictConfig) -> None:
    with open_dict(config):
        for key in [str(key) for key in config if OmegaConf.is_missing(config, key) and key not in given]:
            del config[key]


def assert_dataclass_signature_match(
    cls: Any,
    datacls: type,
    ignore_args: Iterable[str] | None = None,
    remap_args: Mapping[str, str] | None = None,
) -> tuple[bool, set[str] | None, set[str] | None]:
    """Compares the arguments of a class or function with the fields of the dataclass that configures it.

    Args:
        cls: class (its `__init__`) or function.
        datacls: the dataclass.
        ignore_args: names left out on both sides.
        remap_args: field of the dataclass -> argument of the class.

    Returns:
        Whether they match, names only `cls` has, names only the dataclass has; the sets are None when they match.
    """
    arguments = set(inspect.signature(cls.__init__ if inspect.isclass(cls) else cls).parameters) - {"self"}
    renamed = dict(remap_args or {})
    described = {renamed.get(entry.name, entry.name) for entry in fields(datacls)}
    ignored = {*(ignore_args or ()), "_target_"}
    only_class = arguments - described - ignored
    only_dataclass = described - arguments - ignored
    matches = not only_class and not only_dataclass
    return matches, None if matches else only_class, None if matches else only_dataclass
