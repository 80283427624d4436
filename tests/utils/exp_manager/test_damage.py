import os

import pytest
import torch

from nemo.utils.exp_manager.checkpoint_io import DurableCheckpointIO
from nemo.utils.exp_manager.damage import advice, damage_of, newest_first
from nemo.utils.exp_manager.errors import CheckpointReadError


def saved(path, step=0, size=1000):
    torch.save({"global_step": step, "state_dict": {"x": torch.zeros(size)}}, path)
    return path


def test_a_whole_file_and_a_folder_are_fine(tmp_path):
    assert damage_of(saved(tmp_path / "a.ckpt"), thorough=True) is None
    assert damage_of(tmp_path) is None


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off(tmp_path, share):
    path = saved(tmp_path / "a.ckpt")
    os.truncate(path, int(share * path.stat().st_size))
    assert damage_of(path) == "it is cut off"


def test_other_files(tmp_path):
    path = tmp_path / "a.ckpt"
    path.touch()
    assert damage_of(path) == "it is empty"
    path.write_text("<html>")
    assert damage_of(path) == "it begins with b'<htm', as no checkpoint does"
    torch.save({}, path, _use_new_zipfile_serialization=False)
    assert damage_of(path) is None  # the format before PyTorch 1.6
    path.unlink()
    path.symlink_to("nowhere")
    assert damage_of(path) == "it cannot be read: No such file or directory"


def test_a_changed_byte_is_found_by_its_checksum(tmp_path):
    path = saved(tmp_path / "a.ckpt")
    content = bytearray(path.read_bytes())
    content[content.index(b"\0" * 2000) + 1000] = 1
    path.write_bytes(content)
    assert damage_of(path) is None
    assert damage_of(path, thorough=True) == "the checksum of a/data/0 in it is wrong"


def test_training_steps_order_checkpoints_whatever_the_clock_says(tmp_path):
    paths = [saved(tmp_path / f"{step}-epoch=1-last.ckpt", step) for step in (5, 20, 10)]
    for age, path in enumerate(paths):
        os.utime(path, (2**33 * (age % 2), 2**33 * (age % 2)))
    assert [path.name[:2].rstrip("-") for path in newest_first(paths)] == ["20", "10", "5"]


def test_the_next_older_whole_one_is_offered(tmp_path):
    damaged = saved(tmp_path / "a--epoch=3-last.ckpt", 30)
    os.truncate(damaged, 500)
    assert "No other whole checkpoint lies in" in advice(damaged)
    for epoch in (1, 2):
        saved(tmp_path / f"a--epoch={epoch}.ckpt", 10 * epoch)
    assert f"The next older one is {tmp_path}/a--epoch=2.ckpt" in advice(damaged)
    with pytest.raises(CheckpointReadError, match=r"a--epoch=3-last.ckpt is damaged: it is cut off. .*a--epoch=2.ckpt"):
        DurableCheckpointIO().load_checkpoint(damaged)


def test_what_a_whole_file_may_not_hold_is_no_damage(tmp_path):
    torch.save({"x": DurableCheckpointIO()}, tmp_path / "a.ckpt")
    with pytest.raises(Exception, match="[Ww]eights.only") as caught:
        DurableCheckpointIO().load_checkpoint(tmp_path / "a.ckpt")
    assert not isinstance(caught.value, CheckpointReadError)
