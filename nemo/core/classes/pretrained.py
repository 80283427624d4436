"""Published models: what the catalogue says of one, and the cache in which it is kept.

Models of the Hugging Face Hub are fetched by nemo/core/hub/.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nemo.utils.atomic import sync_folder
from nemo.utils.data_utils import resolve_cache_dir
from nemo.utils.exceptions import DownloadError
from nemo.utils.file_lock import file_lock

logger = logging.getLogger(__name__)

DOWNLOAD_TRIES = 3


@functools.total_ordering
@dataclass(eq=False)
class PretrainedModelInfo:
    """One published model. Two are equal when their location or their name is the same; they are ordered by name."""

    pretrained_model_name: str
    description: str
    location: str
    """Address of the `.nemo` file."""
    class_: Any = None
    """The model class that restores it; None: the class that lists it."""
    aliases: list[str] | None = None
    """Other names under which it is found."""
    sha256: str | None = None
    """Checksum of the file, compared after the download."""

    def __repr__(self) -> str:
        fields = ("pretrained_model_name", "description", "location", "class_")
        lines = (f"\t{name}={getattr(self, name)}" for name in fields if getattr(self, name) is not None)
        return "PretrainedModelInfo(\n" + ",\n".join(lines) + "\n)"

    def __hash__(self) -> int:
        return hash(self.location)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PretrainedModelInfo):
            return NotImplemented
        return self.location == other.location or self.pretrained_model_name == other.pretrained_model_name

    def __lt__(self, other: PretrainedModelInfo) -> bool:
        return self.pretrained_model_name < other.pretrained_model_name


def resolve_subclass_pretrained_model_info(base_class: type) -> list[PretrainedModelInfo]:
    """The published models of all subclasses of `base_class`, each with the class that lists it, sorted by name."""
    found: dict[str, PretrainedModelInfo] = {}
    for subclass in _subclasses(base_class):
        listed = subclass.list_available_models() if "list_available_models" in vars(subclass) else None
        for info in listed or ():
            info.class_ = info.class_ or subclass
            found.setdefault(info.pretrained_model_name, info)
    return sorted(found.values())


def _subclasses(cls: type) -> Iterator[Any]:
    subclass: Any
    for subclass in cls.__subclasses__():
        yield from _subclasses(subclass)
        yield subclass


def cached_file(info: PretrainedModelInfo, refresh: bool = False) -> Path:
    """The local copy of a published model, downloaded if it is not there.

    Args:
        info: a row of the catalogue.
        refresh: download again even if it is there.

    Raises:
        ValueError: it could not be downloaded in three tries.
    """
    file_name = info.location.rsplit("/", 1)[-1]
    digest = hashlib.md5((info.location + info.description).encode("utf-8")).hexdigest()
    path = resolve_cache_dir() / Path(file_name).stem / digest / file_name
    if path.is_file() and not refresh:
        logger.debug("found %s in the cache: %s", info.pretrained_model_name, path)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(path.with_name(f"{path.name}.lock")):
        if refresh or not path.is_file():  # another process may have got it while this one waited
            _download(info, path)
    return path


def _download(info: PretrainedModelInfo, path: Path) -> None:
    from nemo.utils.download import download

    logger.info("downloading %s from %s to %s", info.pretrained_model_name, info.location, path)
    try:
        fresh = download(info.location, path.with_name(f"{path.name}.new"), sha256=info.sha256, attempts=DOWNLOAD_TRIES)
    except DownloadError as error:
        raise ValueError(
            f"{info.pretrained_model_name} could not be downloaded to {path}: {error} Check the network; or get the "
            "file by other means and use restore_from(path)."
        ) from error
    os.replace(fresh, path)
    sync_folder(path.parent)
