import os

import pytest
import pytorch_lightning as pl
import torch

from nemo.utils.exceptions import UnsafeArchiveError
from tests.core.tiny import TinyModel, tiny_config


class Touch:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def trainer(epochs):
    return pl.Trainer(
        max_epochs=epochs, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path):
    """After one epoch of two, with momentum; and the weights after both."""
    config = tiny_config(train_ds={"seed": 1}, optim={"name": "sgd", "lr": 0.01, "momentum": 0.9})
    first = trainer(1)
    first.fit(TinyModel(config, first))
    first.save_checkpoint(tmp_path / "one.ckpt")
    whole = TinyModel(config, trainer(2))
    torch.manual_seed(0)
    return tmp_path / "one.ckpt", config, whole


def test_resumed_training_goes_on_with_the_optimizers_state(checkpoint, monkeypatch):
    path, config, _ = checkpoint
    monkeypatch.setattr(torch, "load", None)  # not used
    again = trainer(2)
    model = TinyModel(config, again)
    again.fit(model, ckpt_path=str(path))
    momentum = next(iter(again.optimizers[0].state.values()))["momentum_buffer"]
    assert again.current_epoch == 2 and again.global_step == 8
    assert momentum.abs().sum() > 0


def test_state_outlives_the_file_that_it_came_from(checkpoint):
    path, config, _ = checkpoint
    again = trainer(1)
    TinyModel(config, again)
    content = again.strategy.load_checkpoint(path)
    before = [value.clone() for value in content["state_dict"].values()]
    with open(path, "r+b") as file:
        file.truncate(0)  # a mapped file would now end the process
    assert all(map(torch.equal, content["state_dict"].values(), before))


@pytest.mark.parametrize("switch", [None, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"])
def test_checkpoint_that_runs_code_is_refused_on_resume(checkpoint, tmp_path, monkeypatch, switch):
    path, config, _ = checkpoint
    if switch:
        monkeypatch.setenv(switch, "1")
    content = torch.load(path, weights_only=True)
    torch.save({**content, "callbacks": {"x": Touch(tmp_path / "canary")}}, path)
    again = trainer(2)
    with pytest.raises(UnsafeArchiveError, match=r"mkdir"):
        again.fit(TinyModel(config, again), ckpt_path=str(path))
    assert not (tmp_path / "canary").exists()


def test_caller_may_trust_a_checkpoint(checkpoint, tmp_path):
    path, config, _ = checkpoint
    content = torch.load(path, weights_only=True)
    torch.save({**content, "callbacks": {"x": Touch(tmp_path / "canary")}}, path)
    again = trainer(1)
    TinyModel(config, again)
    again.strategy.load_checkpoint(path, weights_only=False)
    assert (tmp_path / "canary").exists()


def test_strategy_with_a_reader_of_its_own_gets_only_what_ours_accepts(checkpoint, tmp_path):
    path, config, _ = checkpoint
    content = torch.load(path, weights_only=True)
    torch.save({**content, "callbacks": {"x": Touch(tmp_path / "canary")}}, path)

    class Own(pl.strategies.SingleDeviceStrategy):
        def load_checkpoint(self, checkpoint_path, weights_only=None):
            return torch.load(checkpoint_path, weights_only=False)

    again = pl.Trainer(strategy=Own(device=torch.device("cpu")), accelerator="cpu", logger=False, max_epochs=1)
    TinyModel(config, again)
    with pytest.raises(UnsafeArchiveError, match=r"mkdir"):
        again.strategy.load_checkpoint(path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("harm", ["runs_code", "cut_off"])
def test_durable_checkpoints_are_read_by_ours_too(checkpoint, tmp_path, harm):
    from nemo.utils.exp_manager.checkpoint_io import use_durable_checkpoints
    from nemo.utils.exp_manager.errors import CheckpointReadError

    path, config, _ = checkpoint
    if harm == "cut_off":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        torch.save({**torch.load(path, weights_only=True), "x": Touch(tmp_path / "canary")}, path)
    again = trainer(2)
    use_durable_checkpoints(again)
    with pytest.raises(CheckpointReadError if harm == "cut_off" else UnsafeArchiveError, match="one.ckpt"):
        again.fit(TinyModel(config, again), ckpt_path=str(path))
    assert not (tmp_path / "canary").exists()
