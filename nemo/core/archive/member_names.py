"""Which names the files inside an archive may have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from nemo.utils.exceptions import UnsafeArchiveError

MAX_NAME_BYTES = 255
MAX_FOLDERS = 16

_DRIVE = re.compile(r"^[A-Za-z]:")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control and direction characters, surrogates, line separators


def checked_name(raw: str, source: str) -> str:
    """The plain relative form of a member's name: `./folder/x` gives `folder/x`, `./` gives an empty name.

    Args:
        raw: the name as the archive has it.
        source: the archive, for the message.

    Raises:
        UnsafeArchiveError: the name could lead out of the folder that the archive is unpacked to, on any system, or
            could look like another name.
    """
    fault = _fault(raw)
    if fault:
        raise UnsafeArchiveError(
            f"{source}: the member {raw!r} {fault}. Members of an archive need plain relative names such as "
            f"'model_config.yaml'. Nothing was read from this archive; get it from a source you trust."
        )
    return "/".join(part for part in raw.split("/") if part not in ("", "."))


def check_no_twins(names: Iterable[str], source: str) -> None:
    """Refuses names that are equal, or that some file system takes for equal, or a file used as a folder.

    Raises:
        UnsafeArchiveError: names the second of the two.
    """
    seen: dict[str, str] = {}
    for name in names:
        key = _file_system_key(name)
        if key in seen:
            raise UnsafeArchiveError(
                f"{source}: the member {name!r} is there twice (first as {seen[key]!r}). Readers disagree which of "
                f"the two counts, so the archive is refused; pack it again with one member of each name."
            )
        seen[key] = name
    for key, name in seen.items():
        folder = key.rpartition("/")[0]
        while folder:
            if folder in seen:
                raise UnsafeArchiveError(f"{source}: the member {name!r} lies in {seen[folder]!r}, which is a file.")
            folder = folder.rpartition("/")[0]


def _file_system_key(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _fault(raw: str) -> str | None:
    """What is wrong with a name, or None; look-alikes of dots and slashes count as what they look like."""
    if not raw:
        return "has an empty name"
    if any(unicodedata.category(char) in _INVISIBLE for char in raw):
        return "has control or invisible characters in its name"
    if len(raw.encode()) > MAX_NAME_BYTES:
        return f"has a name of more than {MAX_NAME_BYTES} bytes"
    for form in (raw, unicodedata.normalize("NFKC", raw)):
        if "\\" in form:
            return "has a backslash in its name"
        if form.startswith("/"):
            return "has an absolute path"
        parts = form.split("/")
        if any(_DRIVE.match(part) for part in parts):
            return "names a drive"
        if form.startswith("~"):
            return "names a home folder"
        if any(part not in ("", ".") and not part.rstrip(". ") for part in parts):
            return "leads out of the archive's folder"
    if len(parts) > MAX_FOLDERS:
        return f"lies more than {MAX_FOLDERS} folders deep"
    return None
