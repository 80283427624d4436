"""Which archives this release can open: the key `archive_format` of the config, and `nemo_version`.

An archive without `archive_format` is of format 1, what the original has written since 1.0: newer releases only add
keys, which older ones leave alone. A format that older readers would misunderstand gets the next number, and they
refuse it. We write format 1, so we do not write the key.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from omegaconf import DictConfig

from nemo.package_info import __version__
from nemo.utils.exceptions import ArchiveError

logger = logging.getLogger(__name__)

ARCHIVE_FORMAT = 1
FORMAT_KEY = "archive_format"


def check_archive_version(config: DictConfig, source: str) -> None:
    """Refuses an archive of a later format; says so at the level INFO when only the release is a later one.

    Raises:
        ArchiveError: the format is not known here.
    """
    found = config.get(FORMAT_KEY, ARCHIVE_FORMAT)
    version = config.get("nemo_version")
    if type(found) is not int or not 1 <= found <= ARCHIVE_FORMAT:
        writer = f", written by release {version}" if version else ""
        raise ArchiveError(
            f"{source} has the archive format {found!r}{writer}; this release ({__version__}) knows the formats up to "
            f"{ARCHIVE_FORMAT}. Open it with a newer release of neural-modules."
        )
    if _numbers(version) > _numbers(__version__):
        logger.info("%s was written by release %s; this is %s", source, version, __version__)


def _numbers(version: Any) -> tuple[int, int]:
    """Major and minor number of a version; zeros when there is none."""
    match = re.match(r"(\d{1,9})\.(\d{1,9})", str(version))
    return (int(match[1]), int(match[2])) if match else (0, 0)
