"""Which class takes the place of another where adapters are wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from nemo.aliases import public_path
from nemo.core.classes.serialization import locate
from nemo.utils.exceptions import ConfigError


@dataclass
class AdapterRegistryInfo:
    """A class, and the one derived from it that takes adapters; the paths are those that configs name."""

    base_class: type
    adapter_class: type
    base_class_path: str = field(init=False)
    adapter_class_path: str = field(init=False)

    def __post_init__(self) -> None:
        self.base_class_path = public_path(self.base_class)
        self.adapter_class_path = public_path(self.adapter_class)


ADAPTER_REGISTRY: dict[str, AdapterRegistryInfo] = {}
"""Path of a class -> what was registered for it."""


def register_adapter(base_class: type, adapter_class: type) -> None:
    """Says that `adapter_class` is `base_class` with adapters; both have the same weights.

    Raises:
        ConfigError: another class is registered for `base_class`, or `adapter_class` is not derived from it.
    """
    info = AdapterRegistryInfo(base_class, adapter_class)
    if info.base_class_path in ADAPTER_REGISTRY:
        there = ADAPTER_REGISTRY[info.base_class_path].adapter_class_path
        raise ConfigError(f"{there} is already registered for {info.base_class_path}. A class has one such class.")
    if not issubclass(adapter_class, base_class):
        raise ConfigError(
            f"{info.adapter_class_path} is not derived from {info.base_class_path}, so it cannot take its place."
        )
    ADAPTER_REGISTRY[info.base_class_path] = info


def get_registered_adapter(cls: str | type) -> AdapterRegistryInfo | None:
    """What is registered for a class, given itself or its dotted path, or either of the class with adapters; or None.

    A class registers when its module is imported; a path is imported here.
    """
    if isinstance(cls, str):
        try:
            cls = locate(cls)
        except (ImportError, AttributeError):
            return None
    return next((info for info in ADAPTER_REGISTRY.values() if cls in (info.base_class, info.adapter_class)), None)
