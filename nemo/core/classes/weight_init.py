"""Fine-tuning: weights of another model, all or some, loaded into a new one.

A config says where they come from, with exactly one of

    init_from_nemo_model: model.nemo                     a .nemo file
    init_from_pretrained_model: QuartzNet15x5Base-En     a published model
    init_from_ptl_ckpt: last.ckpt                        a Lightning checkpoint

or, for parts, `init_from_nemo_model: {any_name: {path: model.nemo, include: [encoder], exclude: [encoder.out]}}`.

A table in the log says which tensors were loaded, which have another shape, and which one of both lacks. Tensors of
another shape are an error; with `init_strict: false` they keep their random values.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig, OmegaConf

from nemo.core.archive.checkpoint import load_checkpoint
from nemo.utils.exceptions import ConfigError

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)

SOURCES = ("init_from_nemo_model", "init_from_pretrained_model", "init_from_ptl_ckpt")


@dataclass
class LoadReport:
    """What came of loading a state dict into a model."""

    loaded: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    """`name: [shape here] here, [shape there] in the source`."""
    missing: list[str] = field(default_factory=list)
    """In the model, not in the source: they keep their random values."""
    unused: list[str] = field(default_factory=list)
    """In the source, not in the model or not asked for."""

    weights: dict[str, int] = field(default_factory=dict)
    """Numbers in each tensor of the model."""

    def __str__(self) -> str:
        rows = (
            ("loaded", self.loaded),
            ("wrong shape", self.mismatched),
            ("missing in the source", self.missing),
            ("not used of the source", self.unused),
        )
        lines = [f"{'':<24}{'tensors':>8}{'weights':>14}"]
        for title, names in rows:
            weights = sum(self.weights.get(name.partition(":")[0], 0) for name in names)
            shown = _shortened(names) if names is self.mismatched else _by_part(names)
            lines.append(f"{title:<24}{len(names):>8}{weights:>14,}   {shown}".rstrip())
        return "\n".join(lines)


def _by_part(names: list[str]) -> str:
    """The names themselves where they are few, else how many each part of the model has: `encoder (118)`."""
    if len(names) <= 4:
        return ", ".join(names)
    counts = Counter(name.partition(".")[0] for name in names)
    return _shortened([f"{part} ({count})" for part, count in counts.items()], most=8)


def _shortened(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names) - most} more)" if len(names) > most else "")


def load_part_of_state_dict(
    model: torch.nn.Module,
    state_dict: Mapping[str, torch.Tensor],
    include: list[str],
    exclude: list[str],
    load_from_string: str | None = None,
    strict: bool = True,
) -> LoadReport:
    """Loads the tensors whose name contains a string of `include` and none of `exclude`.

    Args:
        model: gets the tensors.
        state_dict: where they come from.
        include: parts of names.
        exclude: parts of names.
        load_from_string: the place of `state_dict`; named in messages.
        strict: False leaves out tensors of another shape, with a warning.

    Raises:
        ConfigError: a tensor that was asked for has another shape; nothing is loaded then.
    """
    own = model.state_dict()
    report = LoadReport(weights={name: tensor.numel() for name, tensor in own.items()})
    chosen: dict[str, torch.Tensor] = {}
    for name, tensor in state_dict.items():
        wanted = any(part in name for part in include) and not any(part in name for part in exclude)
        if not wanted or name not in own:
            report.unused.append(name)
        elif own[name].shape != tensor.shape:
            report.mismatched.append(f"{name}: {list(own[name].shape)} here, {list(tensor.shape)} in the source")
        else:
            chosen[name] = tensor
            report.loaded.append(name)
    report.missing = [name for name in own if name not in state_dict]
    if report.mismatched and strict:
        raise ConfigError(
            f"{load_from_string or 'the source'} does not fit this model:\n{report}\n"
            "Change the model's sizes to those of the source, or leave these tensors out: with `exclude`, for example "
            "init_from_nemo_model: {source: {path: ..., exclude: [decoder]}}, or all of them with init_strict: false."
        )
    model.load_state_dict(chosen, strict=False)
    level = logging.WARNING if report.mismatched else logging.INFO
    logger.log(level, "weights from %s:\n%s", load_from_string or "a state dict", report)
    return report


def init_from_checkpoint(model: ModelPT, cfg: Any, map_location: str = "cpu") -> None:
    """Does what `init_from_*` of a config says; nothing if there is none. See the head of this file.

    Raises:
        ValueError: more than one source is given.
        TypeError: the value is neither a string nor a section.
    """
    given = [key for key in SOURCES if cfg is not None and cfg.get(key) is not None]
    if not given:
        return
    if len(given) > 1:
        raise ConfigError(
            f"{' and '.join(given)} are both set; weights can come from one source only: keep one of them"
        )
    key = given[0]
    resumed = model._trainer.ckpt_path if model._trainer is not None else None
    if key == "init_from_pretrained_model" and resumed:
        logger.info("%s is not used: the run resumes from %s", key, resumed)
        return
    value = cfg[key]
    strict = cfg.get("init_strict") is not False
    if isinstance(value, str):
        load_part_of_state_dict(model, _read(model, key, value, map_location), [""], [], value, strict)
    elif isinstance(value, (DictConfig, Mapping)):
        for part in value.values():
            place = part["name" if key == "init_from_pretrained_model" else "path"]
            include, exclude = (_strings(part, name, default) for name, default in (("include", [""]), ("exclude", [])))
            load_part_of_state_dict(model, _read(model, key, place, map_location), include, exclude, place, strict)
    else:
        raise TypeError(f"{key} is {value!r}; expected a path or name, or a section with path, include and exclude")


def _strings(part: Any, key: str, default: list[str]) -> list[str]:
    value = part.get(key)
    if value is None:
        return default
    container = OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
    return [container] if isinstance(container, str) else list(container)  # type: ignore[arg-type]


def _read(model: ModelPT, key: str, place: str, map_location: str) -> Mapping[str, torch.Tensor]:
    if key == "init_from_ptl_ckpt":
        return load_checkpoint(place, map_location=map_location)["state_dict"]
    path = str(model.pretrained_file(place)[0]) if key == "init_from_pretrained_model" else place
    return type(model)._save_restore_connector.extract_state_dict_from(path)
