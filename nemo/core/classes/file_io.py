"""Objects that are saved to files and restored from them."""

from __future__ import annotations

import os
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.core.config.legacy import maybe_update_config_version
from nemo.utils.atomic import atomic_write


class FileIO:
    """The interface of saving and restoring; a model implements it, a module may."""

    def save_to(self, save_path: str) -> None:
        """Writes the object, weights and configuration, to one file."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is saved; models do (ModelPT.save_to)")

    @classmethod
    def restore_from(
        cls,
        restore_path: str,
        override_config_path: str | None = None,
        map_location: Any = None,
        strict: bool = True,
        return_config: bool = False,
        trainer: Any = None,
        save_restore_connector: Any = None,
    ) -> Any:
        """Builds a new object from a file written by `save_to`."""
        raise NotImplementedError(f"{cls.__name__} does not say how it is restored; models do (ModelPT.restore_from)")

    @classmethod
    def from_config_file(cls, path2yaml_file: str | os.PathLike[str]) -> Any:
        """Builds a new object, with random weights, from a YAML file holding its configuration."""
        config = OmegaConf.load(os.fspath(path2yaml_file))
        return cls.from_config_dict(config=config)  # type: ignore[attr-defined]

    def to_config_file(self, path2yaml_file: str | os.PathLike[str]) -> None:
        """Writes the configuration, interpolations resolved, as YAML.

        Raises:
            NotImplementedError: the object was not built from a configuration.
        """
        config = getattr(self, "_cfg", None)
        if config is None:
            raise NotImplementedError(
                f"this {type(self).__name__} was not built from a config, so there is none to write"
            )
        config = maybe_update_config_version(config, make_copy=True)
        with atomic_write(os.path.expanduser(path2yaml_file)) as temporary:
            OmegaConf.save(DictConfig(config), temporary, resolve=True)
