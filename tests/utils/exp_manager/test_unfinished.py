import fsspec
import pytest
from lightning_fabric.plugins.io.torch_io import TorchCheckpointIO

from nemo.utils.exp_manager import exp_manager
from nemo.utils.exp_manager.unfinished import (
    is_unfinished,
    marked_unfinished,
    marker_path,
    needs_marker,
    remove_unfinished,
)
from tests.utils.exp_manager.runs import quiet_trainer, scripted_model


class Disturbed(TorchCheckpointIO):
    """A writer of somebody else's, which looks around while it writes, and may fail."""

    def __init__(self, fails=False):
        super().__init__()
        self.fails, self.marked = fails, []

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        self.marked.append(is_unfinished(path))
        super().save_checkpoint(checkpoint, path, storage_options)
        if self.fails:
            raise KeyboardInterrupt


def config(folder, **more):
    resume = {"resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    return {"explicit_log_dir": str(folder), "name": "a", "create_tensorboard_logger": False, **resume, **more}


def test_the_parts_of_ranks_have_one_marker(tmp_path):
    assert marker_path("d/mp_rank_03/a-last.ckpt") == marker_path("d/a-last.ckpt") == "d/a-last.ckpt-unfinished"


def test_a_local_file_of_ours_needs_no_marker_and_all_else_does(tmp_path):
    trainer = quiet_trainer()
    exp_manager(trainer, config(tmp_path))
    assert not needs_marker(trainer, str(tmp_path / "a.ckpt"))
    assert needs_marker(trainer, "s3://bucket/a.ckpt")
    for attribute, value in (("_state_dict_type", "sharded"), ("_save_distributed_checkpoint", True)):
        setattr(trainer.strategy, attribute, value)
        assert needs_marker(trainer, str(tmp_path / "a.ckpt"))
        delattr(trainer.strategy, attribute)
    trainer.strategy.checkpoint_io = TorchCheckpointIO()
    trainer.strategy.checkpoint_io = Disturbed()
    assert needs_marker(trainer, str(tmp_path / "a.ckpt"))


def test_the_marker_is_there_while_the_checkpoint_is_written(tmp_path):
    trainer = quiet_trainer(plugins=[Disturbed()])
    exp_manager(trainer, config(tmp_path))
    trainer.fit(scripted_model())
    assert trainer.strategy.checkpoint_io.marked == [True] * 5
    assert not list(tmp_path.rglob("*-unfinished"))


def test_what_was_broken_off_is_removed_and_not_resumed_from(tmp_path, caplog):
    trainer = quiet_trainer(max_epochs=1)
    exp_manager(trainer, config(tmp_path))
    trainer.fit(scripted_model())
    whole = sorted(path.name for path in tmp_path.rglob("*.ckpt"))

    trainer = quiet_trainer(plugins=[Disturbed(fails=True)])
    exp_manager(trainer, config(tmp_path))
    with pytest.raises(SystemExit):  # Lightning's answer to a KeyboardInterrupt
        trainer.fit(scripted_model())
    broken = "a--val_loss=0.0154-epoch=1.ckpt"
    assert sorted(path.name for path in tmp_path.rglob("*.ckpt")) == sorted([*whole, broken])
    assert is_unfinished(next(tmp_path.rglob(broken)))

    trainer = quiet_trainer(max_epochs=1)
    exp_manager(trainer, config(tmp_path))
    trainer.fit(scripted_model())
    assert sorted(path.name for path in tmp_path.rglob("*.ckpt*")) == whole
    assert f"{broken}, whose writing was broken off" in caplog.text


def test_folders_and_parts_are_removed_whole(tmp_path):
    for name in (
        "a.ckpt/.metadata",
        "mp_rank_00/b.ckpt",
        "mp_rank_01/b.ckpt",
        "c.ckpt",
        "other/b.ckpt",
        "a.ckpt-unfinished",
        "b.ckpt-unfinished",
        "gone.ckpt-unfinished",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ckpt*")) == [
        "c.ckpt",
        "other/b.ckpt",
    ]
    remove_unfinished(tmp_path / "missing")


def test_an_object_store_has_markers_too():
    trainer = quiet_trainer()
    files = fsspec.filesystem("memory")
    with marked_unfinished(trainer, "memory://runs/a-last.ckpt"):
        assert files.exists("/runs/a-last.ckpt-unfinished")
    assert not files.exists("/runs/a-last.ckpt-unfinished")
    files.store.clear()
