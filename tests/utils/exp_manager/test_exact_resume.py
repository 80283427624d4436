"""A run that was stopped and resumed against one that was not: every loss and every weight to the last bit."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from nemo.collections.common.data.resumable_loader import SeededIndex, make_loader
from nemo.utils.exp_manager import exp_manager
from nemo.utils.exp_manager.exact_resume import CHECKPOINT_KEY, random_states, set_random_states
from tests.core.tiny import TinyModel, tiny_config
from tests.utils.exp_manager.runs import quiet_trainer

STEPS = {"every_n_train_steps": 1, "monitor": None, "save_top_k": 1}
CASES = {
    "after validation": (0, {}, {"max_epochs": 4}, [12]),
    "after validation, 2 workers": (2, {}, {"max_epochs": 4}, [12]),
    "at the end of the epoch": (0, {"save_on_train_epoch_end": True}, {"max_epochs": 4}, [12]),
    "counted in steps": (0, {"save_on_train_epoch_end": True}, {"max_epochs": -1, "max_steps": 18}, [12]),
    "in an epoch": (0, STEPS, {"max_epochs": 4}, [3, 8, 17]),
    "in an epoch, 2 workers": (2, STEPS, {"max_epochs": 4}, [3, 12]),
    "at the last batch": (0, {**STEPS, "every_n_train_steps": 5}, {"max_epochs": 3}, [7]),
    "at the last batch, 2 workers": (2, {**STEPS, "every_n_train_steps": 5}, {"max_epochs": 3}, [7]),
    "before a validation": (0, {**STEPS, "every_n_train_steps": 2}, {"max_epochs": 3, "val_check_interval": 2}, [9]),
    "a loader that knows its place": (0, STEPS, {"max_epochs": 4}, [3, 8, 15]),
    "a loader that knows its place, 2 workers": (2, STEPS, {"max_epochs": 4}, [3, 12]),
    "a loader that knows its place, after validation": (0, {}, {"max_epochs": 4}, [12]),
    "a loader that knows its place, at the end": (0, {"save_on_train_epoch_end": True}, {"max_epochs": 4}, [12]),
    "gradients of two batches": (0, {}, {"max_epochs": 4, "accumulate_grad_batches": 2}, [7]),
}


class NoisyNumbers(Dataset):
    """Twenty items, augmented at random by three generators."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if isinstance(index, SeededIndex):
            noise = torch.randn(4, generator=torch.Generator().manual_seed(index.seed))
        else:
            noise = torch.randn(4) + random.random() + np.random.rand()
        x = float(index) + 0.1 * noise
        return x / 20, torch.tensor([index / 20])


class StoppableModel(TinyModel):
    """Dropout, shuffled and augmented data, Adam with a schedule; stops with an error before a given step."""

    stop_at = None

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg, trainer)
        self.dropout = torch.nn.Dropout(0.3)
        self.losses = {}

    def forward(self, x):
        return self.decoder(self.dropout(self.encoder(x)))

    def training_step(self, batch, batch_idx):
        if self.global_step == self.stop_at:
            raise RuntimeError("power cut")
        loss = super().training_step(batch, batch_idx)["loss"]
        self.losses.setdefault(self.global_step, []).append(loss.item())
        return loss

    def setup_training_data(self, train_data_config):
        workers = train_data_config.num_workers
        make = make_loader if train_data_config.knows_its_place else DataLoader
        self._train_dl = make(NoisyNumbers(), batch_size=4, shuffle=True, num_workers=workers)


def train(folder, workers, params, trainer_arguments, stop_at, knows_its_place=False):
    """One process's part of a run."""
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    optim = {"name": "adam", "lr": 0.01, "sched": {"name": "CosineAnnealing", "warmup_steps": 2, "max_steps": 40}}
    train_ds = {"num_workers": workers, "knows_its_place": knows_its_place}
    config = tiny_config(train_ds=train_ds, validation_ds={"seed": 2}, optim=optim)
    trainer = quiet_trainer(**trainer_arguments)
    resume = {"resume_if_exists": True, "resume_ignore_no_checkpoint": True, "checkpoint_callback_params": params}
    exp_manager(trainer, {"explicit_log_dir": str(folder), "create_tensorboard_logger": False, **resume})
    model = StoppableModel(config, trainer)
    model.stop_at = stop_at
    if stop_at is None:
        trainer.fit(model)
    else:
        with pytest.raises(RuntimeError, match="power cut"):
            trainer.fit(model)
    return model


@pytest.mark.parametrize("case", CASES)
def test_the_losses_are_those_of_the_unbroken_run(case, tmp_path):
    workers, params, trainer_arguments, stops = CASES[case]
    knows_its_place = "knows its place" in case
    unbroken = train(tmp_path / "unbroken", workers, params, trainer_arguments, None, knows_its_place)
    losses = {}
    for stop_at in [*stops, None]:
        model = train(tmp_path / "broken", workers, params, trainer_arguments, stop_at, knows_its_place)
        losses |= model.losses
    assert losses == unbroken.losses
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in unbroken.state_dict().items())


def test_random_states_come_back():
    states = random_states()
    first = (random.random(), np.random.rand(), np.random.randn(), torch.rand(1).item(), random.gauss(0, 1))
    set_random_states(states)
    again = (random.random(), np.random.rand(), np.random.randn(), torch.rand(1).item(), random.gauss(0, 1))
    assert first == again


def test_a_checkpoint_without_states_is_resumed_with_a_warning(tmp_path, caplog):
    train(tmp_path, 0, {}, {"max_epochs": 2}, 7)
    path = next(tmp_path.rglob("*last.ckpt"))
    checkpoint = torch.load(path, weights_only=True)
    del checkpoint[CHECKPOINT_KEY]
    torch.save(checkpoint, path)
    train(tmp_path, 0, {}, {"max_epochs": 2}, None)
    assert "holds no random states" in caplog.text


def test_a_checkpoint_of_more_processes_is_resumed_with_a_warning(tmp_path, caplog):
    train(tmp_path, 0, {}, {"max_epochs": 2}, 7)
    path = next(tmp_path.rglob("*last.ckpt"))
    checkpoint = torch.load(path, weights_only=True)
    checkpoint[CHECKPOINT_KEY]["ranks"] *= 2
    torch.save(checkpoint, path)
    train(tmp_path, 0, {}, {"max_epochs": 2}, None)
    assert "the checkpoint is of 2 processes and there are 1" in caplog.text
