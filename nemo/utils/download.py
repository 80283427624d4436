"""Files from the web: resumed, checked, whole or not there; and archives unpacked without surprises."""

from __future__ import annotations

import errno
import hashlib
import http.client
import logging
import os
import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path
from typing import Any

from nemo.utils.atomic import FULL_DISK, explained, sync_folder
from nemo.utils.exceptions import DownloadError
from nemo.utils.file_lock import file_lock

logger = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
_PROGRESS_SECONDS = 10.0
_NETWORK_ERRORS = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


def download(
    url: str,
    path: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    md5: str | None = None,
    max_bytes: int | None = None,
    attempts: int = 3,
    timeout_seconds: float = 60.0,
) -> Path:
    """Downloads `url` to `path`, unless it is there.

    What has arrived lies in ``<path>.part``; a later call goes on from there. The file gets its name only when it is
    whole and has the checksum announced. Of several processes one downloads, and the others wait for its file.

    Args:
        url: http or https address.
        path: file to write; its folder is made.
        sha256: checksum that the file must have.
        md5: the same, for servers that publish only this kind.
        max_bytes: largest size accepted.
        attempts: how often a broken connection is taken up again.
        timeout_seconds: longest wait for the server.

    Raises:
        DownloadError: names the address and why: no such file, no connection, too large, another checksum.
        WriteError: the disk is full; names the file and the bytes. What has arrived is kept.
    """
    target = Path(path)
    if target.is_file():
        return target
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise DownloadError(f"{url} is no web address. Expected one that begins with https:// or http://; mend it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(target.with_name(target.name + ".lock")):
        if not target.is_file():  # another process may have got it while this one waited
            part = target.with_name(target.name + ".part")
            _fetch_with_patience(url, target, part, max_bytes, attempts, timeout_seconds)
            _check(part, url, "sha256", sha256)
            _check(part, url, "md5", md5)
            _rename_durably(part, target)
    return target


def _fetch_with_patience(
    url: str, target: Path, part: Path, max_bytes: int | None, attempts: int, timeout_seconds: float
) -> None:
    """Fetches into `part`; a connection that breaks is taken up again."""
    for attempt in range(1, attempts + 1):
        try:
            _fetch(url, part, max_bytes, timeout_seconds)
            return
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == attempts:
                raise DownloadError(
                    f"{url} cannot be had: the server answers {error.code} {error.reason}. Check the address, or get "
                    f"the file another way and put it at {target}."
                ) from error
        except _NETWORK_ERRORS as error:
            if attempt == attempts:
                raise DownloadError(
                    f"{url} cannot be had: {getattr(error, 'reason', error)}. Check the connection and call again "
                    f"(what has arrived is kept), or get the file another way and put it at {target}."
                ) from error
        logger.warning("connection to %s broke; taking it up again", url)
        time.sleep(min(attempt, 5) * 0.2)


def _rename_durably(part: Path, target: Path) -> None:
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    sync_folder(target.parent)


def read_url(url: str, *, max_bytes: int = 1 << 20, timeout_seconds: float = 60.0) -> bytes:
    """The content of a small file on the web.

    Raises:
        DownloadError: names the address and why.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = download(url, Path(folder) / "file", max_bytes=max_bytes, timeout_seconds=timeout_seconds, attempts=1)
        return path.read_bytes()


def extract_tar(archive: str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
    """Unpacks a tar file into `folder`; nothing appears there before all of it is unpacked.

    Members that would leave the folder, links to outside and devices are refused, as Python's ``data`` filter says.
    What is there already under the same name is replaced.

    Raises:
        DownloadError: the archive is damaged or holds such members; names it.
    """
    destination = Path(folder)
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination, prefix=".unpacking-") as temporary:
        try:
            with tarfile.open(archive) as tar:
                tar.extractall(temporary, filter="data")
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise DownloadError(
                f"{archive} cannot be unpacked ({error}). Expected a whole tar file; delete it and download it again."
            ) from error
        for item in Path(temporary).iterdir():
            _move_into(item, destination / item.name)


def _move_into(source: Path, target: Path) -> None:
    """Moves a file or a tree, into what is there already."""
    if source.is_dir() and target.is_dir():
        for item in source.iterdir():
            _move_into(item, target / item.name)
        return
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(source, target)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to other web addresses only, and from https never to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """The request that follows a redirection."""
        before, after = (urllib.parse.urlsplit(url).scheme for url in (req.full_url, newurl))
        if after != "https" and not before == after == "http":
            raise DownloadError(
                f"{req.full_url} leads to {newurl}. Expected an address that begins with https://; do not use that one."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str, part: Path, max_bytes: int | None, timeout_seconds: float) -> None:
    """Appends to `part` what is missing."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "neural-modules"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response: Any = urllib.request.build_opener(_SafeRedirects).open(request, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to send, or the file has changed
            with error:
                whole = error.headers.get("Content-Range") == f"bytes */{have}"
            if whole:
                return
            part.unlink()
            _fetch(url, part, max_bytes, timeout_seconds)
            return
        raise
    with response:
        goes_on = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if not goes_on:
            have = 0
        length = response.headers.get("Content-Length")
        total = None if length is None else have + int(length)
        if max_bytes is not None and total is not None and total > max_bytes:
            raise DownloadError(f"{url} has {total} bytes. Expected {max_bytes} at most; check the address.")
        try:
            with open(part, "ab" if goes_on else "wb") as file:
                _check_room(part, 0 if total is None else total - have)
                _copy(response, file, url, have, total, max_bytes)
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            raise explained(error, part, total or 0, part) from error


def _check_room(part: Path, missing: int) -> None:
    if shutil.disk_usage(part.parent).free < missing:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _copy(response: Any, file: Any, url: str, have: int, total: int | None, max_bytes: int | None) -> None:
    told = time.monotonic()
    while chunk := response.read(_CHUNK_BYTES):
        file.write(chunk)
        have += len(chunk)
        if max_bytes is not None and have > max_bytes:
            raise DownloadError(
                f"{url} has more than {max_bytes} bytes, the most that was expected. Check the address."
            )
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            share = f"{100 * have / total:.0f} % of {total / 1e6:.0f} MB" if total else f"{have / 1e6:.0f} MB"
            logger.info("%s: %s", url, share)
    if total is not None and have < total:
        raise ConnectionError(f"the connection ended after {have} of {total} bytes")


def _check(part: Path, url: str, kind: str, expected: str | None) -> None:
    if expected is None:
        return
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(part, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != expected.lower():
        part.unlink()
        raise DownloadError(
            f"{url} gave a file with the {kind} checksum {digest.hexdigest()}. Expected {expected}; it was "
            "deleted. Call again, and if it stays so, do not use that address."
        )
