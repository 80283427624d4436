"""Reads what `torch.save` wrote as tensors and plain containers.

Checkpoints and adapters of the original carry their config as OmegaConf objects and name classes of Lightning as keys.
These are read as the plain values that they stand for, by stand-ins of ours: no class that the file names is imported.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from nemo.core.archive.file_views import map_file, open_view
from nemo.core.archive.torch_zip import TorchZip
from nemo.core.archive.unpickle import Call, Mention, read_pickle
from nemo.core.archive.weights import with_versions
from nemo.utils.exceptions import UnsafeArchiveError

MAX_DEPTH = 100

_CONTAINERS = ("omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig")
_NODES = tuple(
    f"omegaconf.nodes.{kind}Node"
    for kind in ("Any", "Boolean", "Bytes", "Enum", "Float", "Integer", "InterpolationResult", "Path", "String")
)
_RECORDS = (*_CONTAINERS, *_NODES, "omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata", "argparse.Namespace")
_DICTIONARIES = (
    "lightning.fabric.utilities.data.AttributeDict",
    "lightning_fabric.utilities.data.AttributeDict",
    "pytorch_lightning.utilities.parsing.AttributeDict",
)
_BUILTIN_TYPES = (
    "NoneType",
    "bool",
    "bytes",
    "dict",
    "float",
    "int",
    "list",
    "long",
    "object",
    "str",
    "tuple",
    "type",
    "unicode",
)
_PATHS = ("PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath")
_MENTIONED_ROOTS = ("lightning.", "lightning_fabric.", "nemo.", "pytorch_lightning.")


class _Record:
    """An object of OmegaConf or argparse, as the attributes that were saved of it."""

    path = ""


class _Dictionary(dict[Any, Any]):
    """An object that is a dictionary with attributes."""


def load_plain(
    path: str | os.PathLike[str],
    map_location: str | torch.device | None = "cpu",
    *,
    trusted: bool = False,
    copied: bool = False,
) -> Any:
    """Reads any file of `torch.save`, such as a file of adapters: tensors, and plain containers for all else.

    Config objects of OmegaConf become dicts and lists, with interpolations as they are written; use
    :func:`nemo.core.archive.safe_yaml.config_from_tree` to make a config of them.

    Args:
        path: the file.
        map_location: device of the tensors.
        trusted: read with `torch.load(weights_only=False)`, which runs whatever code the file holds. Only for files
            that you made yourself; no config or environment variable can set it.
        copied: give the tensors memory of their own, to be kept; otherwise they are views of the mapped file.

    Raises:
        FileNotFoundError: no such file.
        ArchiveError: `torch.save` did not write it, or it is damaged.
        UnsafeArchiveError: it holds other objects, or asks Lightning to import something (`_instantiator`).
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file at {os.fspath(path)}. Check the path.")
    source = os.fspath(path)
    content = map_file(path)
    if trusted:
        return torch.load(open_view(content), map_location=map_location, weights_only=False)
    device = None if map_location is None else torch.device(map_location)
    return _Plain(source, device).value(read_pickle(TorchZip(content, source), _stand_ins(), copied=copied), 0)


def _stand_ins() -> Callable[[str], Any]:
    """What stands for each name that a checkpoint may use; made anew for each file, so that none outlives it."""
    table: dict[str, Any] = {}
    for path in _RECORDS:
        table[path] = type("Record", (_Record,), {"path": path})
    for path in _DICTIONARIES:
        table[path] = type("Dictionary", (_Dictionary,), {})
    for home in ("__builtin__", "builtins"):
        table.update({f"{home}.{kind}": Mention(f"builtins.{kind}") for kind in _BUILTIN_TYPES})
        table[f"{home}.set"] = table[f"{home}.frozenset"] = Call(lambda items=(): set(items))
        table[f"{home}.complex"] = Call(lambda real, imaginary: complex(float(real), float(imaginary)))
        table[f"{home}.bytearray"] = Call(lambda text="", encoding="": text.encode("latin1"))
    for kind in _PATHS:
        table[f"pathlib.{kind}"] = table[f"pathlib._local.{kind}"] = Call(_joined_path)
    table["typing.Any"] = Mention("typing.Any")
    table["operator.getitem"] = table["_operator.getitem"] = Call(lambda *kinds: Mention("typing.Any"))  # List[str]
    table["collections.defaultdict"] = Call(lambda *factory: {})
    table["_codecs.encode"] = Call(lambda text, encoding="": text.encode("latin1"))  # bytes in protocol 2

    def stand_in(path: str) -> Any:
        return table.get(path, Mention(path) if path.startswith(_MENTIONED_ROOTS) else None)

    return stand_in


def _joined_path(*parts: str) -> str:
    return "/".join(parts).replace("//", "/")


class _Plain:
    """Turns what was read into plain containers; an object that is there twice stays one object."""

    def __init__(self, source: str, device: torch.device | None) -> None:
        self._source = source
        self._device = device
        self._done: dict[int, Any] = {}
        self._kept: list[Any] = []  # ids stay unique while their objects live
        self._open: set[int] = set()

    def value(self, item: Any, depth: int) -> Any:
        if item is None or type(item) in (bool, int, float, complex, str, bytes, torch.dtype):
            return item
        if isinstance(item, Mention):
            return str(item)
        if isinstance(item, type) and issubclass(item, _Record):
            return item.path  # a class of OmegaConf itself, as `hparams_type`
        if id(item) in self._done:
            return self._done[id(item)]
        if id(item) in self._open or depth > MAX_DEPTH:
            raise UnsafeArchiveError(f"{self._source}: something that contains itself, or over {MAX_DEPTH} levels.")
        self._open.add(id(item))
        plain = self._converted(item, depth + 1)
        self._open.remove(id(item))
        self._done[id(item)] = plain
        self._kept.append(item)
        return plain

    def _converted(self, item: Any, depth: int) -> Any:
        if type(item) in (torch.Tensor, torch.nn.Parameter):
            return item if self._device is None else item.to(self._device)
        if isinstance(item, dict):
            return self._dictionary(item, depth)
        if type(item) in (list, tuple, set):
            return type(item)(self.value(part, depth) for part in item)
        if isinstance(item, _Record):
            path, saved = type(item).path, vars(item)
            if path == "argparse.Namespace":
                return self._dictionary(saved, depth)
            if path in _CONTAINERS and "_content" in saved:
                return self.value(saved["_content"], depth)
            if path in _NODES and "_val" in saved:
                return self.value(saved["_val"], depth)
        raise UnsafeArchiveError(
            f"{self._source}: holds a {type(item).__name__}; only tensors and plain containers are accepted."
        )

    def _dictionary(self, item: dict[Any, Any], depth: int) -> dict[Any, Any]:
        if "_instantiator" in item:
            raise UnsafeArchiveError(
                f"{self._source}: the hyper-parameters have the key '_instantiator' ({item['_instantiator']!r}), which "
                f"makes Lightning import and call what it names. Remove it from a checkpoint of your own."
            )
        plain = {self.value(key, depth): self.value(value, depth) for key, value in item.items()}
        return with_versions(OrderedDict(plain), item) if type(item) is OrderedDict else plain
