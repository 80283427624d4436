import pytest
import torch

from nemo.utils.exp_manager.ema_checkpoints import find_twin, is_twin, keeping_old_twin, twin_path


def write(path, step):
    torch.save({"global_step": step}, path)


def load(path):
    return torch.load(path, weights_only=True)


def test_names():
    assert twin_path("d/a--val_loss=0.1-epoch=3-last.ckpt") == "d/a--val_loss=0.1-epoch=3-last-EMA.ckpt"
    assert is_twin("d/a-EMA.ckpt")
    assert not is_twin("d-EMA/a.ckpt")


def test_the_twin_is_that_of_the_same_step(tmp_path):
    assert find_twin(tmp_path / "a.ckpt", 5, load) is None
    write(tmp_path / "a-EMA.ckpt", 5)
    assert find_twin(tmp_path / "a.ckpt", 5, load) == {"global_step": 5}
    assert find_twin(tmp_path / "a.ckpt", 4, load) is None


@pytest.mark.parametrize("stops", ["before the twin", "before the checkpoint", "not at all"])
def test_a_checkpoint_always_has_the_twin_of_its_step(tmp_path, stops):
    path, twin = tmp_path / "a.ckpt", tmp_path / "a-EMA.ckpt"
    write(twin, 1)
    write(path, 1)

    def write_both():
        with keeping_old_twin(path, acts=True):
            if stops == "before the twin":
                raise KeyboardInterrupt
            write(twin, 2)
            if stops == "before the checkpoint":
                raise KeyboardInterrupt
            write(path, 2)

    if stops == "not at all":
        write_both()
        assert sorted(file.name for file in tmp_path.iterdir()) == ["a-EMA.ckpt", "a.ckpt"]
    else:
        with pytest.raises(KeyboardInterrupt):
            write_both()
    step = load(path)["global_step"]
    assert step == (2 if stops == "not at all" else 1)
    assert find_twin(path, step, load) == {"global_step": step}


def test_other_processes_leave_the_files_alone(tmp_path):
    for name in ("a.ckpt", "a-EMA.ckpt"):
        write(tmp_path / name, 1)
    with keeping_old_twin(tmp_path / "a.ckpt", acts=False):
        assert (tmp_path / "a-EMA.ckpt").exists()
