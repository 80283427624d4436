"""Files that belong to a model (tokenizers, vocabularies, label lists) and travel inside its archive."""

from __future__ import annotations

import enum
import logging
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.connectors.restoring import current_restoration
from nemo.core.connectors.weight_members import is_weights
from nemo.utils.exceptions import ArchiveError

logger = logging.getLogger(__name__)

ARCHIVE_PREFIX = "nemo:"
"""In an archive's config: the rest is the name of a member."""

_HASHED = re.compile(r"[0-9a-f]{32}_")


class ArtifactPathType(enum.Enum):
    """Where an artifact was found."""

    LOCAL_PATH = 0
    TAR_PATH = 1


@dataclass
class ArtifactItem:
    """One artifact of a model."""

    path: str
    """Absolute path of the file now."""
    path_type: ArtifactPathType
    hashed_path: str | None = None
    """`nemo:<name>`: its member name in the archive; None until it is first saved."""

    def member_name(self) -> str:
        """Name in an archive: kept when it came out of one, otherwise unique and readable."""
        if self.hashed_path is None:
            self.hashed_path = f"{ARCHIVE_PREFIX}{uuid.uuid4().hex}_{Path(self.path).name}"
        return self.hashed_path.removeprefix(ARCHIVE_PREFIX)


def extract_artifacts(
    archive: ArchiveReader, folder: Path, archive_values: frozenset[str], others: Collection[str]
) -> None:
    """Copies the files of an archive that are artifacts into a private folder.

    A tar holds nothing else; a folder may hold a read-me, other models and what not, so of a folder only files are
    taken that have an artifact's name or that the config names.

    Args:
        archive: the archive, open.
        folder: where to; it is empty.
        archive_values: every string of the archive's config.
        others: names of the config and the weights.
    """
    config_name, weights_name = others
    names = [name for name in archive.names() if name != config_name and not is_weights(name, weights_name)]
    if archive.path.is_dir():
        mentioned = {Path(value.removeprefix(ARCHIVE_PREFIX)).name for value in archive_values}
        names = [name for name in names if _HASHED.match(Path(name).name) or Path(name).name in mentioned]
    archive.extract_to(folder, names)


def find_artifact(config_path: str, src: str) -> ArtifactItem | None:
    """Finds the file that a config names; None where there is none.

    Order: a local file, then a member of the archive being restored, named with `nemo:` or, in the oldest archives, by
    its bare file name. A config that came out of an archive never reaches a file outside that archive.

    Raises:
        ArchiveError: a `nemo:` name that the archive does not hold.
    """
    restoration = current_restoration()
    believed = restoration is None or src not in restoration.archive_values
    if believed and not src.startswith(ARCHIVE_PREFIX) and Path(src).expanduser().exists():
        return ArtifactItem(str(Path(src).expanduser().resolve()), ArtifactPathType.LOCAL_PATH)
    if restoration is None:
        return None
    given = PurePosixPath(src.removeprefix(ARCHIVE_PREFIX))
    names = [given.name] if given.is_absolute() or ".." in given.parts else [given.as_posix(), given.name]
    for name in names:
        member = restoration.artifact_folder / name
        if member.is_file():
            return ArtifactItem(str(member), ArtifactPathType.TAR_PATH, ARCHIVE_PREFIX + name)
    if src.startswith(ARCHIVE_PREFIX):
        raise ArchiveError(
            f"{restoration.source}: the config names {src!r} under {config_path}, but the archive has no member "
            f"{given.name!r}. The file is incomplete: save or download it again."
        )
    return None
