"""Lightning checkpoints of models: only plain containers and tensors, with the model's files inside.

A checkpoint that we write loads with `weights_only=True`. The files that belong to a model (its tokenizer, ...) are in
it as byte tensors, so that it can be opened on another machine.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig, OmegaConf

from nemo.core.archive.checkpoint import load_checkpoint
from nemo.core.archive.safe_yaml import config_from_tree
from nemo.core.archive.targets import TargetPolicy
from nemo.core.config.legacy import maybe_update_config_version
from nemo.core.connectors.config_contents import named_targets, strings_of
from nemo.core.connectors.restoring import Restoration, restoring
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)

HYPER_PARAMETERS = "hyper_parameters"
ARTIFACTS = "nemo_artifacts"
"""Key of a checkpoint: {config path: {"name": member name, "data": uint8 tensor}}."""
LARGEST_ARTIFACT_BYTES = 64 * 2**20
"""Larger files are not repeated in every checkpoint; the `.nemo` file holds them."""


def add_to_checkpoint(model: ModelPT, checkpoint: dict[str, Any]) -> None:
    """Replaces the config in a checkpoint by plain containers and adds the model's files."""
    checkpoint[HYPER_PARAMETERS] = {"cfg": OmegaConf.to_container(model.cfg, resolve=True)}
    checkpoint.pop("hparams_type", None)  # says that hyper_parameters is an OmegaConf object, which it no longer is
    files: dict[str, Any] = {}
    for _, prefix, module in model.named_nemo_modules():
        for config_path, item in module.artifacts.items():
            path = Path(item.path)
            if not path.is_file() or path.stat().st_size > LARGEST_ARTIFACT_BYTES:
                logger.warning("%s is not put into the checkpoint (missing or over 64 MiB): %s", config_path, path)
                continue
            data = torch.frombuffer(bytearray(path.read_bytes() or b"\0"), dtype=torch.uint8)
            data = data[: path.stat().st_size].clone()
            full = f"{prefix}.{config_path}" if prefix else config_path
            files[full] = {"name": item.member_name(), "data": data}
    if files:
        checkpoint[ARTIFACTS] = files


def load_model_from_checkpoint(
    model_class: type[ModelPT], path: str, map_location: Any, hparams_file: str | None, strict: bool, **kwargs: Any
) -> Any:
    """Builds a model from a Lightning checkpoint; see :meth:`ModelPT.load_from_checkpoint`."""
    checkpoint = load_checkpoint(path, map_location=map_location or "cpu")
    if not isinstance(checkpoint.get("state_dict"), dict):
        raise ArchiveError(f"{path} has no state_dict; expected a checkpoint written by Lightning's Trainer")
    own = _own_config(checkpoint, path)
    given = (
        OmegaConf.select(OmegaConf.load(hparams_file), "cfg") if hparams_file is not None else kwargs.pop("cfg", None)
    )
    config = OmegaConf.create(given) if given is not None else own
    if config is None:
        raise ArchiveError(
            f"{path} holds no config (hyper_parameters.cfg). Pass one: load_from_checkpoint(path, cfg=...)"
        )
    folder = Path(tempfile.mkdtemp(prefix="nemo_artifacts_"))
    try:
        for config_path, artifact in (checkpoint.get(ARTIFACTS) or {}).items():
            name = Path(str(artifact["name"])).name
            (folder / name).write_bytes(artifact["data"].cpu().numpy().tobytes())
            if OmegaConf.select(config, config_path) is not None and given is None:
                OmegaConf.update(config, config_path, f"nemo:{name}")
        values = frozenset(strings_of(own)) if own is not None else frozenset()
        added = [target for target in named_targets(config) if target not in values]
        policy = TargetPolicy(trusted_targets=added, known_classes=[model_class])
        policy.check_config(config, path)
        with restoring(Restoration(path, folder, values)), policy.active():
            model = model_class.from_config_dict(config=config, trainer=kwargs.get("trainer"))
        model.on_load_checkpoint(checkpoint)
        model.load_state_dict(checkpoint["state_dict"], strict=strict)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    return model.to(map_location) if map_location is not None else model


def _own_config(checkpoint: dict[str, Any], source: str) -> DictConfig | None:
    """The config that the checkpoint carries."""
    hyper_parameters = checkpoint.get(HYPER_PARAMETERS) or {}
    config = hyper_parameters.get("cfg")
    if config is None:
        return None
    # resolved here: later, an interpolation could build a name that was never checked, or read the environment
    try:
        resolved = config_from_tree(config, source)
    except UnsafeArchiveError:
        raise
    except ArchiveError:  # written from the root, as `${cfg.sample_rate}`
        resolved = config_from_tree(hyper_parameters, source).cfg
    return maybe_update_config_version(resolved)
