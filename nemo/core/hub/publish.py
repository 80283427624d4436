"""A model is published: its archive and a card go to a repository of the Hugging Face Hub in one commit."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.hub.model_card import make_model_card
from nemo.package_info import __version__

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

logger = logging.getLogger(__name__)


def publish_model(
    model: ModelPT,
    repo_id: str,
    *,
    pack_nemo_file: bool = True,
    model_card: Any = None,
    commit_message: str = "Push model using huggingface_hub.",
    private: bool = False,
    api_endpoint: str | None = None,
    token: str | None = None,
    branch: str | None = None,
    allow_patterns: list[str] | str | None = None,
    ignore_patterns: list[str] | str | None = None,
    delete_patterns: list[str] | str | None = None,
) -> str:
    """Uploads a model; the repository and the branch are made if they are not there.

    Args:
        model: the model.
        repo_id: `organisation/name`, or `name` for the user's own.
        pack_nemo_file: upload one file, `<name>.nemo`; False: its members as files beside each other.
        model_card: text of the card, or an object whose `str` is the text (`huggingface_hub.ModelCard`); None: one is
            written, unless the repository has one already.
        commit_message: says what changed.
        private: only for a repository that is made now.
        api_endpoint: address of another Hub.
        token: the user's token; default: the one of `hf auth login` or HF_TOKEN.
        branch: default: main.
        allow_patterns: upload only files that match.
        ignore_patterns: upload no files that match.
        delete_patterns: delete files that match from the repository in the same commit.

    Returns:
        The address of the commit.
    """
    from huggingface_hub import HfApi

    api = HfApi(endpoint=api_endpoint, token=token, library_name="nemo", library_version=__version__)
    repository = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
    if branch is not None:
        api.create_branch(repository, branch=branch, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        upload = Path(folder) / "upload"
        upload.mkdir()
        _write_model(model, upload, f"{repository.rsplit('/', 1)[-1]}.nemo", pack_nemo_file)
        if model_card is not None:
            (upload / "README.md").write_text(str(model_card), encoding="utf-8")
        elif not api.file_exists(repository, "README.md", revision=branch):
            (upload / "README.md").write_text(make_model_card(model, repository), encoding="utf-8")
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=upload,
            commit_message=commit_message,
            revision=branch,
            allow_patterns=allow_patterns,
            ignore_patterns=ignore_patterns,
            delete_patterns=delete_patterns,
        )
    logger.info("%s is published: %s", repository, commit.commit_url)
    return str(commit.commit_url)


def _write_model(model: ModelPT, folder: Path, file_name: str, packed: bool) -> None:
    if packed:
        model.save_to(str(folder / file_name))
        return
    with tempfile.TemporaryDirectory() as other:
        model.save_to(str(Path(other) / file_name))
        with ArchiveReader(Path(other) / file_name) as archive:
            archive.extract_to(folder)
