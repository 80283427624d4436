import contextlib
import errno
import os
import resource
import signal

import pytest
import torch

from nemo.utils.exp_manager import DurableCheckpointIO
from nemo.utils.exp_manager.checkpoint_io import tensor_bytes
from nemo.utils.exp_manager.errors import CheckpointWriteError
from tests.utils.exp_manager.runs import names, run


@contextlib.contextmanager
def file_size_limit(size):
    """Lets no file grow beyond `size` bytes, as on a full disk; only here, for pytest's own report is a file too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "new" / "a.ckpt"
    DurableCheckpointIO().save_checkpoint({"x": torch.arange(3), "n": [1, {"a": "b"}]}, path)
    loaded = DurableCheckpointIO().load_checkpoint(path)
    assert loaded["x"].tolist() == [0, 1, 2]
    assert loaded["n"] == [1, {"a": "b"}]
    assert os.listdir(path.parent) == ["a.ckpt"]


def test_only_plain_content_is_read(tmp_path):
    torch.save({"x": DurableCheckpointIO()}, tmp_path / "a.ckpt")
    with pytest.raises(Exception, match="[Ww]eights.only"):
        DurableCheckpointIO().load_checkpoint(tmp_path / "a.ckpt")


def test_bytes_of_shared_tensors_count_once():
    x = torch.zeros(10)
    assert tensor_bytes({"a": x, "b": [x[:5], (torch.zeros(3, dtype=torch.int8),)], "c": 1}) == 43


@pytest.mark.parametrize("limit", [100, 10_000, 39_000])
def test_a_disk_that_fills_up_leaves_the_old_file_and_nothing_else(tmp_path, limit):
    path = tmp_path / "a.ckpt"
    DurableCheckpointIO().save_checkpoint({"x": torch.tensor(1)}, path)
    message = r"a.ckpt was not written: it needs about 40,000 bytes.*are intact"
    with file_size_limit(limit), pytest.raises(CheckpointWriteError, match=message):
        DurableCheckpointIO().save_checkpoint({"x": torch.zeros(10_000)}, path)
    assert torch.load(path, weights_only=True)["x"] == 1
    assert os.listdir(tmp_path) == ["a.ckpt"]


def test_a_disk_that_is_full_is_seen_before_writing(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 100})())
    monkeypatch.setattr("torch.save", lambda *a: pytest.fail("nothing should be written"))
    with pytest.raises(CheckpointWriteError, match="the disk has 100 bytes free") as caught:
        DurableCheckpointIO().save_checkpoint({"x": torch.zeros(10_000)}, tmp_path / "a.ckpt")
    assert isinstance(caught.value, OSError)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointWriteError, match="Make the folder writable"):
        DurableCheckpointIO().save_checkpoint({}, tmp_path / "file" / "a.ckpt")


def test_the_old_checkpoint_goes_only_after_the_new_one_is_safe(tmp_path, monkeypatch):
    there = []
    plain = DurableCheckpointIO.save_checkpoint

    def full_at_the_second_epoch(self, checkpoint, path, storage_options=None):
        there.append(names(tmp_path))
        if checkpoint["epoch"] == 1:
            raise CheckpointWriteError(errno.ENOSPC, "full")
        plain(self, checkpoint, path, storage_options)

    monkeypatch.setattr(DurableCheckpointIO, "save_checkpoint", full_at_the_second_epoch)
    with pytest.raises(CheckpointWriteError):
        run({"exp_dir": str(tmp_path), "name": "a", "checkpoint_callback_params": {"save_top_k": 1}})
    assert names(tmp_path) == ["a--val_loss=0.0837-epoch=0-last.ckpt", "a--val_loss=0.0837-epoch=0.ckpt"]
