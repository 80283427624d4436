import pytest

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


def test_the_writers_folder_cannot_be_set(tmp_path):
    with pytest.raises(ConfigError, match="summary_writer_kwargs has log_dir"):
        exp_manager(quiet_trainer(), {"exp_dir": str(tmp_path), "summary_writer_kwargs": {"log_dir": "x"}})
    assert list(tmp_path.iterdir()) == []


def test_metrics_arrive_in_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = {"exp_dir": str(tmp_path), "name": "a", "summary_writer_kwargs": {"flush_secs": 5}}
    _, _, folder = run({**config, "create_checkpoint_callback": False})
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    assert {"train_loss", "val_loss", "train_step_timing in s", "validation_step_timing in s"} <= set(tags)
    assert [event.value for event in events.Scalars("val_loss")] == pytest.approx([0.0837, 0.0154])
