import json
import re
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from nemo.utils.app_state import AppState
from nemo.utils.exp_manager import ExpManagerConfig, exp_manager
from nemo.utils.exp_manager.errors import UnknownKeyError
from tests.utils.exp_manager.runs import VALIDATION_LOSSES, quiet_trainer, run, scripted_model

RECORDED = Path(__file__).parents[2] / "data" / "traces"
TRACES = json.loads((RECORDED / "exp_manager.json").read_text())
TRACES_3_0 = json.loads((RECORDED / "exp_manager_3.0.json").read_text())
DATE = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d"


def listing(root):
    """Files as the traces name them."""
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    files = [re.sub(DATE, "<datetime>", file) for file in files]
    return [re.sub(r"tfevents\..*", "tfevents.<suffix>", file) for file in files]


@pytest.mark.parametrize("name", sorted(TRACES))
def test_files_callbacks_and_loggers_are_those_recorded(name, tmp_path):
    trace, trace_3_0 = TRACES[name], TRACES_3_0[name]
    losses = (0.6, 0.5344) if name == "ema" else VALIDATION_LOSSES  # as they were when these were recorded
    config = {"exp_dir": "exp", "name": "tiny", "create_checkpoint_callback": False, **trace["config"]}
    if "explicit_log_dir" in config:
        del config["exp_dir"]
    trainer = quiet_trainer()
    folder = exp_manager(trainer, config)
    callbacks = [type(callback).__name__ for callback in trainer.callbacks]
    trainer.fit(scripted_model(losses))
    files = listing(tmp_path)
    assert files == sorted(trace["files"])
    # release 3.0 writes no log file of each rank unless asked; we do, as 1.23 does
    assert [file for file in files if "nemo_log_globalrank" not in file] == sorted(trace_3_0["files"])
    assert re.sub(DATE, "<datetime>", str(folder)) == trace["log_dir"]
    assert [type(made).__name__ for made in trainer.loggers] == trace["loggers"]
    assert [callback for callback in callbacks if callback in trace["callbacks"]] == trace["callbacks"]
    # a reporter to the makers of release 3.0, which we do not have
    assert [each for each in trace_3_0["callbacks"] if each != "OneLoggerNeMoCallback"] == trace["callbacks"]
    assert trace_3_0["loggers"] == trace["loggers"]


def test_checkpoints_hold_plain_containers_and_tensors(tmp_path):
    _, _, folder = run({"exp_dir": str(tmp_path), "name": "tiny"})
    paths = list(folder.rglob("*.ckpt"))
    assert len(paths) == 3
    for path in paths:
        checkpoint = torch.load(path, weights_only=True)
        kinds = {type(value) for value in _leaves(checkpoint)}
        assert kinds <= {int, float, str, bool, type(None), torch.Tensor, bytes}


def _leaves(value):
    if isinstance(value, dict):
        assert type(value).__name__ in ("dict", "OrderedDict")
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def test_no_config_is_an_error_in_the_log_and_no_folder(caplog, tmp_path):
    assert exp_manager(quiet_trainer(), None) is None
    assert "exp_manager got no config" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_fast_dev_run_writes_nothing(tmp_path):
    assert exp_manager(quiet_trainer(fast_dev_run=True), {"exp_dir": str(tmp_path)}) is None
    assert list(tmp_path.iterdir()) == []


def test_dataclass_and_dictconfig_are_configs(tmp_path):
    config = ExpManagerConfig(exp_dir=str(tmp_path), name="a", version="b")
    assert exp_manager(quiet_trainer(), OmegaConf.structured(config)) == tmp_path / "a" / "b"
    assert exp_manager(quiet_trainer(), config) == tmp_path / "a" / "b"


def test_anything_else_is_refused():
    with pytest.raises(ValueError, match="cfg of exp_manager is a list"):
        exp_manager(quiet_trainer(), ["exp_dir"])


def test_unknown_key_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UnknownKeyError, match="exp_manager.exp_dirr is unknown; did you mean exp_dir?"):
        exp_manager(quiet_trainer(), {"exp_dirr": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_process_state_knows_the_run(tmp_path):
    exp_manager(quiet_trainer(), {"exp_dir": str(tmp_path), "name": "a", "version": "b"})
    state = AppState()
    assert (state.log_dir, state.exp_dir, state.name, state.version) == (tmp_path / "a" / "b", str(tmp_path), "a", "b")
    assert state.checkpoint_name == "a"
    assert state.create_checkpoint_callback is True


def test_testing_after_a_resumed_training_uses_the_trained_weights(tmp_path):
    config = {"exp_dir": str(tmp_path), "name": "a", "resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    run(config, max_epochs=1)
    trainer, model, _ = run(config, max_epochs=3)
    trained = {name: value.clone() for name, value in model.state_dict().items()}
    model.setup_multiple_test_data(OmegaConf.create({"seed": 3}))
    trainer.test(model, verbose=False)
    assert all(torch.equal(value, trained[name]) for name, value in model.state_dict().items())
