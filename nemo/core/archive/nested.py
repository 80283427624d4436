"""Archives inside archives: what they hold would be checked by nobody, so there are none, neither read nor written."""

from __future__ import annotations

from nemo.utils.exceptions import UnsafeArchiveError

START_BYTES = 512
"""How much of a member must be seen."""

_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"7z\xbc\xaf'\x1c": "7z", b"Rar!": "rar"}
_ZIPS = (".ckpt", ".pt", ".pth", ".bin", ".npz", ".distcp")
"""Endings of PyTorch's and NumPy's own files, which are zips."""


def check_not_nested(name: str, start: bytes, source: str) -> None:
    """Refuses a member that is an archive.

    Args:
        name: of the member.
        start: its first bytes.
        source: the archive that it is in, for the message.

    Raises:
        UnsafeArchiveError: names the member and its kind.
    """
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
    if start[257:262] == b"ustar":
        kind = "tar"
    if start.startswith(b"PK\x03\x04") and not name.endswith(_ZIPS):
        kind = "zip"
    if kind:
        raise UnsafeArchiveError(
            f"{source}: the member {name!r} is an archive itself ({kind}), which a .nemo archive does not hold. Unpack "
            f"it, and use the files that were in it."
        )
