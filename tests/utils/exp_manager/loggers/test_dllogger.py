import json
import pickle

import pytest

from nemo.utils.exp_manager import DLLogger, exp_manager
from tests.utils.exp_manager.runs import quiet_trainer, run


def records(path):
    lines = path.read_text().splitlines()
    assert all(line.startswith("DLLL ") for line in lines)
    return [json.loads(line.removeprefix("DLLL ")) for line in lines]


def test_each_line_is_a_record_of_a_step(tmp_path):
    config = {"exp_dir": str(tmp_path), "create_checkpoint_callback": False, "create_tensorboard_logger": False}
    _, _, folder = run({**config, "create_dllogger_logger": True})
    first, *others = records(folder / "dllogger.json")
    assert list(first) == ["timestamp", "elapsedtime", "datetime", "type", "step", "data"]
    assert first["step"] == "PARAMETER"
    assert first["data"]["cfg"]["optim"] == {"name": "sgd", "lr": 0.1}
    assert {record["type"] for record in others} == {"LOG"}
    losses = [(record["step"], record["data"]["val_loss"]) for record in others if "val_loss" in record["data"]]
    assert losses == [(3, pytest.approx(0.0837)), (7, pytest.approx(0.0154))]
    times = [float(record["elapsedtime"]) for record in others]
    assert times == sorted(times)


def test_the_file_may_lie_anywhere(tmp_path):
    trainer = quiet_trainer()
    kwargs = {"json_file": str(tmp_path / "new" / "log.json")}
    exp_manager(trainer, {"exp_dir": str(tmp_path), "create_dllogger_logger": True, "dllogger_logger_kwargs": kwargs})
    logger = trainer.loggers[1]
    logger.log_metrics({"x": 1.0}, step=3)
    logger.finalize("success")
    logger.log_metrics({"x": 2.0})
    logger.save()
    assert [(record["step"], record["data"]) for record in records(tmp_path / "new" / "log.json")] == [
        (3, {"x": 1.0}),
        ([], {"x": 2.0}),
    ]
    logger.finalize("success")


def test_what_is_printed(tmp_path, capsys):
    for verbose in (False, True):
        logger = DLLogger(stdout=True, verbose=verbose, json_file=str(tmp_path / "log.json"))
        logger.log_hyperparams({"lr": 0.1})
        logger.log_metrics({"loss": 0.5}, step=1)
        logger.finalize("success")
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(" - ")[1] for line in lines] == ["PARAMETER  lr : 0.1"] * verbose + ["1  loss : 0.5"]


def test_it_can_be_sent_to_another_process(tmp_path):
    logger = DLLogger(json_file=str(tmp_path / "log.json"))
    logger.log_metrics({"x": 1.0}, step=0)
    other = pickle.loads(pickle.dumps(logger))
    logger.finalize("success")
    other.log_metrics({"x": 2.0}, step=1)
    other.finalize("success")
    assert [record["data"]["x"] for record in records(tmp_path / "log.json")] == [1.0, 2.0]
