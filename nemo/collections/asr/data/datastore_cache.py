"""Manifests and recordings of an object store, copied to this machine before a run reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from nemo.collections.common.data.manifest import AUDIO_KEYS, ManifestPaths, read_manifest_objects, split_paths
from nemo.utils.data_utils import DataStoreObject, is_datastore_path


def cache_datastore_manifests(
    manifest_filepaths: ManifestPaths,
    cache_audio: bool = False,
    shared_cache: bool | None = None,
    num_workers: int | None = None,
    max_num_workers: int = 20,
) -> None:
    """Fetches the manifests that are in an object store; what is there already stays.

    Args:
        manifest_filepaths: a path, several with commas between, or a list; those on this machine are left alone.
        cache_audio: fetch the recordings that they name too.
        shared_cache: accepted for users' scripts. Copies appear whole, so that several processes may fetch them.
        num_workers: files fetched at once; None: one for each core.
        max_num_workers: most of these.

    Raises:
        DownloadError: a file cannot be had.
    """
    paths = [path for path in split_paths(manifest_filepaths) if is_datastore_path(path)]
    workers = max(1, min(num_workers or os.cpu_count() or 1, max_num_workers))
    _fetch_all(paths, workers)
    if cache_audio:
        _fetch_all([address for path in paths for address in _recordings(path)], workers)


def _recordings(manifest: str) -> list[str]:
    """The addresses of the recordings of a manifest whose copy is there; a relative path starts beside it."""
    folder = manifest.rpartition("/")[0]
    found = []
    for entry in read_manifest_objects(DataStoreObject(manifest).fetch()):
        value = next((entry[key] for key in AUDIO_KEYS if key in entry), None)
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, str) and not os.path.isabs(path):
                found.append(path if "://" in path else f"{folder}/{path}")
    return [address for address in found if is_datastore_path(address)]


def _fetch_all(addresses: Sequence[str], workers: int) -> None:
    with ThreadPoolExecutor(workers, thread_name_prefix="fetch") as pool:
        list(pool.map(lambda address: DataStoreObject(address).fetch(), addresses))
