"""D2: folders that cannot be written, files that cannot be read, disks and clocks with a will of their own."""

import errno
import os
import shutil
import tempfile

import pytest
import torch

from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import WriteError
from nemo.utils.exp_manager import DurableCheckpointIO, check_resume, damage, exp_manager
from nemo.utils.exp_manager.errors import CheckpointReadError, CheckpointWriteError
from tests.reliability.moments import Moment
from tests.reliability.results import checkpoint_files, resumed
from tests.reliability.runs import train
from tests.reliability.warm_processes import run
from tests.utils.exp_manager.runs import quiet_trainer

pytestmark = [pytest.mark.battery("D2"), pytest.mark.skipif("os.name == 'nt'", reason="Windows has other errors")]


def failing(number):
    """A function of the system that fails; root may do anything, so the real ones would not."""

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


def old_file(folder):
    path = folder / "a.ckpt"
    DurableCheckpointIO().save_checkpoint({"x": 1}, path)
    return path


def is_intact(path):
    return torch.load(path, weights_only=True) == {"x": 1} and os.listdir(path.parent) == [path.name]


def test_a_read_only_folder(tmp_path, monkeypatch):
    path = old_file(tmp_path)
    monkeypatch.setattr(tempfile, "mkstemp", failing(errno.EROFS))
    with pytest.raises(CheckpointWriteError, match=r"a.ckpt was not written: Read-only file system.*folder writable"):
        DurableCheckpointIO().save_checkpoint({"x": 2}, path)
    said = rf"{path} was not written: Read-only file system. .* Make {tmp_path} writable"
    with pytest.raises(OSError, match=said), atomic_write(path):
        pytest.fail("nothing can be written")
    assert is_intact(path)


def test_a_folder_that_goes_away_while_training(tmp_path, unbroken):
    assert run(train, str(tmp_path), "epochs", Moment("step", 8), "SIGKILL") == -9
    shutil.rmtree(tmp_path / "run")  # and the run begins anew
    assert resumed(tmp_path, "epochs") == unbroken("epochs")
    said = rf"Make the folder {tmp_path}/no/where first"
    with pytest.raises(FileNotFoundError, match=said), atomic_write(tmp_path / "no" / "where" / "a.txt"):
        pytest.fail("nothing can be written")


def test_a_file_where_the_folder_of_the_run_should_be(tmp_path):
    (tmp_path / "taken").write_text("")
    for place in ("taken", "taken/below"):
        config = {"explicit_log_dir": str(tmp_path / place), "create_tensorboard_logger": False}
        with pytest.raises(
            WriteError, match=rf"the folder of the run, {tmp_path}/{place}, cannot be made: .*explicit_"
        ):
            exp_manager(quiet_trainer(), config)


def test_a_renaming_that_fails(tmp_path, monkeypatch):
    path = old_file(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", failing(errno.ESTALE))
        with pytest.raises(CheckpointWriteError, match=r"a.ckpt was not written: Stale file handle"):
            DurableCheckpointIO().save_checkpoint({"x": 2}, path)
    assert is_intact(path)


def test_a_sync_that_fails(tmp_path, monkeypatch):
    path = old_file(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing(errno.EIO))
        with pytest.raises(CheckpointWriteError, match=r"a.ckpt was not written: Input/output error"):
            DurableCheckpointIO().save_checkpoint({"x": 2}, path)
    assert is_intact(path)


@pytest.mark.parametrize("years", [40, -40])
def test_a_clock_that_jumps(years, tmp_path, unbroken):
    assert run(train, str(tmp_path), "epochs", Moment("renamed", 4), "SIGKILL") == -9
    lasts = [name for name in checkpoint_files(tmp_path) if "last" in name]
    assert len(lasts) == 2  # the older one was about to be removed
    for name in lasts:
        time = 1.6e9 + years * 3e7 * (1 if "epoch=0" in name else -1)
        os.utime(tmp_path / "run" / "checkpoints" / name, (time, time))
    assert resumed(tmp_path, "epochs") == unbroken("epochs")
    (log,) = (tmp_path / "run").glob("nemo_log*")
    assert f"resuming from {tmp_path}/run/checkpoints/default--val_loss=4.5910-epoch=1-last.ckpt\n" in log.read_text()


def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(CheckpointWriteError, match=r"File name too long.*checkpoint_callback_params.filename"):
        DurableCheckpointIO().save_checkpoint({}, tmp_path / ("a" * 300 + ".ckpt"))
    assert not os.listdir(tmp_path)


def test_a_checkpoint_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    path = old_file(tmp_path / "checkpoints").rename(tmp_path / "checkpoints" / "a--last.ckpt")
    monkeypatch.setattr(damage, "open", failing(errno.EACCES), raising=False)
    with pytest.raises(CheckpointReadError, match=rf"{path} is damaged: it cannot be read: Permission denied"):
        check_resume(quiet_trainer(), tmp_path, resume_if_exists=True)


def test_a_link_to_nowhere(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "a--epoch=2-last.ckpt"
    path.symlink_to("a--epoch=2.ckpt")
    with pytest.raises(CheckpointReadError, match=rf"{path} is damaged: it cannot be read: No such file or directory"):
        check_resume(quiet_trainer(), tmp_path, resume_if_exists=True)
    older = old_file(tmp_path / "checkpoints").rename(tmp_path / "checkpoints" / "a--epoch=1-last.ckpt")
    assert check_resume(quiet_trainer(), tmp_path, resume_if_exists=True) == older


def test_a_folder_that_is_in_the_way_of_a_file(tmp_path):
    (tmp_path / "a.ckpt").mkdir()
    with pytest.raises(CheckpointWriteError, match=r"a.ckpt was not written: Is a directory"):
        DurableCheckpointIO().save_checkpoint({}, tmp_path / "a.ckpt")
    assert os.listdir(tmp_path) == ["a.ckpt"]
