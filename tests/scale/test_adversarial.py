"""A vocoder and its discriminators trained in two processes are those of one process with the batches put together."""

import pytest
import torch

from nemo.collections.tts.models import HifiGanModel
from tests.collections.tts.models.test_hifigan import CONFIG
from tests.scale.comparison import distance
from tests.scale.processes import run_processes
from tests.scale.runs import make_trainer, numbers_of

STEPS = 4


class Tones(torch.utils.data.Dataset):
    """Recordings of one length, 0.06 s; all of them are one step."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        time = torch.arange(1024) / 16000
        return 0.5 * torch.sin(2 * torch.pi * (200 + 50 * index) * time), torch.tensor(1024)


def train(batch_size):
    """The job: the weights after a few steps. Plain gradient descent does not blow up rounding, as Adam does."""
    torch.manual_seed(0)
    trainer = make_trainer([], max_epochs=STEPS)
    model = HifiGanModel({**CONFIG, "optim": {"_target_": "torch.optim.SGD", "lr": 1e-4}}, trainer)
    trainer.fit(model, torch.utils.data.DataLoader(Tones(), batch_size=batch_size))
    return {"weights": numbers_of(model.state_dict()), "loss": float(trainer.callback_metrics["g_loss"])}


def test_two_processes_train_what_one_does(tmp_path):
    (alone,) = run_processes(train, 1, tmp_path / "one", batch_size=4)
    first, second = run_processes(train, 2, tmp_path / "two", batch_size=2)
    assert first["weights"] == second["weights"]
    assert distance(first["weights"], alone["weights"]) < 1e-4
    assert first["loss"] == pytest.approx(alone["loss"], rel=1e-4)
