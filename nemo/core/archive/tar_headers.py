"""A strict reader of tar headers (POSIX.1-1988 ustar, POSIX.1-2001 pax, and what GNU tar writes for plain files).

The standard library's reader is made to get something out of any file: it stops quietly at a broken header and lets
later records rename earlier ones. An archive from strangers needs the opposite, so this one knows regular files and
folders and refuses all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError

BLOCK = 512
MAX_MEMBERS = 10_000
MAX_EXTENDED_HEADER = 64 * 1024

_PLAIN_FILE, _FOLDER = (b"0", b"\0"), b"5"
_PAX, _GNU_LONG_NAME = b"x", b"L"
_OTHER_NUMBERS = ((108, 116), (116, 124), (136, 148), (329, 337), (337, 345))  # owner, group, time, device
_SPECIAL_BITS = 0o7000  # set user id, set group id, sticky
_REFUSED = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a named pipe",
    b"7": "a contiguous file",
    b"g": "a header that renames all later members",
    b"D": "a folder dump of GNU tar",
    b"K": "a long link name",
    b"M": "a part of a file of several volumes",
    b"N": "an old long-name record",
    b"S": "a sparse file",
    b"V": "a volume label",
}


@dataclass(frozen=True)
class TarEntry:
    """One member, a regular file or a folder: its name as written, and where its content lies, in bytes."""

    name: str
    offset: int
    size: int
    is_folder: bool


def read_entries(data: memoryview, source: str, max_headers: int = 3 * MAX_MEMBERS) -> Iterator[TarEntry]:
    """The members of a plain tar, in order.

    Args:
        data: the whole archive.
        source: its name, for messages.
        max_headers: more headers than these are refused; a data set may have more members than a model.

    Raises:
        ArchiveError: it is no tar, or it is cut off.
        UnsafeArchiveError: it holds something else than regular files and folders, or its headers are ambiguous.
    """
    position = 0
    long_name: str | None = None
    count = 0
    while True:
        header = bytes(data[position : position + BLOCK])
        if len(header) < BLOCK:
            raise _cut_off(source, position)
        if not any(header):
            _check_end(data, position, source, pending=long_name is not None)
            return
        kind = header[156:157]
        name, size = _check_header(header, position, source)
        content = position + BLOCK
        position = content + -(-size // BLOCK) * BLOCK
        if position > len(data):
            raise _cut_off(source, len(data))
        count += 1
        if count > max_headers:
            raise _too_many(source)
        if kind in (_PAX, _GNU_LONG_NAME):
            if long_name is not None or size > MAX_EXTENDED_HEADER:
                raise UnsafeArchiveError(f"{source}: two or oversized extended headers before one member ({name!r}).")
            record = bytes(data[content : content + size])
            long_name = _pax_name(record, source) if kind == _PAX else _gnu_name(record, source)
            continue
        full_name = long_name or name
        long_name = None
        _check_kind(header, full_name, size, source)
        is_folder = kind == _FOLDER or full_name.endswith("/")
        if is_folder and size:
            raise UnsafeArchiveError(f"{source}: the member {full_name!r} is a folder with {size} bytes of content.")
        yield TarEntry(full_name, content, size, is_folder)


def _check_header(header: bytes, position: int, source: str) -> tuple[str, int]:
    """Checks a header's checksum; gives its name and the size of what follows."""
    stored = _number(header[148:156])
    plain = header[:148] + b" " * 8 + header[156:]
    signed = sum(plain) - 256 * sum(byte > 127 for byte in plain)
    if stored is None or stored not in (sum(plain), signed):
        if position == 0:
            raise ArchiveError(_not_a_tar(header, source))
        raise ArchiveError(
            f"{source}: damaged at byte {position}: a member's header was expected there and its checksum is wrong. "
            f"Download or copy the file again."
        )
    size = _number(header[124:136])
    others = [header[start:end] for start, end in _OTHER_NUMBERS if header[start] != 0xFF]  # negative, in base 256
    if size is None or any(_number(field) is None for field in others):
        raise ArchiveError(f"{source}: damaged at byte {position}: a number in a member's header is none.")
    name = header[:100].split(b"\0", 1)[0]
    if header[257:263] == b"ustar\0":
        prefix = header[345:500].split(b"\0", 1)[0]
        name = prefix + b"/" + name if prefix else name
    return _text(name, source), size


