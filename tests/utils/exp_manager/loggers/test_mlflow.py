import pytest

from nemo.utils.exp_manager import exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


@pytest.fixture(autouse=True)
def _no_server(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # ours sets it for good, which other tests need not see


def test_a_run_in_a_store_of_files_has_its_metrics_and_hyperparameters(tmp_path):
    config = {"exp_dir": str(tmp_path), "name": "a", "version": "v7", "create_checkpoint_callback": False}
    trainer, _, folder = run({**config, "create_mlflow_logger": True, "mlflow_logger_kwargs": {"tags": {"k": "v"}}})
    mlflow = trainer.loggers[1]
    client, run_id = mlflow.experiment, mlflow.run_id
    recorded = client.get_run(run_id)
    assert recorded.info.status == "FINISHED"
    assert recorded.data.params["cfg/optim/lr"] == "0.1"
    assert recorded.data.tags["mlflow.runName"] == "v7"
    assert recorded.data.tags["k"] == "v"
    assert client.get_experiment(mlflow.experiment_id).name == "a"
    history = client.get_metric_history(run_id, "val_loss")
    assert [(metric.step, metric.value) for metric in history] == [
        (3, pytest.approx(0.0837)),
        (7, pytest.approx(0.0154)),
    ]
    assert (folder / "mlruns").is_dir()


@pytest.mark.parametrize("from_environment", [False, True])
def test_a_tracking_uri_wins_over_the_folder_of_the_run(from_environment, tmp_path, monkeypatch):
    uri = f"file:{tmp_path / 'store'}"
    kwargs = {"experiment_name": "shared", "run_id": None}
    if from_environment:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    else:
        kwargs["tracking_uri"] = uri
    trainer = quiet_trainer()
    folder = exp_manager(
        trainer, {"exp_dir": str(tmp_path), "create_mlflow_logger": True, "mlflow_logger_kwargs": kwargs}
    )
    mlflow = trainer.loggers[1]
    mlflow.log_metrics({"x": 1.0}, step=3)
    assert mlflow.save_dir == str(tmp_path / "store")
    assert not (folder / "mlruns").exists()
    assert mlflow.experiment.get_experiment(mlflow.experiment_id).name == "shared"
