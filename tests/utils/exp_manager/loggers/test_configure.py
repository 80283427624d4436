import json

import pytest
from pytorch_lightning.loggers import CSVLogger

from nemo.utils.exceptions import MissingDependencyError
from nemo.utils.exp_manager import exp_manager
from nemo.utils.exp_manager.errors import LoggerMisconfigurationError
from tests.utils.exp_manager.runs import quiet_trainer, run


@pytest.mark.parametrize("kind", ["tensorboard", "wandb", "mlflow", "dllogger", "clearml", "neptune"])
def test_a_trainer_with_a_logger_gets_no_second_one(kind, tmp_path):
    trainer = quiet_trainer(logger=CSVLogger(str(tmp_path)))
    config = {"create_tensorboard_logger": False, f"create_{kind}_logger": True}
    with pytest.raises(LoggerMisconfigurationError, match=f"already has a logger, CSVLogger, .*create_{kind}_logger"):
        exp_manager(trainer, config)
    assert list(tmp_path.iterdir()) == []


def test_the_trainers_logger_stays_when_none_is_to_be_made(tmp_path):
    trainer = quiet_trainer(logger=CSVLogger(str(tmp_path), name="csv"))
    folder = exp_manager(trainer, {"create_tensorboard_logger": False})
    assert folder == tmp_path / "csv" / "version_0"
    assert isinstance(trainer.logger, CSVLogger)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("clearml", {}),
        ("neptune", {"neptune_logger_kwargs": {"name": "n", "api_key": "k"}}),
        ("wandb", {"wandb_logger_kwargs": {"project": "p"}}),
        ("mlflow", {}),
    ],
)
def test_a_missing_package_is_named_before_anything_is_written(kind, arguments, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, kind, None)
    with pytest.raises(MissingDependencyError, match=rf"create_{kind}_logger needs .*neural-modules\[{kind}\]"):
        exp_manager(quiet_trainer(), {"exp_dir": str(tmp_path), f"create_{kind}_logger": True, **arguments})
    assert list(tmp_path.iterdir()) == []


def test_several_loggers_get_the_same_values_and_tensorboard_is_first(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = {"exp_dir": str(tmp_path), "name": "a", "create_checkpoint_callback": False, "create_mlflow_logger": True}
    trainer, _, folder = run({**config, "create_dllogger_logger": True})
    assert [type(each).__name__ for each in trainer.loggers] == ["TensorBoardLogger", "MLFlowLogger", "DLLogger"]
    assert trainer.log_dir == str(folder)

    events = EventAccumulator(str(folder))
    events.Reload()
    in_tensorboard = [event.value for event in events.Scalars("train_loss")]
    mlflow = trainer.loggers[1]
    in_mlflow = [metric.value for metric in mlflow.experiment.get_metric_history(mlflow.run_id, "train_loss")]
    records = [json.loads(line[5:])["data"] for line in (folder / "dllogger.json").read_text().splitlines()]
    in_dllogger = [record["train_loss"] for record in records if "train_loss" in record]
    assert len(in_tensorboard) == 8
    assert in_tensorboard == in_mlflow == in_dllogger
