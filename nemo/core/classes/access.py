"""`AccessMixin`, the original's way to tensors from inside a network.

Modules lay tensors aside with `register_accessible_tensor`, if `is_access_enabled` says that somebody wants them; who
wants them switches it on, runs the model, reads `get_module_registry(model)` and calls `reset_registry`. Release 1 has
one switch and one configuration for the whole process; release 2 has one for each model, named by its `model_guid`.
Both forms are served. Code of ours uses :class:`~nemo.core.classes.intermediate_tensors.IntermediateTensors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from nemo.core.classes.intermediate_tensors import IntermediateTensors


def _default_cfg() -> DictConfig:
    return OmegaConf.create({"detach": False, "convert_to_cpu": False})


@dataclass
class _Access:
    enabled: bool = False
    cfg: DictConfig = field(default_factory=_default_cfg)


_access: dict[str | None, _Access] = {None: _Access()}
"""Settings of models by their guid; those of None are for all that have none of their own."""


def _of(guid: str | None) -> _Access:
    return _access.get(guid, _access[None])


def _own(guid: str | None) -> _Access:
    """The settings of a model to be changed; they begin as those of the process."""
    if guid not in _access:
        _access[guid] = _Access(_access[None].enabled, _access[None].cfg.copy())
    return _access[guid]


def _registry_of(module: Any) -> IntermediateTensors:
    registry: IntermediateTensors = getattr(module, "_registry", None) or IntermediateTensors()
    return registry


class AccessMixin:
    """Gives a module a registry of tensors."""

    def register_accessible_tensor(self, name: str, tensor: Tensor) -> None:
        """Lays a tensor aside; cut off the graph and on the CPU where the configuration says so.

        Args:
            name: several of one name are kept in a list.
            tensor: of any shape.
        """
        if not hasattr(self, "_registry"):
            self._registry = IntermediateTensors()
        cfg = self.access_cfg
        self._registry.keep(name, tensor, detach=bool(cfg.detach), to_cpu=bool(cfg.convert_to_cpu))

    @classmethod
    def get_module_registry(cls, module: nn.Module) -> dict[str, dict[str, list[Tensor]]]:
        """Dotted name of each submodule that laid something aside -> its tensors by name; `""` is `module` itself."""
        registries = {name: _registry_of(each) for name, each in module.named_modules()}
        return {name: registry for name, registry in registries.items() if registry}

    def reset_registry(self, key: str | None = None) -> None:
        """Forgets the tensors of this module and all its submodules, and switches access off.

        Args:
            key: forget only those of this name.

        Raises:
            KeyError: nobody has laid aside a tensor of this name.
        """
        modules: Any = self.modules() if isinstance(self, nn.Module) else [self]
        registries = [_registry_of(each) for each in modules]
        if key is None:
            for registry in registries:
                registry.clear()
        elif not [registry.pop(key) for registry in registries if key in registry]:
            known = sorted({name for registry in registries for name in registry})
            raise KeyError(f"no tensor was registered as {key!r}. There are: {', '.join(known) or 'none'}.")
        _of(getattr(self, "model_guid", None)).enabled = False

    @property
    def access_cfg(self) -> DictConfig:
        """`detach`, `convert_to_cpu`, and what users added."""
        return _of(getattr(self, "model_guid", None)).cfg

    @classmethod
    def update_access_cfg(cls, cfg: Mapping[str, Any], guid: str | None = None) -> None:
        """Changes the configuration, of one model or of all; keys of one's own may be added."""
        access = _own(guid)
        merged = OmegaConf.merge(access.cfg, dict(cfg))
        assert isinstance(merged, DictConfig)
        access.cfg = merged

    @classmethod
    def is_access_enabled(cls, guid: str | None = None) -> bool:
        """Whether somebody wants tensors, of one model or of any."""
        return _of(guid).enabled

    @classmethod
    def set_access_enabled(cls, access_enabled: bool, guid: str | None = None) -> None:
        """Switches access on or off, for one model or for all that have no switch of their own."""
        _own(guid).enabled = access_enabled
