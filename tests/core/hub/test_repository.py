"""Fetching models from a local Hub: cached first, checked, with errors that say what to do."""

import pytest
import torch

from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.hub.repository import HubUnreachableError, model_in_repository
from tests.core.tiny import TinyModel, tiny_config


@pytest.fixture
def archive(tmp_path):
    """A model and the content of its archive."""
    model = TinyModel(tiny_config())
    model.save_to(str(tmp_path / "made.nemo"))
    return model, (tmp_path / "made.nemo").read_bytes()


def test_model_is_fetched_once_and_then_taken_from_the_cache_without_a_request(hub, archive):
    model, content = archive
    hub.repositories["team/tiny"] = {"tiny.nemo": content, "README.md": b"card"}
    assert torch.equal(TinyModel.from_pretrained("team/tiny").encoder.weight, model.encoder.weight)
    hub.requests.clear()
    assert torch.equal(TinyModel.from_pretrained("team/tiny").encoder.weight, model.encoder.weight)
    assert hub.requests == []


def test_offline_the_cache_is_used_and_its_lack_is_said(hub, archive, monkeypatch):
    hub.repositories["team/tiny"] = {"tiny.nemo": archive[1]}
    path = model_in_repository("team/tiny")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert model_in_repository("team/tiny") == path
    with pytest.raises(HubUnreachableError, match=r"team/other is not in the cache.*HF_HUB_OFFLINE.*restore_from"):
        model_in_repository("team/other")


def test_refresh_brings_the_newest_version(hub, archive, tmp_path):
    hub.repositories["team/tiny"] = {"tiny.nemo": archive[1]}
    model_in_repository("team/tiny")
    newer = TinyModel(tiny_config())
    newer.save_to(str(tmp_path / "newer.nemo"))
    hub.repositories["team/tiny"] = {"tiny.nemo": (tmp_path / "newer.nemo").read_bytes()}
    assert model_in_repository("team/tiny").read_bytes() == archive[1]
    restored = TinyModel.from_pretrained("team/tiny", refresh_cache=True)
    assert torch.equal(restored.encoder.weight, newer.encoder.weight)


def test_the_only_archive_is_found_under_another_name(hub, archive):
    hub.repositories["team/tiny"] = {"epoch-7.nemo": archive[1], "README.md": b"card"}
    assert model_in_repository("team/tiny").read_bytes() == archive[1]
    hub.requests.clear()
    assert model_in_repository("team/tiny").name == "epoch-7.nemo"
    assert hub.requests == []


def test_several_archives_or_none_are_named(hub, archive):
    hub.repositories["team/two"] = {"a.nemo": archive[1], "b.nemo": archive[1]}
    with pytest.raises(FileNotFoundError, match=r"no two\.nemo; it holds 2 of them: a\.nemo, b\.nemo"):
        model_in_repository("team/two")
    hub.repositories["team/none"] = {"README.md": b"card"}
    with pytest.raises(FileNotFoundError, match=r"no none\.nemo; it holds README\.md"):
        model_in_repository("team/none")


def test_missing_and_gated_repositories_are_told_apart(hub):
    with pytest.raises(FileNotFoundError, match=r"no repository 'team/nothing', or it is private"):
        model_in_repository("team/nothing")
    hub.gated.add("team/gated")
    with pytest.raises(FileNotFoundError, match=r"team/gated is gated"):
        model_in_repository("team/gated")


def test_a_file_that_is_not_the_one_announced_is_deleted(hub, archive):
    hub.repositories["team/tiny"] = {"tiny.nemo": archive[1]}
    hub.lies.add("tiny.nemo")
    with pytest.raises(HubUnreachableError, match=r"sha256 checksum .* Expected .* deleted"):
        model_in_repository("team/tiny")
    hub.lies.clear()
    assert model_in_repository("team/tiny").read_bytes() == archive[1]


def test_an_extracted_model_is_restored(hub, archive, tmp_path):
    model, _ = archive
    folder = tmp_path / "members"
    folder.mkdir()
    with ArchiveReader(tmp_path / "made.nemo") as reader:
        reader.extract_to(folder)
    hub.repositories["team/open"] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert torch.equal(TinyModel.from_pretrained("team/open").encoder.weight, model.encoder.weight)
    hub.requests.clear()
    TinyModel.from_pretrained("team/open")
    assert hub.requests == []
