"""Files in an object store: addresses such as `ais://bucket/folder/a.wav` and their copies on this machine.

AIStore is the store that is understood; files are fetched by its program `ais`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from nemo.constants import NEMO_ENV_CACHE_DIR, NEMO_ENV_DATA_STORE_CACHE_DIR, NEMO_ENV_DATA_STORE_CACHE_SHARED
from nemo.package_info import __version__
from nemo.utils.atomic import atomic_write
from nemo.utils.env_var_parsing import get_envbool
from nemo.utils.exceptions import ConfigError, DownloadError, MissingDependencyError

DATA_STORE_SCHEMES = ("ais",)
AIS_ENDPOINT = "AIS_ENDPOINT"
"""Environment variable of AIStore's own tools: where its server is, `http://host:port`."""
AIS_SECONDS = 3600


@dataclass
class DataStoreObject:
    """A file of an object store and its copy on this machine.

    Args:
        store_path: `ais://bucket/object`, or a path on this machine, which is its own copy.
        local_path: where the copy lies or is to be put; default: below :func:`resolve_cache_dir`.
        get: fetch it at once.
    """

    store_path: str
    local_path: str | None = None
    get: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if self.local_path is None:
            self.local_path = datastore_path_to_local_path(self.store_path)
        self._fetched = not is_datastore_path(self.store_path)
        if self.get:
            self.fetch()

    def fetch(self, force: bool = False) -> str:
        """Gets the copy unless it is there; returns its path."""
        assert self.local_path is not None
        if not self._fetched and (force or not Path(self.local_path).exists()):
            _fetch(self.store_path, Path(self.local_path))
        self._fetched = True
        return self.local_path

    def open(self, mode: str = "r") -> IO[str] | IO[bytes]:
        """Opens the copy."""
        return open(self.fetch(), mode, encoding=None if "b" in mode else "utf-8")


def is_datastore_path(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address in an object store."""
    return str(path).startswith(tuple(f"{scheme}://" for scheme in DATA_STORE_SCHEMES))


def is_datastore_cache_shared() -> bool:
    """Whether NEMO_DATA_STORE_CACHE_SHARED says that all nodes see the same copies."""
    return bool(get_envbool(NEMO_ENV_DATA_STORE_CACHE_SHARED, False))


def resolve_cache_dir() -> Path:
    """Folder of downloaded files: NEMO_CACHE_DIR, or that of this version in the user's cache."""
    configured = os.environ.get(NEMO_ENV_CACHE_DIR)
    return Path(configured).expanduser() if configured else Path.home() / ".cache/torch/NeMo" / f"NeMo_{__version__}"


def bucket_and_object_from_uri(uri: str) -> tuple[str, str]:
    """`ais://bucket/folder/a.wav` -> (`bucket`, `folder/a.wav`).

    Raises:
        ConfigError: it is no address of an object store.
    """
    parts = urlsplit(str(uri))
    if not is_datastore_path(uri) or not parts.netloc:
        raise ConfigError(f"{uri} is no address of an object store; expected ais://bucket/object")
    return parts.netloc, parts.path.lstrip("/")


def ais_endpoint_to_dir(endpoint: str) -> str:
    """`http://host:8080` -> `host/8080`: the folder in which the copies of a server lie.

    Raises:
        ConfigError: it is no address of a server.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port is None:
        raise ConfigError(f"{AIS_ENDPOINT} is {endpoint!r}; expected http://host:port")
    return os.path.join(parts.hostname, str(parts.port))


def ais_binary() -> str:
    """Path of the program `ais`.

    Raises:
        MissingDependencyError: it is not installed.
    """
    found = shutil.which("ais")
    if found is None:
        raise MissingDependencyError(
            "reading ais:// addresses needs AIStore's program `ais`, which is not on the PATH. Install AIStore's "
            "command line, or copy the files to this machine and name them by path."
        )
    return found


def datastore_path_to_local_path(store_path: str) -> str:
    """Where the copy of an object lies; a path on this machine is its own copy.

    Raises:
        ConfigError: AIS_ENDPOINT is needed and not set.
    """
    if not is_datastore_path(store_path):
        return str(store_path)
    endpoint = os.environ.get(AIS_ENDPOINT)
    if not endpoint:
        raise ConfigError(f"{store_path} is in an AIStore, but {AIS_ENDPOINT} is not set. Set it to http://host:port.")
    bucket, name = bucket_and_object_from_uri(store_path)
    own = os.environ.get(NEMO_ENV_DATA_STORE_CACHE_DIR)
    cache = Path(own).expanduser() if own else resolve_cache_dir() / "ais"
    local = cache / ais_endpoint_to_dir(endpoint) / bucket / name
    if not local.resolve().is_relative_to(cache.resolve()):
        raise ConfigError(f"{store_path} leads out of the folder of copies, {cache}; correct the address")
    return str(local)


def datastore_path_to_webdataset_url(store_path: str) -> str:
    """An address as WebDataset reads it: a pipe from `ais` for one in an object store, else the path."""
    if not is_datastore_path(store_path):
        return str(store_path)
    if any(character in store_path for character in "'\"`$;&|<>\n\\"):
        raise ConfigError(f"{store_path!r} has characters that a shell would act on; rename the object")
    return f"pipe:{ais_binary()} get {store_path} - || true"


def _fetch(store_path: str, local: Path) -> None:
    local.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(local) as temporary:
        command = [ais_binary(), "get", store_path, str(temporary)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=AIS_SECONDS)
        if done.returncode != 0:
            reason = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
            raise DownloadError(f"{store_path} cannot be had: {reason}. Check the address and {AIS_ENDPOINT}.")
