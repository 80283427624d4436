"""Files from the web, kept in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from nemo.utils.data_utils import resolve_cache_dir
from nemo.utils.download import download


def maybe_download_from_cloud(
    url: str,
    filename: str,
    subfolder: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    refresh_cache: bool = False,
) -> str:
    """Downloads `<url>/<filename>` unless it is kept already.

    Args:
        url: address without the file.
        filename: file below the address.
        subfolder: folder below the cache.
        cache_dir: default: NEMO_CACHE_DIR, or that of this version in the user's cache.
        refresh_cache: download again.

    Returns:
        Path of the file.

    Raises:
        DownloadError: names the address and why it cannot be had.
    """
    folder = Path(cache_dir).expanduser() if cache_dir else resolve_cache_dir()
    target = folder / (subfolder or "") / filename
    if refresh_cache:
        target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    return str(download(f"{url.rstrip('/')}/{filename}", target))
