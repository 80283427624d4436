"""Runs that go on where Lightning's own counters would mislead them; kills and signals are in tests/reliability."""

import pytest
import torch

from nemo.utils.exp_manager.loop_counters import make_resumable
from tests.utils.exp_manager.runs import quiet_trainer
from tests.utils.exp_manager.test_exact_resume import train


@pytest.mark.parametrize("params", [{}, {"save_on_train_epoch_end": True}, {"every_n_train_steps": 5, "monitor": None}])
def test_a_run_that_ended_goes_on_with_more_epochs(params, tmp_path):
    if "monitor" in params:
        params = {**params, "save_top_k": 1}
    unbroken = train(tmp_path / "unbroken", 0, params, {"max_epochs": 4}, None)
    first = train(tmp_path / "broken", 0, params, {"max_epochs": 2}, None)
    second = train(tmp_path / "broken", 0, params, {"max_epochs": 4}, None)
    assert sorted(second.losses) == list(range(10, 20))
    assert first.losses | second.losses == unbroken.losses
    assert all(torch.equal(value, second.state_dict()[name]) for name, value in unbroken.state_dict().items())


def test_counters_of_a_validation_that_has_begun():
    trainer = quiet_trainer()
    loop = trainer.fit_loop.epoch_loop
    trainer.validating = True
    loop.val_loop.batch_progress.increment_by(3)
    checkpoint = {"loops": {"fit_loop": trainer.fit_loop.state_dict()}}
    make_resumable(trainer, checkpoint)
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.val_loop.batch_progress"]
    assert progress["total"] == {"ready": 4, "started": 4, "processed": 3, "completed": 3}
    assert set(progress["current"].values()) == {0}
    assert loop.val_loop.batch_progress.total.ready == 3  # this run's own counters stay


def test_counters_after_a_validation_stay_as_they_are():
    trainer = quiet_trainer()
    trainer.validating = True
    trainer.fit_loop.epoch_loop.val_loop.batch_progress.increment_by(3, is_last_batch=True)
    checkpoint = {"loops": {"fit_loop": trainer.fit_loop.state_dict()}}
    make_resumable(trainer, checkpoint)
    assert checkpoint == {"loops": {"fit_loop": trainer.fit_loop.state_dict()}}
