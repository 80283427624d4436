"""How a model becomes a `.nemo` file and a `.nemo` file a model.

A `.nemo` file is an uncompressed tar: `model_config.yaml` (the resolved config with `target` and `nemo_version`),
`model_weights.ckpt` or `model_weights.safetensors` (a state dict) and artifacts named `<32 hex digits>_<file name>`.
Archives are untrusted input: :mod:`nemo.core.archive` reads them, and no file outside the archive is opened because a
config inside it says so.
"""

from __future__ import annotations

import copy
import functools
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig, OmegaConf, open_dict

from nemo import aliases
from nemo.core.archive.safe_yaml import load_config
from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.archive.tar_writer import Source, write_archive
from nemo.core.archive.targets import TargetPolicy
from nemo.core.archive.weights import save_weights
from nemo.core.config.legacy import maybe_update_config_version
from nemo.core.connectors.archive_version import check_archive_version
from nemo.core.connectors.artifacts import ArtifactItem, extract_artifacts, find_artifact
from nemo.core.connectors.config_contents import named_targets, strings_of
from nemo.core.connectors.restoring import Restoration, restoring
from nemo.core.connectors.unfilled_weights import build_unfilled
from nemo.core.connectors.weight_members import SAFETENSORS, read_weights
from nemo.utils.exceptions import ArchiveError, ConfigError, WeightsMismatchError
from nemo.utils.whole_weights import whole_state_dict

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)


