"""Which member of an archive holds the weights, and whether they are whole.

model_weights.ckpt                            one file of torch.save, what everybody writes
model_weights.safetensors                     the same as safetensors, alone or beside it
mp_rank_00/model_weights.ckpt                 a model split over tensor-parallel devices
tp_rank_00_pp_rank_000/model_weights.ckpt     and over pipeline stages
model_weights/                                a distributed checkpoint of releases 2.x
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

import torch

from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.archive.weights import load_weights
from nemo.utils.exceptions import ArchiveError, NotYetSupportedError, UnsafeArchiveError

WEIGHTS = "model_weights.ckpt"
SAFETENSORS = "model_weights.safetensors"

_RANK = re.compile(r"mp_rank_\d{2}|tp_rank_\d{2}_pp_rank_\d{3}|fsdp_shard_\d{5}")


def read_weights(archive: ArchiveReader, source: str, weights_name: str = WEIGHTS) -> dict[str, torch.Tensor]:
    """The state dict of an archive, on the CPU, as views of the file.

    Args:
        archive: the archive, open.
        source: its name, for messages.
        weights_name: how the connector calls the weights.

    Raises:
        ArchiveError: there are none, or they are damaged.
        UnsafeArchiveError: they hold something else than tensors, or are there twice and differ.
        NotYetSupportedError: they are split over several devices.
    """
    names = archive.names()
    if SAFETENSORS in archive:
        state = load_weights(archive.view(SAFETENSORS), source=f"{source}:{SAFETENSORS}")
        if weights_name in archive:
            other = load_weights(archive.view(weights_name), source=f"{source}:{weights_name}")
            _check_equal(state, other, source, weights_name)
        return state
    if weights_name in archive:
        return load_weights(archive.view(weights_name), source=f"{source}:{weights_name}")
    name = _only_shard(names, source, weights_name)
    return load_weights(archive.view(name), source=f"{source}:{name}")


def is_weights(name: str, weights_name: str = WEIGHTS) -> bool:
    """Whether a member is weights, or a part of them, in any of the layouts."""
    parts = PurePosixPath(name).parts
    if name in (weights_name, SAFETENSORS) or parts[0] == PurePosixPath(weights_name).stem:
        return True
    return parts[-1] == weights_name and all(_RANK.fullmatch(part) for part in parts[:-1])


def _only_shard(names: Collection[str], source: str, weights_name: str) -> str:
    """The one part of a model that was saved as if split, but over one device."""
    stem = PurePosixPath(weights_name).stem
    if any(name.startswith(f"{stem}/") for name in names):
        raise NotYetSupportedError(
            f"{source} holds its weights as a distributed checkpoint (the folder {stem}/), which releases 2.x write "
            f"for models on many devices and this release cannot read. Load it where it was made, and save it on one "
            f"device, so that it has {weights_name}."
        )
    shards = sorted(name for name in names if "/" in name and is_weights(name, weights_name))
    if len(shards) == 1:
        return shards[0]
    if shards:
        raise NotYetSupportedError(
            f"{source} holds a model split over {len(shards)} devices ({', '.join(shards[:4])}, ...); expected is one "
            f"{weights_name}. Merge the parts with the program that wrote them (tensor and pipeline parallel size 1)."
        )
    raise ArchiveError(
        f"{source} has no member {weights_name!r}; it holds {', '.join(list(names)[:20]) or 'nothing'}. "
        "Expected a .nemo file written by save_to."
    )


def _check_equal(
    ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor], source: str, weights_name: str
) -> None:
    """Two sets of weights in one archive must be the same: readers disagree which of the two counts."""
    different = sorted(set(ours) ^ set(theirs))
    different += [name for name in ours if name in theirs and not _same(ours[name], theirs[name])]
    if different:
        raise UnsafeArchiveError(
            f"{source} holds {SAFETENSORS} and {weights_name}, and they differ: {', '.join(different[:4])}. Readers "
            f"disagree which of the two counts, so the archive is refused; pack it again with one of them."
        )


def _same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Equal bit by bit, so that NaN equals NaN."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    raw = [tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (left, right)]
    return torch.equal(*raw) if left.numel() else True
