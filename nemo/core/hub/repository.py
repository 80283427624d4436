"""The model in a repository `organisation/name` of the Hugging Face Hub, from the Hub's own cache if it is there.

A repository holds one `.nemo` file, usually `<name>.nemo`, or the members of one as files beside each other. What is
cached is used without a request; `HF_HUB_OFFLINE`, `HF_TOKEN`, `HF_HOME` and `HF_ENDPOINT` are honoured by the Hub's
own library, which also resumes broken downloads and locks them against each other.
"""

from __future__ import annotations

import hashlib
import logging
import re
from pathlib import Path
from typing import Any

from nemo.package_info import __version__
from nemo.utils.exceptions import DownloadError

logger = logging.getLogger(__name__)

CONFIG_MEMBER = "model_config.yaml"
FILES_OF_AN_EXTRACTED_MODEL = ["*.yaml", "*.ckpt", "*.safetensors", "*.model", "*.vocab", "*.txt", "*.json", "*_*"]
"""What is fetched of a repository that holds an extracted archive; artifacts are named `<32 hex digits>_<name>`."""


class HubUnreachableError(DownloadError, ValueError):
    """The Hub did not answer, or the file that came is not the one announced."""


def model_in_repository(repository: str, refresh: bool = False) -> Path:
    """The `.nemo` file of a repository, or the folder of its extracted members.

    Args:
        repository: `organisation/name`.
        refresh: ask the Hub for the newest version even if there is one in the cache.

    Raises:
        FileNotFoundError: there is no such repository, or it holds no model or several.
        HubUnreachableError: the Hub cannot be reached and nothing is cached, or the file is not the one announced.
    """
    cached = None if refresh else _cached(repository)
    if cached is not None:
        logger.debug("found %s in the cache: %s", repository, cached)
        return cached
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    try:
        try:
            return _fetch(repository, _usual_name(repository))
        except LocalEntryNotFoundError:
            raise
        except EntryNotFoundError:
            return _fetch_only_model(repository)
    except GatedRepoError as error:
        raise FileNotFoundError(
            f"{repository} is gated: its owners want to know who fetches it. Ask for access on its page, then log in "
            "with `hf auth login` or set HF_TOKEN."
        ) from error
    except RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"the Hub has no repository {repository!r}, or it is private. Check the name; for a private one log in "
            "with `hf auth login` or set HF_TOKEN."
        ) from error
    except (OfflineModeIsEnabled, LocalEntryNotFoundError, HfHubHTTPError, ConnectionError, TimeoutError) as error:
        raise HubUnreachableError(_unreachable(repository, error)) from error


def _usual_name(repository: str) -> str:
    return f"{repository.rsplit('/', 1)[-1]}.nemo"


def _cached(repository: str) -> Path | None:
    """What the cache holds of the repository's newest known version; asks nobody."""
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, _usual_name(repository), local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    for patterns in ("*.nemo", FILES_OF_AN_EXTRACTED_MODEL):
        try:
            folder = Path(snapshot_download(repository, local_files_only=True, allow_patterns=patterns))
        except LocalEntryNotFoundError:
            return None
        archives = sorted(folder.glob("*.nemo"))
        if archives:
            return archives[0] if len(archives) == 1 else None
        if (folder / CONFIG_MEMBER).is_file() and any(folder.glob("model_weights.*")):
            return folder
    return None


def _fetch(repository: str, file_name: str) -> Path:
    """Downloads a file into the Hub's cache, where it lies under its checksum, and compares that."""
    from huggingface_hub import hf_hub_download

    path = Path(
        hf_hub_download(repo_id=repository, filename=file_name, library_name="nemo", library_version=__version__)
    )
    _compare_checksum(repository, path)
    return path


def _fetch_only_model(repository: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download

    names = HfApi().list_repo_files(repository)
    archives = [name for name in names if name.endswith(".nemo")]
    if len(archives) == 1:
        return _fetch(repository, archives[0])
    if not archives and CONFIG_MEMBER in names:
        return Path(snapshot_download(repository, allow_patterns=FILES_OF_AN_EXTRACTED_MODEL, library_name="nemo"))
    found = f"it holds {len(archives)} of them: {', '.join(archives)}" if archives else f"it holds {_some(names)}"
    raise FileNotFoundError(
        f"the repository {repository} has no {_usual_name(repository)}; {found}. Download the file that you want "
        "(`hf download`), and open it with restore_from(path)."
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "") if names else "nothing"


def _compare_checksum(repository: str, path: Path) -> None:
    """The Hub names large files in its cache by their SHA-256; one that is another is deleted."""
    blob = path.resolve()
    if not re.fullmatch(r"[0-9a-f]{64}", blob.name):  # a small file, or a cache without links
        return
    with open(blob, "rb") as file:
        digest = _sha256(file)
    if digest == blob.name:
        return
    path.unlink()
    if blob.exists():
        blob.unlink()
    raise HubUnreachableError(
        f"{repository} gave a file with the sha256 checksum {digest}. Expected {blob.name}; it was deleted. Call "
        "again, and if it stays so, do not use that repository."
    )


def _sha256(file: Any) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def _unreachable(repository: str, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return (
        f"{repository} is not in the cache, and the Hub cannot be asked for it: {reason} Check the network and "
        "HF_HUB_OFFLINE; or get the .nemo file by other means and use restore_from(path)."
    )
