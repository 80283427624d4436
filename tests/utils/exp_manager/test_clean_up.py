import pytest

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import clean_exp_ckpt
from tests.utils.exp_manager.runs import names


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ({}, ["a.nemo", "notes.txt"]),
        ({"remove_nemo": True}, ["notes.txt"]),
        ({"remove_ckpt": False, "remove_nemo": True}, ["a.ckpt", "notes.txt"]),
    ],
)
def test_only_what_is_named_is_removed(tmp_path, flags, left):
    (tmp_path / "checkpoints").mkdir()
    for name in ("a.ckpt", "a.nemo", "notes.txt"):
        (tmp_path / "checkpoints" / name).touch()
    clean_exp_ckpt(str(tmp_path), **flags)
    assert names(tmp_path, "*.*") == left


def test_a_wrong_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match="checkpoints does not exist; give the folder of a run"):
        clean_exp_ckpt(tmp_path)
