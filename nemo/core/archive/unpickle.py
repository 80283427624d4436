"""Reads the pickle of a checkpoint without importing or calling anything that it names.

PyTorch's own restricted reader has had holes (CVE-2025-32434, CVE-2026-24747), can be widened process-wide
(`add_safe_globals`) and is switched off by an environment variable. This one knows an exact list of names. Each stands
for an object of ours that cannot be altered by the pickle, and tensors are views of the file whose bounds we check.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from nemo.core.archive.tensor_memory import tensor_from_memory
from nemo.core.archive.torch_zip import TorchZip
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

MAX_EXPANDED_BYTES = 2**30
"""Bytes that a tensor of repeated values (stride 0) may stand for; it is that large once it is copied."""

_STORAGES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "UntypedStorage": torch.uint8,
}

# Opcodes of protocol 2 with arguments of fixed length, as torch.save writes them. Memo numbers stay below 2^20,
# since the unpickler makes room for as many entries as the number says.
_FIXED = re.compile(
    rb"(?:[()}\]tN\x81\x85-\x89RbusaeQ]|[Kqh].|M..|J.{4}|G.{8}|[rj]..[\x00-\x0f]\x00|c[\w.]{1,200}\n[\w.]{1,200}\n)*",
    re.DOTALL,
)


class Call:
    """A function that a pickle may call; unlike a function it has nothing that a pickle could set."""

    __slots__ = ("_function",)
    _function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any]) -> None:
        object.__setattr__(self, "_function", function)

    def __call__(self, *arguments: Any) -> Any:
        """Calls the function."""
        return self._function(*arguments)

    def __setattr__(self, name: str, value: Any) -> None:
        raise UnsafeArchiveError(f"data.pkl sets {name!r} of a function, which weights have no need of.")


class Mention(str):
    """The path of a class that a pickle only mentions; nothing can be called or built with it."""

    __slots__ = ()


class _StorageKind(NamedTuple):
    dtype: torch.dtype
    untyped: bool


class _Storage(NamedTuple):
    kind: _StorageKind
    content: memoryview


def read_pickle(
    container: TorchZip, stand_in: Callable[[str], Any] = lambda path: None, *, copied: bool = False
) -> Any:
    """What a checkpoint holds: tensors on the CPU that are views of the container's memory, and plain values.

    Args:
        container: the checkpoint.
        stand_in: gives what stands for a further name that the pickle may use; None refuses it.
        copied: give each storage memory of its own.

    Raises:
        UnsafeArchiveError: the pickle names something that is not on the list, or uses what `torch.save` never writes.
        ArchiveError: it is damaged.
    """
    content = container.pickle()
    _check_opcodes(content, container.source)
    reader = _Reader(content, container, stand_in, copied)
    try:
        return reader.load()
    except ArchiveError as error:
        if container.source in str(error):
            raise
        raise type(error)(f"{container.source}: {error}") from error
    except Exception as error:  # whatever a broken pickle makes the reader do, it is the file's fault
        if reader.mentioned and isinstance(error, (TypeError, AttributeError, pickle.UnpicklingError)):
            raise UnsafeArchiveError(
                f"{container.source}: data.pkl holds an object of {reader.mentioned}. Only tensors and plain "
                f"containers are read; nothing was run. Save its content as plain values."
            ) from error
        raise ArchiveError(
            f"{container.source}: the description of the tensors (data.pkl) is damaged "
            f"({type(error).__name__}: {error}). Get the file again, or save the weights again."
        ) from error


def _check_opcodes(content: bytes, source: str) -> None:
    """Refuses opcodes that `torch.save` never writes; some of them make any reader allocate without limit."""
    position = 2
    if content[:2] != b"\x80\x02":
        raise UnsafeArchiveError(f"{source}: data.pkl is not a pickle of protocol 2, which is what torch.save writes.")
    while True:
        match = _FIXED.match(content, position)
        position = match.end() if match else position
        opcode = content[position : position + 1]
        if opcode == b"X":  # text
            position += 5 + int.from_bytes(content[position + 1 : position + 5], "little")
        elif opcode in (b"U", b"\x8a"):  # short bytes of Python 2, whole number
            position += 2 + content[position + 1] if position + 1 < len(content) else 2
        elif opcode == b".":
            if position + 1 != len(content):
                raise UnsafeArchiveError(f"{source}: data after the end of data.pkl.")
            return
        elif not opcode:
            raise ArchiveError(f"{source}: data.pkl is cut off. Get the file again.")
        else:
            raise UnsafeArchiveError(
                f"{source}: data.pkl uses the opcode {opcode!r} at byte {position}, which torch.save never writes."
            )


class _Reader(pickle.Unpickler):
    def __init__(self, content: bytes, container: TorchZip, stand_in: Callable[[str], Any], copied: bool) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self._container = container
        self._copies: dict[str, memoryview] | None = {} if copied else None
        self._stand_in = stand_in
        self.mentioned = ""
        self._names: dict[str, Any] = {
            "collections.OrderedDict": Call(lambda items=(): OrderedDict(items)),
            "torch._utils._rebuild_tensor_v2": Call(self._tensor),
            "torch._utils._rebuild_tensor_v3": Call(self._tensor_of_dtype),
            "torch._utils._rebuild_parameter": Call(lambda data, requires_grad=False, hooks=None: data),
            "torch.Size": Call(lambda sizes=(): tuple(sizes)),
        }

    def find_class(self, module: str, name: str) -> Any:
        """What stands for `module.name`; nothing is imported."""
        path = f"{module}.{name}"
        if path in self._names:
            return self._names[path]
        if module in ("torch", "torch.storage") and name in _STORAGES:
            return _StorageKind(_STORAGES[name], untyped=name == "UntypedStorage")
        dtype = getattr(torch, name, None) if module == "torch" else None
        if isinstance(dtype, torch.dtype):
            return dtype
        found = self._stand_in(path)
        if found is not None:
            self.mentioned = path if isinstance(found, Mention) else self.mentioned
            return found
        mend = "call .dequantize() first" if path.endswith("_qtensor") else "save model.state_dict() instead"
        raise UnsafeArchiveError(
            f"{self._container.source}: data.pkl names {path}, which weights have no need of. Only tensors and plain "
            f"containers are read; nothing was run. If you made this file, {mend}."
        )

    def persistent_load(self, key: Any) -> _Storage:
        """The storage of a tensor: ("storage", kind, record, device, count)."""
        if not isinstance(key, tuple) or len(key) != 5 or key[0] != "storage":
            raise UnsafeArchiveError(f"{self._container.source}: data.pkl refers to something that is no storage.")
        _, kind, record, _, count = key
        if type(kind) is not _StorageKind or type(record) is not str or type(count) is not int:
            raise UnsafeArchiveError(f"{self._container.source}: data.pkl describes a storage in an unknown way.")
        content = self._container.record(f"data/{record}")
        if len(content) != count * kind.dtype.itemsize:
            raise UnsafeArchiveError(
                f"{self._container.source}: the storage {record!r} has {len(content)} bytes, but data.pkl says "
                f"{count} numbers of {kind.dtype.itemsize} bytes."
            )
        if self._copies is not None:  # one for each storage, so that tensors that share one still do
            if record not in self._copies:
                self._copies[record] = memoryview(bytearray(content))
            content = self._copies[record]
        return _Storage(kind, content)

    def _tensor(
        self, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, *metadata: Any
    ) -> torch.Tensor:
        if type(storage) is not _Storage or storage.kind.untyped or metadata not in ((), (None,)):
            raise self._unknown_tensor()
        return self._view(storage.content, storage.kind.dtype, offset, size, stride)

    def _tensor_of_dtype(
        self, storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, dtype: Any, *rest: Any
    ) -> torch.Tensor:
        if type(storage) is not _Storage or not isinstance(dtype, torch.dtype) or rest not in ((), (None,)):
            raise self._unknown_tensor()
        return self._view(storage.content, dtype, offset, size, stride)

    def _unknown_tensor(self) -> UnsafeArchiveError:
        return UnsafeArchiveError(f"{self._container.source}: data.pkl describes a tensor in an unknown way.")

    def _view(self, content: memoryview, dtype: torch.dtype, offset: Any, size: Any, stride: Any) -> torch.Tensor:
        """A tensor over a part of a storage, after checking that it lies inside."""
        numbers = (offset, *size, *stride)
        if len(size) != len(stride) or len(size) > 32 or any(type(n) is not int or n < 0 for n in numbers):
            raise self._unknown_tensor()
        count = len(content) // dtype.itemsize
        numel = math.prod(size)
        last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
        if numel and last >= count:
            raise UnsafeArchiveError(
                f"{self._container.source}: a tensor of shape {tuple(size)}, strides {tuple(stride)} and offset "
                f"{offset} reaches beyond its storage of {count} numbers."
            )
        if numel > count and numel * dtype.itemsize > MAX_EXPANDED_BYTES:
            raise UnsafeArchiveError(
                f"{self._container.source}: a tensor of shape {tuple(size)} repeats a storage of {count} numbers; it "
                f"would take {numel * dtype.itemsize} bytes."
            )
        if not numel or not count:
            return torch.empty(size, dtype=dtype)
        return tensor_from_memory(content, dtype).as_strided(size, stride, offset)