def _check_kind(header: bytes, name: str, size: int, source: str) -> None:
    kind = header[156:157]
    if kind not in (*_PLAIN_FILE, _FOLDER):
        what = _REFUSED.get(kind, f"of the unknown kind {kind!r}")
        raise UnsafeArchiveError(
            f"{source}: the member {name!r} is {what}; only regular files and folders are accepted. "
            f"Nothing was read from this archive."
        )
    mode = _number(header[100:108])
    if mode is None or mode & _SPECIAL_BITS:
        raise UnsafeArchiveError(f"{source}: the member {name!r} asks for special permission bits ({mode}).")
    if any(header[157:257]):
        raise UnsafeArchiveError(f"{source}: the member {name!r} is a regular file with a link target.")


def _number(field: bytes) -> int | None:
    """An octal number, or a positive one in base 256 (GNU, for 8 GiB and more); None when it is neither."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.split(b"\0", 1)[0].strip(b" ")
    if not digits:
        return 0
    if any(digit not in b"01234567" for digit in digits):
        return None
    return int(digits, 8)


def _pax_name(record: bytes, source: str) -> str:
    """The `path` in a pax header, or an empty text. Records that would change what a member is are refused."""
    name = ""
    seen: set[str] = set()
    while record:
        length, space, _ = record.partition(b" ")
        if not space or not length.isdigit() or len(length) > 6:
            raise UnsafeArchiveError(f"{source}: a pax header is malformed at {record[:20]!r}.")
        line, record = record[len(length) + 1 : int(length)], record[int(length) :]
        key, equals, value = line[:-1].partition(b"=")
        text = _text(key, source)
        if not equals or line[-1:] != b"\n" or text in seen:
            raise UnsafeArchiveError(f"{source}: a pax header is malformed or repeats its key {text!r}.")
        seen.add(text)
        if text in ("size", "linkpath", "hdrcharset") or text.startswith(("GNU.sparse", "SCHILY.realsize")):
            raise UnsafeArchiveError(f"{source}: a pax header sets {text!r}, which would change what a member is.")
        if text == "path":
            name = _checked_long_name(value, source)
    return name


def _gnu_name(record: bytes, source: str) -> str:
    return _checked_long_name(record[:-1] if record.endswith(b"\0") else record, source)


def _checked_long_name(value: bytes, source: str) -> str:
    """A name from an extended header, which is only there when the plain header has no room for it."""
    name = _text(value, source)
    if name.isascii() and len(name) < 100:
        raise UnsafeArchiveError(f"{source}: an extended header renames a member to {name!r} without need.")
    return name


def _text(value: bytes, source: str) -> str:
    if b"\0" in value:
        raise UnsafeArchiveError(f"{source}: the member {value!r} has a NUL in its name.")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise UnsafeArchiveError(f"{source}: the member {value!r} has a name that is not UTF-8.") from None


def _check_end(data: memoryview, position: int, source: str, *, pending: bool) -> None:
    """The archive ends with two blocks of zeros, and nothing but zeros follows."""
    if pending or len(data) < position + 2 * BLOCK:
        raise _cut_off(source, len(data))
    if position == 0:
        raise ArchiveError(f"{source}: an archive without any member. It was not written to its end; get it again.")
    step = 1 << 20
    for start in range(position, len(data), step):
        if any(bytes(data[start : start + step])):
            raise UnsafeArchiveError(
                f"{source}: data after the end of the archive (after byte {position}). Two files in one are refused, "
                f"since readers disagree which of the two counts."
            )


def _cut_off(source: str, position: int) -> ArchiveError:
    return ArchiveError(
        f"{source}: cut off at byte {position}: the end of the archive is missing. Download or copy the file again."
    )


def _too_many(source: str) -> UnsafeArchiveError:
    return UnsafeArchiveError(f"{source}: more than {MAX_MEMBERS} members; a model archive has fewer than a hundred.")


def _not_a_tar(start: bytes, source: str) -> str:
    """A sentence on what a file that is no tar seems to be."""
    if start.startswith(b"version https://git-lfs"):
        return f"{source}: a Git LFS pointer, not the archive itself. Fetch it with: git lfs pull"
    kinds = {
        b"PK\x03\x04": "a zip (a PyTorch checkpoint?)",
        b"\x80": "a pickle",
        b"<": "a web page",
        b"{": "a JSON text",
        b"BZh": "a bzip2 file",
        b"\xfd7zXZ": "an xz file",
    }
    what = next((text for magic, text in kinds.items() if start.startswith(magic)), f"a file starting {start[:8]!r}")
    return (
        f"{source}: not a tar archive but {what}. A .nemo archive is a tar with model_config.yaml and "
        f"model_weights.ckpt; check the path, or download the file again."
    )
