import pytest
from pytorch_lightning.loggers import CSVLogger

from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from nemo.utils.exp_manager import exp_manager
from nemo.utils.exp_manager.errors import LoggerMisconfigurationError
from tests.utils.exp_manager.runs import quiet_trainer, run


@pytest.mark.parametrize("kind", ["wandb", "mlflow", "neptune", "clearml", "dllogger"])
def test_loggers_of_a_later_release_are_named_with_what_to_do_instead(kind, tmp_path):
    with pytest.raises(NotYetSupportedError, match=f"exp_manager.create_{kind}_logger is true.*give the trainer"):
        exp_manager(quiet_trainer(), {"exp_dir": str(tmp_path), f"create_{kind}_logger": True})
    assert list(tmp_path.iterdir()) == []


def test_two_loggers_are_refused(tmp_path):
    trainer = quiet_trainer(logger=CSVLogger(str(tmp_path)))
    with pytest.raises(LoggerMisconfigurationError, match="already has a logger, CSVLogger"):
        exp_manager(trainer, {})


def test_the_trainers_logger_stays_when_none_is_to_be_made(tmp_path):
    trainer = quiet_trainer(logger=CSVLogger(str(tmp_path), name="csv"))
    folder = exp_manager(trainer, {"create_tensorboard_logger": False})
    assert folder == tmp_path / "csv" / "version_0"
    assert isinstance(trainer.logger, CSVLogger)


def test_the_writers_folder_cannot_be_set(tmp_path):
    with pytest.raises(ConfigError, match="summary_writer_kwargs has log_dir"):
        exp_manager(quiet_trainer(), {"exp_dir": str(tmp_path), "summary_writer_kwargs": {"log_dir": "x"}})


def test_metrics_arrive_in_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = {"exp_dir": str(tmp_path), "name": "a", "summary_writer_kwargs": {"flush_secs": 5}}
    _, _, folder = run({**config, "create_checkpoint_callback": False})
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    assert {"train_loss", "val_loss", "train_step_timing in s", "validation_step_timing in s"} <= set(tags)
    assert [event.value for event in events.Scalars("val_loss")] == pytest.approx([0.0837, 0.0154])
