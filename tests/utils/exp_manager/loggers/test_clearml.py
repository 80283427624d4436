"""Against a stand-in for the package that records the calls it gets: ClearML has no mode without its server."""

import sys
from types import ModuleType
from unittest.mock import MagicMock

import pytest

from nemo.utils.exp_manager import exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


@pytest.fixture
def clearml(monkeypatch):
    package = ModuleType("clearml")
    package.Task = MagicMock()
    package.OutputModel = MagicMock(side_effect=lambda **arguments: MagicMock(arguments=arguments))
    monkeypatch.setitem(sys.modules, "clearml", package)
    return package


def train(tmp_path, **kwargs):
    config = {"exp_dir": str(tmp_path), "name": "a", "version": "v", "create_clearml_logger": True}
    return run({**config, "clearml_logger_kwargs": kwargs, "checkpoint_callback_params": {"save_top_k": 1}})


def test_a_run_is_a_task_with_its_metrics_and_hyperparameters(tmp_path, clearml):
    trainer, _, _ = train(tmp_path, log_metrics=True, log_cfg=True, tags=["test"])
    clearml.Task.init.assert_called_once_with(
        project_name="a", task_name="v", auto_connect_frameworks={"pytorch": False}, output_uri=None
    )
    task = clearml.Task.init.return_value
    task.add_tags.assert_called_once_with(["test"])
    (values,) = task.connect.call_args.args
    assert values["cfg/optim/lr"] == 0.1
    (document,) = task.connect_configuration.call_args.args
    assert document["cfg"]["optim"] == {"name": "sgd", "lr": 0.1}
    reported = [call.kwargs for call in task.get_logger.return_value.report_scalar.call_args_list]
    losses = [(each["iteration"], each["value"]) for each in reported if each["title"] == "val_loss"]
    assert losses == [(3, pytest.approx(0.0837)), (7, pytest.approx(0.0154))]
    assert clearml.OutputModel.call_count == 0
    assert (trainer.loggers[1].name, trainer.loggers[1].version) == ("a", "v")


def test_checkpoints_are_uploaded_when_they_are_new(tmp_path, clearml):
    trainer, _, _ = train(tmp_path, project="p", task="t", model_name="m", log_model=True)
    assert clearml.Task.init.call_args.kwargs["project_name"] == "p"
    models = trainer.loggers[1]._models
    assert {kind: model.arguments["name"] for kind, model in models.items()} == {"best": "m-best", "last": "m-last"}
    uploaded = {
        kind: [call.kwargs["weights_filename"].rpartition("--")[2] for call in model.update_weights.call_args_list]
        for kind, model in models.items()
    }
    assert uploaded["best"] == ["val_loss=0.0837-epoch=0.ckpt", "val_loss=0.0154-epoch=1.ckpt"]
    assert uploaded["last"][-1] == "val_loss=0.0154-epoch=2-last.ckpt"
    assert len(uploaded["last"]) == len(set(uploaded["last"]))


def test_no_metrics_unless_asked(tmp_path, clearml):
    trainer = quiet_trainer()
    exp_manager(trainer, {"exp_dir": str(tmp_path), "create_clearml_logger": True})
    trainer.loggers[1].log_metrics({"x": 1.0}, step=0)
    assert clearml.Task.init.call_count == 0


def test_a_slash_parts_plot_and_curve(tmp_path, clearml):
    trainer = quiet_trainer()
    kwargs = {"log_metrics": True}
    exp_manager(trainer, {"exp_dir": str(tmp_path), "create_clearml_logger": True, "clearml_logger_kwargs": kwargs})
    trainer.loggers[1].log_metrics({"val/wer": 0.5}, step=3)
    report = clearml.Task.init.return_value.get_logger.return_value.report_scalar
    report.assert_called_once_with(title="val", series="wer", value=0.5, iteration=3)
