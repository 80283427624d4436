import pytest
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop

from nemo.utils.exp_manager import SkipResumeTrainingValidationLoop, exp_manager
from tests.utils.exp_manager.runs import ScriptedModel, quiet_trainer


class Counting(ScriptedModel):
    def on_validation_epoch_start(self):
        self.validated_at = [*getattr(self, "validated_at", []), self.global_step]


def validated_at(tmp_path, **trainer_arguments):
    trainer = quiet_trainer(**{"max_epochs": -1, **trainer_arguments})
    config = {"exp_dir": str(tmp_path), "name": "a", "resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    exp_manager(trainer, config)
    assert type(trainer.fit_loop.epoch_loop) is SkipResumeTrainingValidationLoop
    model = Counting({"optim": {"name": "sgd", "lr": 0.1}, "train_ds": {}, "validation_ds": {}})
    trainer.fit(model)
    return model.validated_at


@pytest.mark.parametrize("interval", [1, 2, 4])
def test_a_resumed_run_does_not_validate_where_the_checkpoint_was_written(tmp_path, interval):
    assert validated_at(tmp_path, max_steps=4, val_check_interval=interval) == list(range(interval, 5, interval))
    assert validated_at(tmp_path, max_steps=8, val_check_interval=interval) == list(range(4 + interval, 9, interval))


def test_a_loop_of_the_users_own_stays(tmp_path):
    class Own(_TrainingEpochLoop):
        pass

    trainer = quiet_trainer()
    trainer.fit_loop.epoch_loop = Own(trainer)
    with pytest.warns(UserWarning, match="custom loop over epochs, Own"):
        exp_manager(trainer, {"exp_dir": str(tmp_path)})
    assert type(trainer.fit_loop.epoch_loop) is Own
