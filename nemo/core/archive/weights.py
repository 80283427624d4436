"""Loads and saves the weights of a model: tensors by name, and nothing else."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Union

import torch
from torch import Tensor

from nemo.core.archive.file_views import map_file, open_view
from nemo.core.archive.safetensors_file import is_safetensors, read_safetensors, write_safetensors
from nemo.core.archive.torch_zip import TorchZip
from nemo.core.archive.unpickle import read_pickle
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError, UnsafeArchiveError

Readable = Union[str, "os.PathLike[str]", bytes, memoryview]
"""A path, or the content itself."""


def load_weights(
    weights: Readable,
    map_location: str | torch.device | None = "cpu",
    *,
    source: str | None = None,
    trusted: bool = False,
) -> OrderedDict[str, Tensor]:
    """Reads a state dict from what `torch.save` or safetensors wrote; the content says which.

    On the CPU the tensors are views of the mapped file (private: writing to them does not change it), so reading
    costs nothing until they are copied into a model. Clone them to keep them when the file may be overwritten.

    Args:
        weights: a path, or the content, such as ``archive.view("model_weights.ckpt")``.
        map_location: device of the tensors.
        source: the name for messages, when `weights` is no path.
        trusted: read with `torch.load(weights_only=False)`, which runs whatever code the file holds. Only for files
            that you made yourself; no config, archive or environment variable can set it.

    Raises:
        FileNotFoundError: no such file.
        ArchiveError: it is not a file of weights, or it is damaged.
        UnsafeArchiveError: it holds something else than tensors.
    """
    name, content = _content(weights, source)
    state: Any
    if trusted:
        state = torch.load(open_view(content), map_location=map_location, weights_only=False)
    elif is_safetensors(content):
        state = read_safetensors(content, name)
    else:
        state = read_pickle(TorchZip(content, name))
    return _on_device(_checked_state(state, name), map_location)


def save_weights(
    state_dict: Mapping[str, Tensor], path: str | os.PathLike[str] | IO[bytes], *, safetensors: bool | None = None
) -> None:
    """Writes a state dict, with `torch.save` as the original does, or as safetensors.

    Args:
        state_dict: tensors by name; they are moved to the CPU.
        path: the file, written whole or not at all, or an open one.
        safetensors: write safetensors; default: when the path ends in `.safetensors`.

    Raises:
        ConfigError: the state dict holds something else than tensors.
    """
    wrong = [f"{name} ({type(value).__name__})" for name, value in state_dict.items() if not isinstance(value, Tensor)]
    if wrong:
        raise ConfigError(f"The state dict holds more than tensors: {', '.join(wrong)}. Archives hold tensors only.")
    tensors = OrderedDict((name, value.detach().cpu()) for name, value in state_dict.items())
    if isinstance(getattr(state_dict, "_metadata", None), Mapping):
        tensors._metadata = state_dict._metadata  # type: ignore[attr-defined]  # versions of the modules
    if not isinstance(path, (str, os.PathLike)):
        _write(tensors, path, bool(safetensors))
        return
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        _write(tensors, file, str(path).endswith(".safetensors") if safetensors is None else safetensors)


def _write(tensors: OrderedDict[str, Tensor], file: IO[bytes], safetensors: bool) -> None:
    if safetensors:
        write_safetensors(tensors, file)
    else:
        torch.save(tensors, file)


def _content(weights: Readable, source: str | None) -> tuple[str, memoryview]:
    """The name for messages, and the bytes."""
    if isinstance(weights, (bytes, memoryview)):
        content = memoryview(weights)
        # tensors need memory that may be written; one copy, so that tied weights stay tied
        return source or "weights", memoryview(bytearray(content)) if content.readonly else content
    if not Path(weights).is_file():
        raise FileNotFoundError(f"There is no file of weights at {os.fspath(weights)}. Check the path.")
    return source or os.fspath(weights), map_file(Path(weights))


def _checked_state(state: Any, source: str) -> OrderedDict[str, Tensor]:
    """The state dict as a plain OrderedDict of plain tensors; keeps the modules' versions beside it."""
    if not isinstance(state, Mapping):
        raise UnsafeArchiveError(f"{source}: holds a {type(state).__name__}; expected are tensors by name.")
    for name, value in state.items():
        if type(name) is not str or type(value) not in (Tensor, torch.nn.Parameter):
            raise UnsafeArchiveError(
                f"{source}: the entry {name!r} is a {type(value).__name__}; weights hold tensors by name only. "
                f"A Lightning checkpoint (.ckpt) is read with load_from_checkpoint."
            )
    return with_versions(OrderedDict(state), state)


def with_versions(checked: OrderedDict[str, Tensor], original: Any) -> OrderedDict[str, Tensor]:
    """Gives a state dict the versions of the modules that stand beside another one, when they are plain values."""
    versions = getattr(original, "_metadata", None)
    if isinstance(versions, Mapping) and all(_is_module_record(*item) for item in versions.items()):
        checked._metadata = OrderedDict(versions)  # type: ignore[attr-defined]  # load_state_dict looks for it
    return checked


def _is_module_record(name: Any, entry: Any) -> bool:
    return isinstance(entry, dict) and _is_plain_version(name, entry)


def _is_plain_version(name: Any, entry: Any, depth: int = 4) -> bool:
    """Whether a module's record of versions holds only short plain values, such as `{"version": 2}`."""
    if isinstance(entry, dict) and depth:
        return type(name) is str and all(_is_plain_version(key, value, depth - 1) for key, value in entry.items())
    return type(name) is str and type(entry) in (int, bool, str, type(None))


def _on_device(state: OrderedDict[str, Tensor], device: str | torch.device | None) -> OrderedDict[str, Tensor]:
    if device is None or torch.device(device).type == "cpu":
        return state
    for name, value in state.items():
        state[name] = value.to(device)
    return state
