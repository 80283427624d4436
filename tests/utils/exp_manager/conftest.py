"""No test of the experiment manager leaves log files open or a version behind."""

import pytest

from nemo.constants import NEMO_ENV_VARNAME_VERSION
from nemo.utils import logging
from nemo.utils.app_state import AppState
from nemo.utils.exp_manager import directories, log_files


@pytest.fixture(autouse=True)
def _clean_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NEMO_ENV_VARNAME_VERSION, "")
    with logging.temp_verbosity("INFO"):
        yield
    logging.remove_file_handlers()
    log_files.close_lightning_files()
    directories._exported_here.clear()
    AppState().log_dir = None
