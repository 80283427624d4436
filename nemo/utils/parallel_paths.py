"""File names of models that are split over devices: one folder for each tensor- and pipeline-parallel rank."""

from __future__ import annotations

import os
import re
from pathlib import Path

from nemo.utils.app_state import AppState

RANK_FOLDER = re.compile(r"^(mp_rank_\d{2}|tp_rank_\d{2}_pp_rank_\d{3}|fsdp_shard_\d{5})$")


def inject_model_parallel_rank(filepath: str | os.PathLike[str], fsdp_sharded_ckpt: bool = False) -> str:
    """The path of this process's part: `dir/mp_rank_00/file`, or `dir/tp_rank_00_pp_rank_000/file` with pipelines.

    Args:
        filepath: the path without ranks; one that has them gets this process's.
        fsdp_sharded_ckpt: add the folder `fsdp_shard_<data-parallel rank>` too.
    """
    path = Path(uninject_model_parallel_rank(filepath))
    state = AppState()
    if (state.model_parallel_size or 1) > 1:
        tensor_rank, pipeline_rank = state.tensor_model_parallel_rank or 0, state.pipeline_model_parallel_rank or 0
        if (state.pipeline_model_parallel_size or 1) > 1:
            path = path.parent / f"tp_rank_{tensor_rank:02d}_pp_rank_{pipeline_rank:03d}" / path.name
        else:
            path = path.parent / f"mp_rank_{tensor_rank:02d}" / path.name
    if fsdp_sharded_ckpt:
        path = path.parent / f"fsdp_shard_{state.data_parallel_rank or 0:05d}" / path.name
    return str(path)


def uninject_model_parallel_rank(filepath: str | os.PathLike[str]) -> str:
    """The path without the folders of ranks."""
    path = Path(filepath)
    folder = path.parent
    while RANK_FOLDER.match(folder.name):
        folder = folder.parent
    return str(folder / path.name)


def ckpt_to_dir(filepath: str | os.PathLike[str]) -> Path:
    """The folder of a sharded checkpoint: the path without `.ckpt`."""
    path = Path(filepath)
    return path.with_suffix("") if path.suffix == ".ckpt" else path
