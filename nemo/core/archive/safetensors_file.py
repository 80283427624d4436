"""Reads and writes safetensors: a length, a JSON header, the tensors one after another.

Reading is done here and not by the library, since a member of an archive is a part of a mapped file, of which the
library would make two copies. What the library refuses is refused here too: holes, overlaps, sizes that do not fit.

The format has no tensors that share memory. Tied weights are written once; the entry `tied` of the header's metadata,
a JSON text `{"decoder.weight": "encoder.weight"}`, says which names share them, and they are tied again on reading.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

import torch
from torch import Tensor

from nemo.core.archive.tensor_memory import tensor_from_memory
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeArchiveError

MAX_NAMES = 100_000
MAX_HEADER_BYTES = 100 * 10**6
MAX_DIMS = 32
TIED = "tied"

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "C64": torch.complex64,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def is_safetensors(content: memoryview) -> bool:
    """Whether a file begins as safetensors does: a length that fits, and a JSON object."""
    return len(content) > 9 and bytes(content[8:9]) == b"{" and int.from_bytes(content[:8], "little") <= len(content)


def read_safetensors(content: memoryview, source: str) -> dict[str, Tensor]:
    """Tensors by name, as views of `content`.

    Raises:
        ArchiveError: it is cut off, or its header is no valid one.
        UnsafeArchiveError: it has too many names, or a header that readers could understand differently.
    """
    length = int.from_bytes(content[:8], "little")
    if length > MAX_HEADER_BYTES or 8 + length > len(content):
        raise _damaged(source, f"its header should have {length} bytes")
    header = _parsed(bytes(content[8 : 8 + length]), source)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise _damaged(source, "its metadata holds something else than texts")
    data = content[8 + length :]
    spans: list[tuple[int, int, str]] = []
    tensors: dict[str, Tensor] = {}
    for name, entry in header.items():
        dtype, shape, start, end = _checked_entry(name, entry, source)
        if end > len(data):
            raise _damaged(source, f"the tensor {name!r} ends at byte {end} of {len(data)}")
        spans.append((start, end, name))
        flat = tensor_from_memory(data[start:end], dtype)
        tensors[name] = flat.reshape(shape)
    _check_spans(spans, len(data), source)
    return _tied_again(tensors, metadata.get(TIED), source)


def _parsed(header: bytes, source: str) -> dict[str, Any]:
    if header.count(b"data_offsets") > MAX_NAMES:
        raise UnsafeArchiveError(f"{source}: more than {MAX_NAMES} tensors in one safetensors file.")
    try:
        parsed = json.loads(header, object_pairs_hook=_without_twins, parse_constant=_no_constant)
    except _TwinsError as error:
        raise UnsafeArchiveError(f"{source}: the header of the safetensors has the key {error} twice.") from None
    except (ValueError, RecursionError) as error:
        raise _damaged(source, f"its header is no JSON ({error})") from None
    if not isinstance(parsed, dict):
        raise _damaged(source, "its header is no JSON object")
    return parsed


class _TwinsError(Exception):
    """A key that a JSON object has twice."""


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _TwinsError(repr(key[:80]))
        result[key] = value
    return result


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _checked_entry(name: str, entry: Any, source: str) -> tuple[torch.dtype, tuple[int, ...], int, int]:
    """The type, shape and place that a header's entry gives, after checking that they agree."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise _damaged(source, f"the entry {name!r} does not have exactly dtype, shape and data_offsets")
    shape, offsets = entry["shape"], entry["data_offsets"]
    numbers = [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) else [None]
    if len(shape) > MAX_DIMS or len(offsets) != 2 or not all(type(n) is int and 0 <= n < 2**62 for n in numbers):
        raise _damaged(source, f"the entry {name!r} has the shape {shape!r:.200} and the place {offsets!r:.200}")
    dtype = _DTYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise _damaged(source, f"the entry {name!r} has the type {entry['dtype']!r:.80}, which is not known")
    if math.prod(n for n in shape if n) >= 2**62:
        raise UnsafeArchiveError(f"{source}: the tensor {name!r} has the shape {shape}, which no machine can count.")
    start, end = offsets
    if end - start != math.prod(shape) * dtype.itemsize:
        raise UnsafeArchiveError(
            f"{source}: the tensor {name!r} of shape {shape} and type {entry['dtype']} has {end - start} bytes."
        )
    return dtype, tuple(shape), start, end


def _check_spans(spans: list[tuple[int, int, str]], size: int, source: str) -> None:
    """The tensors follow each other without a hole or an overlap, and nothing comes after the last."""
    position = 0
    for start, end, name in sorted(spans):
        if start != position:
            raise UnsafeArchiveError(
                f"{source}: the tensor {name!r} starts at byte {start} of the data; the one before ends at {position}."
            )
        position = end
    if position != size:
        raise UnsafeArchiveError(f"{source}: {size - position} bytes after the last tensor, which no tensor explains.")


def _tied_again(tensors: dict[str, Tensor], text: str | None, source: str) -> dict[str, Tensor]:
    if text is None:
        return tensors
    tied = _parsed(text.encode(), source)
    if len(tied) + len(tensors) > MAX_NAMES:
        raise UnsafeArchiveError(f"{source}: more than {MAX_NAMES} tensors in one safetensors file.")
    for name, kept in tied.items():
        if name in tensors or not isinstance(kept, str) or kept not in tensors or kept in tied:
            raise _damaged(source, f"it ties {name!r} to {kept!r:.80}, which is not there, or both have values")
    return tensors | {name: tensors[kept] for name, kept in tied.items()}


def write_safetensors(tensors: Mapping[str, Tensor], file: IO[bytes]) -> None:
    """Writes tensors of the CPU, in the order and with the alignment of the library.

    Raises:
        ConfigError: a type that the format does not have.
    """
    first: dict[tuple[Any, ...], str] = {}
    tied: dict[str, str] = {}
    kept: dict[str, Tensor] = {}
    for name, value in tensors.items():
        if value.dtype not in _NAMES:
            raise ConfigError(
                f"{name} is of the type {value.dtype}, which safetensors does not have; save with torch.save."
            )
        place = (value.data_ptr(), value.dtype, tuple(value.shape), value.stride())
        if value.numel() and first.setdefault(place, name) != name:
            tied[name] = first[place]
        else:
            kept[name] = value
    order = sorted(kept, key=lambda name: (-kept[name].dtype.itemsize, name))
    header: dict[str, Any] = {"__metadata__": {"format": "pt", **({TIED: json.dumps(tied)} if tied else {})}}
    position = 0
    for name in order:
        end = position + kept[name].numel() * kept[name].dtype.itemsize
        header[name] = {
            "dtype": _NAMES[kept[name].dtype],
            "shape": list(kept[name].shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for name in order:
        if kept[name].numel():
            file.write(kept[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)


def _damaged(source: str, what: str) -> ArchiveError:
    return ArchiveError(f"{source}: damaged safetensors: {what}. Get the file again.")
