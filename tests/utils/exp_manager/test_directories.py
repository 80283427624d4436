import os
import re
from pathlib import Path

import pytest
from pytorch_lightning.loggers import CSVLogger

from nemo.constants import NEMO_ENV_VARNAME_VERSION
from nemo.utils.exp_manager import get_log_dir
from nemo.utils.exp_manager.errors import LoggerMisconfigurationError
from tests.utils.exp_manager.runs import quiet_trainer


def test_defaults_lie_below_nemo_experiments(tmp_path):
    folder, exp_dir, name, version = get_log_dir(quiet_trainer())
    assert (exp_dir, name) == (str(tmp_path / "nemo_experiments"), "default")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", version)
    assert folder == Path(exp_dir) / name / version


def test_versions_are_counted(tmp_path):
    for number in (0, 1):
        folder, *_ = get_log_dir(quiet_trainer(), str(tmp_path), "a", use_datetime_version=False)
        assert folder == tmp_path / "a" / f"version_{number}"
        folder.mkdir(parents=True)


def test_resuming_needs_no_version(tmp_path):
    folder, _, _, version = get_log_dir(quiet_trainer(), str(tmp_path), "a", resume_if_exists=True)
    assert (folder, version) == (tmp_path / "a", None)


def test_the_launcher_says_the_version(tmp_path, monkeypatch):
    monkeypatch.setenv(NEMO_ENV_VARNAME_VERSION, "from-launcher")
    assert get_log_dir(quiet_trainer(), str(tmp_path), "a")[3] == "from-launcher"
    assert get_log_dir(quiet_trainer(), str(tmp_path), "a", version="own")[3] == "own"


def test_children_get_the_version_and_the_next_run_of_this_process_does_not(tmp_path):
    version = get_log_dir(quiet_trainer(), str(tmp_path), "a", use_datetime_version=False)[3]
    assert os.environ[NEMO_ENV_VARNAME_VERSION] == version == "version_0"
    (tmp_path / "a" / "version_0").mkdir(parents=True)
    assert get_log_dir(quiet_trainer(), str(tmp_path), "a", use_datetime_version=False)[3] == "version_1"


def test_explicit_folder_is_taken_as_it_is(tmp_path, caplog):
    found = get_log_dir(quiet_trainer(), "exp", "a", "v", explicit_log_dir=str(tmp_path / "here"))
    assert found == (tmp_path / "here", str(tmp_path / "here"), "", "")
    assert "exp_dir (exp) and version (v) are not used" in caplog.text


def test_a_logger_of_the_trainer_decides(tmp_path):
    trainer = quiet_trainer(logger=CSVLogger(str(tmp_path), name="csv"))
    assert get_log_dir(trainer) == (tmp_path / "csv" / "version_0", str(tmp_path), "csv", "version_0")


@pytest.mark.parametrize("arguments", [{"exp_dir": "x"}, {"name": "x"}, {"explicit_log_dir": "x"}])
def test_a_logger_of_the_trainer_and_another_folder_are_refused(tmp_path, arguments):
    trainer = quiet_trainer(logger=CSVLogger(str(tmp_path), name="csv"))
    with pytest.raises(LoggerMisconfigurationError, match="CSVLogger"):
        get_log_dir(trainer, **arguments)
