import pytest

from nemo.utils.exp_manager import TimingCallback
from tests.utils.exp_manager.runs import quiet_trainer, scripted_model

TRAIN = {"train_step_timing in s", "train_backward_timing in s"}


@pytest.mark.parametrize("reduction", ["mean", "sum", "min", "max", "none"])
def test_steps_are_timed_and_logged(reduction):
    trainer = quiet_trainer()
    trainer.callbacks.append(TimingCallback({"reduction": reduction, "sync_cuda": False, "buffer_size": 1}))
    trainer.fit(scripted_model())
    metrics = trainer.callback_metrics
    assert set(metrics) >= TRAIN | {"validation_step_timing in s"}
    assert 0 < float(metrics["train_backward_timing in s"]) < float(metrics["train_step_timing in s"]) < 60


def test_a_step_is_logged_when_the_loggers_write():
    logged = []

    class Watching(TimingCallback):
        def _log(self, trainer, step):
            logged.append(step)

    trainer = quiet_trainer(max_epochs=1, log_every_n_steps=2)
    trainer.callbacks.append(Watching())
    trainer.fit(scripted_model())
    assert logged == [0, 1, 3]


def test_test_steps_are_timed():
    trainer = quiet_trainer()
    trainer.callbacks.append(TimingCallback())
    model = scripted_model(test_ds={"seed": 5})
    trainer.test(model, verbose=False)
    assert float(trainer.callback_metrics["test_step_timing in s"]) > 0


def test_a_step_that_failed_does_not_hinder_the_next_run():
    callback = TimingCallback()
    callback.on_train_batch_start(None, None, None, 0)
    callback.on_train_batch_start(None, None, None, 0)
    assert callback.timer.is_active("train_step_timing")
