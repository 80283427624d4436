"""The zip that `torch.save` writes: `<root>/data.pkl`, and one stored record `<root>/data/<key>` for each storage."""

from __future__ import annotations

import struct
import sys
import zipfile

from nemo.core.archive.file_views import open_view
from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

MAX_RECORDS = 1_000_000
MAX_PICKLE_BYTES = 64 * 2**20

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 0x1


class TorchZip:
    """Names and places of the records in a checkpoint, checked as a whole.

    Args:
        data: the checkpoint.
        source: its name, for messages.

    Raises:
        ArchiveError: it is no checkpoint of `torch.save`, or it is cut off.
        UnsafeArchiveError: it is TorchScript (which is code), or it was not packed by `torch.save`.
    """

    def __init__(self, data: memoryview, source: str) -> None:
        self._data = data
        self.source = source
        entries = _entries(data, source)
        root = entries[0].filename.partition("/")[0]
        self._spans: dict[str, tuple[int, int]] = {}
        end_of_last = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            name = entry.filename.removeprefix(f"{root}/")
            offset = _checked_offset(entry, root, data, source)
            if name in self._spans or entry.header_offset < end_of_last:
                raise UnsafeArchiveError(f"{source}: the record {entry.filename!r} is there twice or overlaps another.")
            end_of_last = offset + entry.file_size
            self._spans[name] = (offset, entry.file_size)
        self._check_contents()

    def pickle(self) -> bytes:
        """The pickle that describes the tensors; its bytes are not trusted."""
        return bytes(self.record("data.pkl"))

    def record(self, name: str) -> memoryview:
        """A record's content, without a copy."""
        if name not in self._spans:
            raise ArchiveError(f"{self.source}: damaged: the record {name!r} that it refers to is missing.")
        offset, size = self._spans[name]
        return self._data[offset : offset + size]

    def _check_contents(self) -> None:
        if any(name == "constants.pkl" or name.startswith("code/") for name in self._spans):
            raise UnsafeArchiveError(
                f"{self.source}: this is TorchScript, which is a program, not weights. Save the model's state_dict."
            )
        if "data.pkl" not in self._spans:
            raise ArchiveError(f"{self.source}: a zip, but not one that torch.save wrote: it has no data.pkl.")
        if self._spans["data.pkl"][1] > MAX_PICKLE_BYTES:
            raise UnsafeArchiveError(f"{self.source}: data.pkl has more than {MAX_PICKLE_BYTES} bytes.")
        order = bytes(self.record("byteorder")).decode("ascii", "replace") if "byteorder" in self._spans else "little"
        if order != sys.byteorder:
            raise ArchiveError(
                f"{self.source}: written with the byte order {order!r}, this machine has {sys.byteorder!r}. "
                f"Load it with torch.load on a machine like the one that wrote it, and save it as safetensors."
            )


def _entries(data: memoryview, source: str) -> list[zipfile.ZipInfo]:
    if bytes(data[:4]) != b"PK\x03\x04":
        raise _not_a_checkpoint(bytes(data[:16]), source)
    try:
        with zipfile.ZipFile(open_view(data)) as file:
            entries = file.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error, RuntimeError) as error:
        raise ArchiveError(f"{source}: the weights are cut off or damaged ({error}). Get the file again.") from error
    if not entries:
        raise ArchiveError(f"{source}: a checkpoint without any record.")
    if len(entries) > MAX_RECORDS:
        raise UnsafeArchiveError(f"{source}: more than {MAX_RECORDS} records.")
    return entries


def _checked_offset(entry: zipfile.ZipInfo, root: str, data: memoryview, source: str) -> int:
    """Where a record's content starts, after checking that both of its headers say the same."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & _ENCRYPTED:
        raise UnsafeArchiveError(f"{source}: the record {entry.filename!r} is compressed, which torch.save never does.")
    parts = entry.filename.split("/")
    if parts[0] != root or len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or "\\" in entry.filename:
        raise UnsafeArchiveError(f"{source}: the record {entry.filename!r} lies outside of the folder {root!r}.")
    start = bytes(data[entry.header_offset : entry.header_offset + _LOCAL_HEADER.size])
    if len(start) < _LOCAL_HEADER.size or not start.startswith(b"PK\x03\x04"):
        raise ArchiveError(f"{source}: damaged: the record {entry.filename!r} does not start where it should.")
    *_, name_length, extra_length = _LOCAL_HEADER.unpack(start)
    name_at = entry.header_offset + _LOCAL_HEADER.size
    if bytes(data[name_at : name_at + name_length]) != entry.orig_filename.encode():
        raise UnsafeArchiveError(f"{source}: the record {entry.filename!r} has two different names.")
    offset: int = name_at + name_length + extra_length
    if entry.compress_size != entry.file_size or offset + entry.file_size > len(data):
        raise ArchiveError(f"{source}: cut off or damaged in the record {entry.filename!r}. Get the file again.")
    return offset


def _not_a_checkpoint(start: bytes, source: str) -> ArchiveError:
    if not start:
        return ArchiveError(f"{source}: the file of weights is empty. Get it again.")
    if start[:1] == b"\x80":
        return UnsafeArchiveError(
            f"{source}: a bare pickle or a file of torch before 1.6, which can run code when it is read. If you trust "
            f"it: torch.save(torch.load(path, weights_only=True), new_path) with a current torch, and use the new file."
        )
    return ArchiveError(
        f"{source}: not a file of weights: it starts with {start!r}. Expected is what torch.save(model.state_dict()) "
        f"or safetensors write."
    )
