"""Objects that are built from a configuration and give it back.

A configuration names its class in `_target_` (a module) or `target` (a whole model). A user's own YAML may name
anything; while an archive is being restored, every name is decided by the active
:class:`~nemo.core.archive.targets.TargetPolicy` first.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf, open_dict

from nemo import aliases
from nemo.core.archive.targets import active_policy, policy_for, register_known_class
from nemo.core.config.legacy import maybe_update_config_version
from nemo.utils.exceptions import AbsentNameError, ConfigError, NeMoBaseException
from nemo.utils.spelling import nearest

logger = logging.getLogger(__name__)

T = TypeVar("T", bound="Serialization")

HYDRA_KEYS = frozenset({"_target_", "_partial_", "_args_", "_convert_", "_recursive_"})


class Serialization:
    """Gives a class `from_config_dict` and `to_config_dict`."""

    _cfg: DictConfig

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register_known_class(cls)  # a class that the program itself has loaded may be named by an archive

    @classmethod
    def from_config_dict(cls, config: Any, trainer: Any = None) -> Any:
        """Builds what `config` describes.

        With `_target_` (or the older `cls`/`params`) that class is called with the remaining keys. With `target` that
        model class is called with the whole config; a calling class derived from it takes its place. With neither,
        the calling class is.

        Args:
            config: a DictConfig, dict or dataclass. It is copied, and interpolations are resolved.
            trainer: passed on to a model.

        Raises:
            ConfigError: a key that the class does not take, or a class that cannot be imported.
            UnsafeTargetError: an archive names a class that archives may not build.
        """
        section = str(config._get_full_key(None)) if isinstance(config, DictConfig) else ""
        config = plain_config(config)
        instance = instantiate(config, section) if "_target_" in config else cls._from_model_config(config, trainer)
        if isinstance(instance, Serialization) and not hasattr(instance, "_cfg"):
            instance._cfg = config
        return instance

    @classmethod
    def _from_model_config(cls, config: DictConfig, trainer: Any) -> Any:
        target: type = cls
        if config.get("target"):
            try:
                named = locate(config.target)
                target = cls if issubclass(cls, named) else named
            except (ImportError, AttributeError) as error:
                if inspect.isabstract(cls):
                    raise ConfigError(
                        f"target {config.target!r} cannot be imported: {error}. {cls.__name__} is only the base of "
                        "models, so that nothing can be built in its place. Import the module that defines the class, "
                        "or call the method on a class that is no base."
                    ) from error
                logger.warning("%s cannot be imported (%s): building a %s instead", config.target, error, cls.__name__)
        arguments: dict[str, Any] = {"cfg": config}
        if "trainer" in inspect.signature(target.__init__).parameters:  # type: ignore[misc]
            arguments["trainer"] = trainer
        return target(**arguments)

    def to_config_dict(self) -> DictConfig:
        """The configuration that this object was built from, interpolations resolved.

        Raises:
            NotImplementedError: the object was not built from one.
        """
        if not hasattr(self, "_cfg") or self._cfg is None:
            raise NotImplementedError(f"this {type(self).__name__} was not built from a config, so it has none to give")
        return DictConfig(OmegaConf.to_container(self._cfg, resolve=True))


def instantiate(config: DictConfig, section: str = "", **arguments: Any) -> Any:
    """Calls `config._target_` with the other keys, nested targets first (the semantics of Hydra's `instantiate`).

    Keys that the class does not take are dropped with a warning when they come from an archive (newer releases add
    some) and are an error in a user's own config, which names `section`, the config's dotted path. `arguments`, which
    may be any objects, are added to the keys.
    """
    import hydra.utils
    from hydra.errors import InstantiationException

    config = maybe_update_config_version(config, make_copy=True)
    checked = _with_known_keys(config, section)
    try:
        return hydra.utils.instantiate(checked, **arguments)
    except InstantiationException as error:
        if isinstance(error.__cause__, NeMoBaseException):  # it says what is wrong better than its wrapping does
            raise error.__cause__ from None
        raise


def locate(path: str) -> Any:
    """Imports the class at a dotted path, subject to the active policy.

    Raises:
        ImportError, AttributeError: there is no such module or name.
        AbsentNameError: the original has it, and it is not here; says what is instead.
        UnsafeTargetError: an archive names this class and may not.
    """
    policy = policy_for(path)
    if policy is not None:
        return policy.resolve(path)
    absence = aliases.absence(path)
    if absence is not None:
        raise AbsentNameError(absence)
    if not path.startswith("nemo."):  # the finder of aliases serves what lies under nemo
        path = aliases.resolve(path)
    module, _, name = path.rpartition(".")
    if not module:
        raise ImportError(f"{path!r} is not a dotted path; expected package.module.Class")
    return getattr(importlib.import_module(module), name)


def plain_config(config: Any) -> DictConfig:
    """A resolved DictConfig copy of whatever config was given, in today's form."""
    if dataclasses.is_dataclass(config):
        config = OmegaConf.structured(config)
    if isinstance(config, Mapping) and not isinstance(config, DictConfig):
        config = OmegaConf.create(dict(config))
    if not isinstance(config, DictConfig):
        raise ConfigError(
            f"a config must be a DictConfig, dict or dataclass, not {type(config).__name__}: {config!r}. "
            "Pass the section itself, for example cfg.encoder."
        )
    resolved = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    assert isinstance(resolved, DictConfig)
    resolved = maybe_update_config_version(resolved, make_copy=False)
    OmegaConf.set_struct(resolved, True)
    return resolved


def _with_known_keys(config: DictConfig, section: str) -> DictConfig:
    """Checks the keys of every `_target_` node against its class; a copy without unknown ones for archives."""
    config = config.copy()
    faults: list[str] = []
    with open_dict(config):
        _check_node(config, section, faults)
    if faults:
        raise ConfigError("\n".join(faults))
    return config


def _check_node(node: Any, path: str, faults: list[str]) -> None:
    if isinstance(node, DictConfig):
        if isinstance(node.get("_target_"), str):
            _check_keys(node, path, faults)
        children = [(f"{path}.{key!s}" if path else str(key), node._get_node(key)) for key in node]
    elif OmegaConf.is_list(node):
        children = [(f"{path}[{index}]", value) for index, value in enumerate(node)]
    else:
        return
    for child_path, value in children:
        _check_node(value, child_path, faults)


def _check_keys(node: DictConfig, path: str, faults: list[str]) -> None:
    place = f"{path}: " if path else ""
    try:
        target = locate(node._target_)
        if not node._target_.startswith("nemo."):
            node._target_ = aliases.resolve(node._target_)
    except (ImportError, AttributeError) as error:
        faults.append(
            f"{place}_target_ {node._target_!r} cannot be imported: {error}. "
            "Expected the path of a class, package.module.Class."
        )
        return
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):  # built-in callables have no signature
        return
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return
    unknown = [str(key) for key in node if key not in parameters and key not in HYDRA_KEYS]
    if not unknown:
        return
    if active_policy() is not None:
        logger.warning("%s does not take %s: ignored", node._target_, ", ".join(unknown))
        for key in unknown:
            del node[key]
        return
    faults.extend(place + _unknown_key(key, node._target_, list(parameters)) for key in unknown)


def _unknown_key(key: str, target: str, known: list[str]) -> str:
    close = nearest(key, known)
    hint = f"did you mean {close!r}?" if close else f"it takes {', '.join(known)}"
    return f"{target} has no argument {key!r}: {hint}"