class SaveRestoreConnector:
    """Saves and restores models. Derive from it to change how: a model class may be given its own connector.

    Args:
        trusted_targets: classes, as exact dotted names or as prefixes that end in a dot, which archives may build
            besides the toolkit's own. Given in code only, never by a file.
        save_safetensors: write the weights as `model_weights.safetensors`, which the original cannot read.
    """

    def __init__(self, trusted_targets: Iterable[str] = (), save_safetensors: bool = False) -> None:
        self.model_config_yaml = "model_config.yaml"
        self.model_weights_ckpt = "model_weights.ckpt"
        self.model_extracted_dir: str | None = None
        self.trusted_targets = tuple(trusted_targets)
        self.save_safetensors = save_safetensors

    # ------------------------------------------------------------------------------------------------------- saving

    def save_to(self, model: ModelPT, save_path: str) -> None:
        """Writes `model` to `save_path`, atomically; rank zero only, but a sharded model is gathered from all."""
        from nemo.utils.get_rank import is_global_rank_zero

        state_dict = whole_state_dict(model)
        if not is_global_rank_zero():
            return
        config = self._config_for_archive(model)
        members: dict[str, Source] = dict(self._collect_artifacts(model, config))
        members[self.model_config_yaml] = OmegaConf.to_yaml(config, resolve=True).encode("utf-8")
        safetensors = self.save_safetensors or bool(model.cfg.get("save_safetensors"))
        weights_name = SAFETENSORS if safetensors else self.model_weights_ckpt
        members[weights_name] = functools.partial(  # straight into the tar
            save_weights, state_dict, safetensors=safetensors
        )
        needed = sum(value.nbytes for value in state_dict.values() if isinstance(value, torch.Tensor))
        write_archive(save_path, members, needed_bytes=needed)

    def _config_for_archive(self, model: ModelPT) -> DictConfig:
        """The model's config with those of its nested models in their places."""
        config = copy.deepcopy(model.cfg)
        for _, config_path, module in model.named_nemo_modules():
            if config_path:
                OmegaConf.update(config, config_path, copy.deepcopy(module.cfg), merge=False, force_add=True)
        return config

    def _collect_artifacts(self, model: ModelPT, config: DictConfig) -> dict[str, Path]:
        """Member name -> file of every artifact; the config entries are set to `nemo:<member name>`."""
        members: dict[str, Path] = {}
        for _, config_prefix, module in model.named_nemo_modules():
            for config_path, item in module.artifacts.items():
                path = Path(item.path)
                if not path.is_file():
                    raise FileNotFoundError(
                        f"the artifact {config_path} of this {type(module).__name__} was at {path} and is gone; the "
                        f"archive would be incomplete. Put it back, or register another: "
                        f"model.register_artifact({config_path!r}, <path>)"
                    )
                name = item.member_name()
                members[name] = path
                full = f"{config_prefix}.{config_path}" if config_prefix else config_path
                OmegaConf.update(config, full, item.hashed_path, merge=False, force_add=True)
        return members

    # ---------------------------------------------------------------------------------------------------- restoring

    def restore_from(
        self,
        calling_cls: type[ModelPT],
        restore_path: str,
        override_config_path: DictConfig | str | None = None,
        map_location: torch.device | str | None = None,
        strict: bool = True,
        return_config: bool = False,
        trainer: Any = None,
    ) -> Any:
        """Builds a new model from an archive, or returns only its config.

        Args:
            calling_cls: the class whose `restore_from` was called.
            restore_path: the `.nemo` file, or the folder it was unpacked to.
            override_config_path: a YAML file or DictConfig of the user's, used instead of the archive's config.
            map_location: where the weights go; None: the GPU if there is one, else the CPU.
            strict: the state dict must fit exactly.
            return_config: return the DictConfig and read nothing else.
            trainer: passed on to the model.

        Raises:
            FileNotFoundError: the file is missing.
            ArchiveError: it is broken or of another class; UnsafeArchiveError: it holds something that could harm.
        """
        with ArchiveReader(self._source(restore_path)) as archive:
            own_config = self._read_config(archive, restore_path)
            config = own_config if override_config_path is None else _user_config(override_config_path)
            archive_values = frozenset(strings_of(own_config))
            added = [path for path in named_targets(config) if path not in archive_values]  # the user's own words
            policy = TargetPolicy(trusted_targets=[*self.trusted_targets, *added], known_classes=[calling_cls])
            policy.check_config(config, str(restore_path))
            if return_config:
                return config
            state_dict = read_weights(archive, str(restore_path), self.model_weights_ckpt)  # before anything is built
            folder = Path(tempfile.mkdtemp(prefix="nemo_artifacts_"))
            try:
                extract_artifacts(archive, folder, archive_values, (self.model_config_yaml, self.model_weights_ckpt))
                with restoring(Restoration(str(restore_path), folder, archive_values)), policy.active():
                    held = _check_class(config, calling_cls, policy, restore_path)
                    build = functools.partial(_build, calling_cls, held, config, trainer, restore_path)
                    instance = build_unfilled(build, state_dict) if strict and self._loads_all(held) else build()
                instance = instance.to(_device(map_location))
                self._load(instance, config, state_dict, strict, str(restore_path))
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        weakref.finalize(instance, shutil.rmtree, folder, ignore_errors=True)
        instance.restored_from = str(restore_path)
        logger.debug("%s restored from %s", type(instance).__name__, restore_path)
        return instance

    def _source(self, restore_path: str) -> Path:
        if self.model_extracted_dir is not None and os.path.isdir(self.model_extracted_dir):
            return Path(self.model_extracted_dir)
        path = Path(restore_path).expanduser()
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist. Expected a .nemo file; check the path.")
        return path

    def _read_config(self, archive: ArchiveReader, restore_path: str) -> DictConfig:
        if self.model_config_yaml not in archive:
            raise ArchiveError(
                f"{restore_path} has no member {self.model_config_yaml!r}; it holds "
                f"{', '.join(archive.names()[:20]) or 'nothing'}. Expected a .nemo file written by save_to."
            )
        data = archive.config_bytes(self.model_config_yaml)
        config = load_config(data, f"{restore_path}:{self.model_config_yaml}")
        check_archive_version(config, str(restore_path))
        return _model_section(config)

    def _load(
        self, instance: Any, config: DictConfig, state_dict: dict[str, torch.Tensor], strict: bool, source: str
    ) -> None:
        state_dict = self.modify_state_dict(config, state_dict)
        try:
            self.load_instance_with_state_dict(instance, state_dict, strict)
        except RuntimeError as error:
            raise WeightsMismatchError(
                f"{source}: the weights do not fit the model that the config describes: {error}\nGive the config that "
                f"they were saved with, or strict=False to leave out what is missing."
            ) from error

    def _loads_all(self, model_class: type[torch.nn.Module]) -> bool:
        """Whether nobody has changed how weights are loaded, so that a strict load overwrites every parameter."""
        kept = ("modify_state_dict", "load_instance_with_state_dict")
        return model_class.load_state_dict is torch.nn.Module.load_state_dict and all(
            getattr(type(self), name) is getattr(SaveRestoreConnector, name) for name in kept
        )

    def modify_state_dict(self, conf: DictConfig, state_dict: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Override to rename or drop tensors before they are loaded."""
        return state_dict

    def load_instance_with_state_dict(
        self, instance: torch.nn.Module, state_dict: dict[str, torch.Tensor], strict: bool
    ) -> None:
        """Loads the weights into a freshly built model."""
        instance.load_state_dict(state_dict, strict=strict)

    def extract_state_dict_from(
        self, restore_path: str, save_dir: str | None = None, split_by_module: bool = False
    ) -> dict[str, torch.Tensor]:
        """Reads the weights of an archive without building the model.

        Args:
            restore_path: the `.nemo` file.
            save_dir: also write them there as `model_weights.ckpt`; None: write nothing.
            split_by_module: write one `<module>.ckpt` per top-level module instead, the prefix stripped.

        Returns:
            The whole state dict.
        """
        with ArchiveReader(self._source(restore_path)) as archive:
            state_dict = read_weights(archive, str(restore_path), self.model_weights_ckpt)
            if save_dir is None:
                return state_dict
            folder = Path(save_dir).expanduser()
            folder.mkdir(parents=True, exist_ok=True)
            parts = (
                _split_by_module(state_dict) if split_by_module else {Path(self.model_weights_ckpt).stem: state_dict}
            )
            for name, part in parts.items():
                save_weights(part, folder / f"{name}.ckpt")
        return state_dict

    # ---------------------------------------------------------------------------------------------------- artifacts

    def register_artifact(
        self, model: ModelPT, config_path: str, src: str, verify_src_exists: bool = True
    ) -> str | None:
        """Makes a file part of the model; see :meth:`ModelPT.register_artifact`."""
        item: ArtifactItem | None = find_artifact(config_path, src)
        if item is None:
            if verify_src_exists:
                raise FileNotFoundError(
                    f"the artifact {config_path} = {src!r} was not found, neither as a file nor in the archive being "
                    f"restored. Set model.{config_path} to an existing file."
                )
            logger.warning("the artifact %s = %r was not found; the model goes on without it", config_path, src)
            return None
        model.artifacts[config_path] = item
        if getattr(model, "_cfg", None) is not None:
            with open_dict(model._cfg):
                OmegaConf.update(model._cfg, config_path, item.path)
        return item.path


def _user_config(override: DictConfig | str | os.PathLike[str]) -> DictConfig:
    """A user's own config, given as a YAML file or as an object."""
    if isinstance(override, (str, os.PathLike)):
        config = OmegaConf.load(os.fspath(override))
    else:
        config = OmegaConf.create(copy.deepcopy(override))
    OmegaConf.resolve(config)
    assert isinstance(config, DictConfig)
    return _model_section(config)


def _model_section(config: DictConfig) -> DictConfig:
    """The model's own section, in today's form."""
    if isinstance(config.get("model"), DictConfig) and "target" not in config:
        config = config.model
    return maybe_update_config_version(config, make_copy=True)


def _split_by_module(state_dict: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in state_dict.items():
        module, _, rest = name.partition(".")
        parts.setdefault(module, {})[rest or module] = tensor
    return parts


def _check_class(config: DictConfig, calling_cls: type, policy: TargetPolicy, restore_path: str) -> type:
    """The class that the archive is of; refuses one that the caller did not ask for."""
    if not config.get("target"):
        return calling_cls
    try:
        held: type = policy.resolve(config.target)
    except (ImportError, AttributeError):
        return calling_cls  # from_config_dict falls back to it and says so
    if not (issubclass(held, calling_cls) or issubclass(calling_cls, held)):
        name = aliases.public_path(held)
        raise ArchiveError(
            f"{restore_path} holds a {held.__name__}, which is not a {calling_cls.__name__}. "
            f"Restore it with {held.__name__}.restore_from(...) ({name}), or from a base class such as ModelPT."
        )
    return held


def _build(calling_cls: Any, held: type, config: DictConfig, trainer: Any, restore_path: str) -> Any:
    """Builds the model; where a derived class takes the place of the archive's, its complaints name the archive."""
    try:
        return calling_cls.from_config_dict(config=config, trainer=trainer)
    except ConfigError as error:
        if calling_cls is held or issubclass(held, calling_cls):
            raise
        raise ArchiveError(
            f"{restore_path} holds a {held.__name__}, and a {calling_cls.__name__} cannot be made of it: {error} "
            f"Restore it with {held.__name__}.restore_from(...)."
        ) from error


def _device(map_location: torch.device | str | None) -> torch.device:
    if map_location is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(map_location)
