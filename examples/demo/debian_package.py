"""Debian packages without root: fetched by the system's own package client, unpacked by Python.

A ``.deb`` is an ``ar`` archive: an eight-byte mark, then members, each with a 60-byte header (name, size in decimal)
and its bytes, padded to an even length. The member ``data.tar.*`` holds the files.
"""

from __future__ import annotations

import io
import logging
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

from examples.demo.errors import DemoError

logger = logging.getLogger(__name__)

AR_MARK = b"!<arch>\n"
AR_HEADER_BYTES = 60
CLIENT_SECONDS = 300
"""How long the package client may take before we stop waiting."""


def package_client() -> str | None:
    """Path of the system's package client; None where there is none (macOS, other distributions)."""
    return shutil.which("apt-get")


def fetch_packages(names: list[str], folder: Path) -> list[Path]:
    """Downloads Debian packages into `folder`; those that are there already are kept.

    The client first uses the system's package lists. Where these are missing or too old, it fetches lists into
    `folder`/lists, which needs no root and changes nothing on the system.

    Raises:
        DemoError: there is no package client, no network, or no such package.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in names if _downloaded(name, folder) is None]
    client = package_client()
    if missing and client is None:
        raise DemoError("There is no apt-get on this machine. Use: make demo DATA=synthetic")
    if missing and client is not None:
        first = _run([client, "download", *missing], folder)
        if first is not None:
            logger.info("The system's package lists do not serve (%s); fetching private ones.", first.splitlines()[-1])
            _download_with_private_lists(client, missing, folder)
    paths = [_downloaded(name, folder) for name in names]
    absent = [name for name, path in zip(names, paths, strict=True) if path is None]
    if absent:
        raise DemoError(f"The package client ended well, but {', '.join(absent)} is not in {folder}. Try again.")
    return [path for path in paths if path is not None]


def _downloaded(name: str, folder: Path) -> Path | None:
    found = sorted(folder.glob(f"{name}_*.deb"))
    return found[-1] if found else None


def _download_with_private_lists(client: str, names: list[str], folder: Path) -> None:
    lists = (folder / "lists").resolve()
    for part in ("state/lists/partial", "cache/archives/partial"):
        (lists / part).mkdir(parents=True, exist_ok=True)
    options = [
        f"-oDir::State={lists / 'state'}",
        "-oDir::State::status=/var/lib/dpkg/status",
        f"-oDir::Cache={lists / 'cache'}",
        "-oAPT::Sandbox::User=root",  # as root the client would change to a user who cannot write here
    ]
    for command in ([client, *options, "update"], [client, *options, "download", *names]):
        failure = _run(command, folder)
        if failure is not None:
            raise DemoError(
                f"The package client could not fetch {' and '.join(names)}: {failure}\n"
                "Check the network, or do without recordings: make demo DATA=synthetic"
            )


def _run(command: list[str], folder: Path) -> str | None:
    """Runs a command of the package client; None when it went well, else its complaint."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=CLIENT_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer in {CLIENT_SECONDS} seconds"
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip() or f"exit status {done.returncode}")


def package_files(package: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of every regular file in a Debian package; nothing is written to disk.

    Raises:
        DemoError: the file is not a Debian package, is cut short, or packed in a way that Python cannot read.
    """
    for name, content in _ar_members(package):
        if name.startswith("data.tar"):
            try:
                with tarfile.open(fileobj=io.BytesIO(content), mode="r:*") as archive:
                    for member in archive:
                        file = archive.extractfile(member) if member.isreg() else None
                        if file is not None:
                            yield member.name.removeprefix("./"), file.read()
            except (tarfile.TarError, EOFError, OSError) as error:
                raise DemoError(
                    f"{package}: its member {name} cannot be read ({error}). Delete the file and run again; "
                    "if it is packed with zstd, use: make demo DATA=synthetic"
                ) from error
            return
    raise DemoError(f"{package} holds no data.tar; it is not a whole Debian package. Delete it and run again.")


def _ar_members(package: Path) -> Iterator[tuple[str, bytes]]:
    content = package.read_bytes()
    if not content.startswith(AR_MARK):
        raise DemoError(f"{package} does not begin as a Debian package. Delete it and run again.")
    position = len(AR_MARK)
    while position + AR_HEADER_BYTES <= len(content):
        header = content[position : position + AR_HEADER_BYTES]
        name, size_text = header[:16].decode("ascii", "replace").strip().rstrip("/"), header[48:58].strip()
        if header[58:] != b"`\n" or not size_text.isdigit():
            raise DemoError(f"{package} is damaged at byte {position}. Delete it and run again.")
        start, size = position + AR_HEADER_BYTES, int(size_text)
        if start + size > len(content):
            raise DemoError(f"{package} is cut short in its member {name}. Delete it and run again.")
        yield name, content[start : start + size]
        position = start + size + size % 2
