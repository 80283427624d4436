import pytest
import wandb

from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    yield
    wandb.finish()


def test_a_run_offline_has_its_metrics_and_hyperparameters(tmp_path, offline):
    config = {"exp_dir": str(tmp_path), "name": "a", "version": "v7", "create_checkpoint_callback": False}
    kwargs = {"project": "speech", "name": "first", "tags": ["test"]}
    trainer, _, folder = run({**config, "create_wandb_logger": True, "wandb_logger_kwargs": kwargs})
    assert [type(each).__name__ for each in trainer.loggers] == ["TensorBoardLogger", "WandbLogger"]
    ran = wandb.run
    assert (ran.project, ran.name, ran.id, ran.tags) == ("speech", "first", "v7", ("test",))
    assert ran.config["cfg"]["optim"] == {"name": "sgd", "lr": 0.1}
    assert ran.summary["val_loss"] == pytest.approx(0.0154)
    assert ran.summary["trainer/global_step"] == 7
    assert list(folder.glob("wandb/offline-run-*-v7/run-v7.wandb"))


def test_arguments_of_the_user_come_before_ours(tmp_path):
    kwargs = {"name": "n", "id": "own", "save_dir": str(tmp_path / "elsewhere")}
    config = {"exp_dir": str(tmp_path), "create_wandb_logger": True, "create_tensorboard_logger": False}
    trainer = quiet_trainer()
    exp_manager(trainer, {**config, "wandb_logger_kwargs": kwargs})
    assert (trainer.logger.version, trainer.logger.save_dir) == ("own", str(tmp_path / "elsewhere"))


def test_a_run_without_version_gets_an_id_of_its_own(tmp_path):
    config = {"explicit_log_dir": str(tmp_path / "log"), "create_wandb_logger": True}
    trainer = quiet_trainer()
    exp_manager(trainer, {**config, "wandb_logger_kwargs": {"name": "n"}})
    assert trainer.loggers[1].version is None


@pytest.mark.parametrize("kwargs", [None, {}, {"entity": "us"}])
def test_a_name_or_a_project_is_needed(kwargs, tmp_path):
    with pytest.raises(ConfigError, match="wandb_logger_kwargs has neither name nor project"):
        exp_manager(
            quiet_trainer(),
            {"exp_dir": str(tmp_path), "create_wandb_logger": True, "wandb_logger_kwargs": kwargs},
        )
    assert list(tmp_path.iterdir()) == []
