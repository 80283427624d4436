"""Battery S1: archives that try to do harm are refused, and Python's audit events show that nothing was done."""

from __future__ import annotations

import contextlib
import os
import tarfile

import pytest
import torch
import yaml

from nemo.utils.exceptions import ArchiveError, UnsafeArchiveError
from tests.security import archives, samples_config, samples_content, samples_pickle, samples_tar
from tests.security.audit import watching
from tests.security.model import ModelWithPart

CLASSES = {
    "a_traversal": samples_tar.TRAVERSAL,
    "b_links": samples_tar.LINKS,
    "c_kinds": samples_tar.KINDS,
    "d_twins": samples_tar.TWINS,
    "e_bombs": samples_tar.BOMBS,
    "f_pickles": samples_pickle.PICKLES,
    "g_direct": samples_config.DIRECT,
    "h_indirect": samples_config.INDIRECT,
    "i_tricks": samples_config.TRICKS,
    "j_allowed_looking": samples_config.ALLOWED_LOOKING,
    "k_files": samples_content.FILES,
    "l_wrong": samples_content.WRONG,
}
SAMPLES = [(kind, name) for kind, samples in CLASSES.items() for name in samples]
NOT_HARMFUL = {"k_files": (ArchiveError, FileNotFoundError), "l_wrong": ArchiveError}
"""Classes in which the archive is merely wrong; the others must be called unsafe."""


@pytest.fixture(scope="module", autouse=True)
def _warm(tmp_path_factory):
    """Whatever a restore imports is imported, so that the imports of a bad archive stand out."""
    path = tmp_path_factory.mktemp("good") / "good.nemo"
    archives.write(path)
    model = ModelWithPart.restore_from(str(path), map_location="cpu")
    assert model(torch.ones(1, 4)).shape == (1, 2)


def make(kind, name, path, canary):
    CLASSES[kind][name](path, canary)
    if kind == "k_files":  # the folder is known only now
        with tarfile.open(path) as tar:
            text = tar.extractfile("./model_config.yaml").read().decode()
        archives.write(path, config=text.replace("FOLDER", str(canary.parent)).encode())


def test_every_class_has_at_least_ten_samples_and_a_control():
    assert len(CLASSES) == 12
    assert min(map(len, CLASSES.values())) >= 10
    assert CONTROLLED.keys() == CLASSES.keys()
    assert all(callable(globals()[name]) for name in CONTROLLED.values())


@pytest.mark.battery("S1")
@pytest.mark.parametrize(("kind", "name"), SAMPLES)
def test_refused_and_nothing_done(kind, name, tmp_path, canary, refused):
    path = tmp_path / "bad.nemo"
    make(kind, name, path, canary)
    errors = NOT_HARMFUL.get(kind, UnsafeArchiveError)
    error = refused(lambda: ModelWithPart.restore_from(str(path), map_location="cpu"), errors)
    assert "bad.nemo" in str(error) or kind == "k_files"


# ------------------------------------------------------------------- controls: without the guard the attacks work


CONTROLLED = {
    "a_traversal": "test_control_traversal_writes_outside",
    "b_links": "test_control_link_is_written_through",
    "c_kinds": "test_control_special_bits_reach_the_disk",
    "d_twins": "test_control_the_last_twin_wins",
    "e_bombs": "test_control_a_bomb_grows_a_thousandfold",
    "f_pickles": "test_control_a_pickle_runs_code",
    "g_direct": "test_control_hydra_builds_what_it_is_told",
    "h_indirect": "test_control_hydra_builds_what_it_is_told",
    "i_tricks": "test_control_hydra_builds_what_it_is_told",
    "j_allowed_looking": "test_control_hydra_builds_what_it_is_told",
    "k_files": "test_control_a_path_of_the_user_is_opened",
    "l_wrong": "test_control_the_standard_library_takes_half_an_archive",
}
"""Class -> the test that shows what its attack does where nothing guards."""


def _unpacked_by_tarfile(path, folder):
    folder.mkdir()
    with tarfile.open(path) as tar, contextlib.suppress(OSError):
        tar.extractall(folder, filter="fully_trusted")


def test_control_traversal_writes_outside(tmp_path, canary):
    make("a_traversal", "absolute", tmp_path / "bad.nemo", canary)
    with watching(str(tmp_path / "in")) as watch:
        _unpacked_by_tarfile(tmp_path / "bad.nemo", tmp_path / "in")
    assert canary.exists()
    assert watch.harm


def test_control_link_is_written_through(tmp_path, canary):
    make("b_links", "written_through", tmp_path / "bad.nemo", canary)
    _unpacked_by_tarfile(tmp_path / "bad.nemo", tmp_path / "in")
    assert canary.exists()


def test_control_special_bits_reach_the_disk(tmp_path, canary):
    make("c_kinds", "set_user_id", tmp_path / "bad.nemo", canary)
    _unpacked_by_tarfile(tmp_path / "bad.nemo", tmp_path / "in")
    assert (tmp_path / "in" / "x").stat().st_mode & 0o4000


def test_control_the_last_twin_wins(tmp_path, canary):
    make("d_twins", "weights_twice", tmp_path / "bad.nemo", canary)
    _unpacked_by_tarfile(tmp_path / "bad.nemo", tmp_path / "in")
    assert (tmp_path / "in" / "model_weights.ckpt").read_bytes() == b"evil"


def test_control_a_bomb_grows_a_thousandfold(tmp_path, canary):
    make("e_bombs", "gzip_of_zeros", tmp_path / "bad.nemo", canary)
    with tarfile.open(tmp_path / "bad.nemo", "r:gz") as tar:
        assert tar.next().size > 500 * os.path.getsize(tmp_path / "bad.nemo")


def test_control_a_pickle_runs_code(tmp_path, canary):
    make("f_pickles", "saved_by_torch", tmp_path / "bad.nemo", canary)
    _unpacked_by_tarfile(tmp_path / "bad.nemo", tmp_path / "in")
    with watching(str(tmp_path / "in")) as watch:
        torch.load(tmp_path / "in" / "model_weights.ckpt", weights_only=False)
    assert canary.exists()
    assert any("os.system" in event for event in watch.harm)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("g_direct", "os_makedirs"),
        ("h_indirect", "nemo_file_os"),
        ("i_tricks", "interpolated_name"),
        ("j_allowed_looking", "file_handler"),
    ],
)
def test_control_hydra_builds_what_it_is_told(kind, name, tmp_path, canary):
    import hydra.utils
    from omegaconf import OmegaConf

    make(kind, name, tmp_path / "bad.nemo", canary)
    with tarfile.open(tmp_path / "bad.nemo") as tar:
        config = yaml.safe_load(tar.extractfile("./model_config.yaml").read())
    built = hydra.utils.instantiate(OmegaConf.create(config).part)
    if hasattr(built, "close"):
        built.close()
    assert canary.exists()


def test_control_a_path_of_the_user_is_opened(tmp_path, canary):
    config = {**archives.CONFIG, "words_file": str(canary.parent / "SECRET")}
    with watching(str(tmp_path)) as watch:
        assert ModelWithPart(config).words == ["secret", "words"]
    assert any("SECRET" in path for path in watch.opened)


def test_control_the_standard_library_takes_half_an_archive(tmp_path, canary):
    archives.write(tmp_path / "bad.nemo")
    (tmp_path / "bad.nemo").write_bytes((tmp_path / "bad.nemo").read_bytes()[:512])
    with tarfile.open(tmp_path / "bad.nemo") as tar:
        assert tar.getnames() == ["."]
