"""No test writes into the folder of another's run."""

import pytest

from nemo.utils.app_state import AppState


@pytest.fixture(autouse=True)
def _no_run_of_others(monkeypatch):
    monkeypatch.setattr(AppState(), "log_dir", None)
