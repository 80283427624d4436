"""Several validation or test sets: one loader each, and how their results come together at the end of an epoch.

The first set (or the one named by `val_dl_idx`/`test_dl_idx`) gives the plain names such as `val_loss`; every set also
gives its results under its own prefix, `dev_clean_val_loss`.
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict

from nemo.core.classes.evaluation_outputs import outputs_of_all_processes

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)

SHORT = {"validation": "val", "test": "test"}
"""What metric names and `<short>_dl_idx` call a kind of set."""


def setup_evaluation_loaders(model: ModelPT, kind: str, config: DictConfig) -> None:
    """Builds the loader of every set that `config` lists.

    Sets `model._{kind}_dl` (one loader or a list), `model._{kind}_names` and `model._{val|test}_dl_idx`.

    Args:
        model: its `setup_{kind}_data(config)` is called once per set.
        kind: `validation` or `test`.
        config: the `validation_ds` or `test_ds` section. Several sets are given as a list under any key that holds
            paths (`manifest_filepath: [a.json, b.json]`) or as a list of sections under `ds_item`.
    """
    short = SHORT[kind]
    config = copy.deepcopy(config)
    with open_dict(config):
        index = config.pop(f"{short}_dl_idx", 0)
    setattr(model, f"_{short}_dl_idx", index)
    setup = getattr(model, f"setup_{kind}_data")
    key = resolve_dataset_name_from_cfg(config)
    values = config.get(key) if key is not None and index >= 0 else None
    if key is None or not isinstance(values, (list, ListConfig)):
        setup(config)
        if values is not None and os.path.exists(str(values)):
            setattr(model, f"_{kind}_names", [_name_of_set(str(values), f"{short}_0_")])
        return
    loaders: list[Any] = []
    names: list[str] = []
    for value in values:
        if isinstance(value, (DictConfig, Mapping)):
            section = copy.deepcopy(config)
            with open_dict(section):
                section.pop(key)
                section.merge_with(value)
            names.append(_with_underscore(str(value.get("name", f"{short}_{len(names)}"))))
        else:
            section = copy.deepcopy(config)
            with open_dict(section):
                section[key] = value
            names.append(_name_of_set(str(value), f"{short}_{len(names)}_"))
        setup(section)
        loaders.append(getattr(model, f"_{kind}_dl"))
    if len(set(names)) < len(names):
        logger.warning("several %s sets have the same name, so their metrics overwrite one another: %s", kind, names)
    setattr(model, f"_{kind}_dl", loaders)
    setattr(model, f"_{kind}_names", names)


def resolve_validation_dataloaders(model: ModelPT) -> None:
    """Builds the validation loaders from `model.cfg.validation_ds`."""
    setup_evaluation_loaders(model, "validation", model.cfg.validation_ds)


def resolve_test_dataloaders(model: ModelPT) -> None:
    """Builds the test loaders from `model.cfg.test_ds`."""
    setup_evaluation_loaders(model, "test", model.cfg.test_ds)


def resolve_dataset_name_from_cfg(cfg: DictConfig) -> str | None:
    """The key of a dataset section that says which data: `ds_item`, or the first whose values are existing paths.

    `ds_item` may hold the name of that key, or the list of sets itself.
    """
    if "ds_item" in cfg:
        named = cfg.ds_item
        return named if isinstance(named, str) and named in cfg else "ds_item"
    for key in cfg:
        if OmegaConf.is_missing(cfg, key):
            continue
        values = cfg[key] if isinstance(cfg[key], ListConfig) else [cfg[key]]
        if len(values) > 0 and all(_is_data_path(value) for value in values):
            return str(key)
    return None


def _is_data_path(value: Any) -> bool:
    return isinstance(value, str) and value != "" and (os.path.exists(value) or value.startswith("ais://"))


def parse_dataset_as_name(name: str) -> str:
    """A prefix for metrics from the path of a dataset: `data/dev-clean_manifest.json` gives `dev_clean_`.

    Raises:
        ValueError: nothing is left of the name.
    """
    stem = Path(name).stem if os.path.exists(name) else name
    stem = stem.replace("-", "_")
    for word in ("manifest", "dataset"):
        stem = stem.replace(word, "")
    if not stem:
        raise ValueError(f"no name for metrics can be made of {name!r}: rename the file, or give `name` in its section")
    return _with_underscore(stem)


def _name_of_set(path: str, otherwise: str) -> str:
    """The prefix of a set's metrics; `otherwise` where the file name says nothing, such as `manifest.json`."""
    try:
        return parse_dataset_as_name(path)
    except ValueError:
        return otherwise


def _with_underscore(name: str) -> str:
    return name if name.endswith("_") else name + "_"


def epoch_end(model: ModelPT, kind: str, sync_metrics: bool = False) -> dict[str, Any]:
    """Combines the outputs of an epoch's steps, logs them, empties the lists and returns the rest.

    Of several processes each combines the outputs of all, if the loader deals its batches out among them.

    Args:
        model: its `{kind}_step_outputs` hold the outputs, a list per set when there are several.
        kind: `validation` or `test`.
        sync_metrics: average the logged values over processes.
    """
    outputs = getattr(model, f"{kind}_step_outputs")
    if len(outputs) == 0:
        return {}
    combine = getattr(model, f"multi_{kind}_epoch_end")
    if isinstance(outputs[0], Mapping):
        complete, is_same = _of_all_processes(model, kind, outputs, 0)
        results = dict(combine(complete, dataloader_idx=0) or {})
        outputs.clear()
        logs = results.pop("log", {})
    else:
        results, logs, is_same = _combine_sets(model, kind, outputs, combine)
    if logs:
        model.log_dict(logs, on_epoch=True, sync_dist=sync_metrics or is_same)
    return results


def _of_all_processes(model: ModelPT, kind: str, outputs: list[Any], index: int) -> tuple[list[Any], bool]:
    loaders = getattr(model, f"_{kind}_dl")
    return outputs_of_all_processes(outputs, loaders[index] if isinstance(loaders, list) else loaders, model.device)


def _combine_sets(
    model: ModelPT, kind: str, outputs: list[Any], combine: Any
) -> tuple[dict[str, Any], dict[str, Any], bool]:
    short = SHORT[kind]
    main = getattr(model, f"_{short}_dl_idx")
    results: dict[str, Any] = {}
    logs: dict[str, Any] = {}
    all_same = True
    for index, set_outputs in enumerate(outputs):
        prefix = getattr(model, f"get_{kind}_dataloader_prefix")(index)
        complete, is_same = _of_all_processes(model, kind, set_outputs, index)
        all_same = all_same and is_same
        combined = dict(combine(complete, dataloader_idx=index) or {})
        set_outputs.clear()
        for key, value in dict(combined.pop("log", {})).items():
            if index == main:
                logs[key] = value
            logs[prefix + key] = value
        for key, value in combined.items():
            if index == main and key == f"{short}_loss":
                results[key] = value
            results[prefix + key] = value
    return results, logs, all_same
