"""What every test shares: seeds, one thread, and where the optional real data lies."""

from __future__ import annotations

import logging
import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest
import torch

import nemo.utils.nemo_logging  # noqa: F401 - sets the logger up, which the next function then opens
from tests.battery import BatteryReport

os.environ.setdefault("HF_HUB_OFFLINE", "1")

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data"
COMPAT = REPOSITORY.parent / "shared" / "compat"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(BatteryReport(), "battery-report")
    # a shell that runs the tests in the background has told them, and the programs that they start, to ignore Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.getLogger("nemo").propagate = True  # so that caplog sees our records
    torch.set_num_threads(1)  # two OpenMP threads on a busy two-core machine are slower than one


@pytest.fixture(autouse=True)
def _seeded():
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _root_handlers_stay():
    """Libraries add handlers to the root that write to a captured stream, which is closed when the test ends."""
    before = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = [h for h in logging.getLogger().handlers if h in before]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        beside = {"data_folder", "compat_folder"} & set(getattr(item, "fixturenames", ()))
        if beside and item.get_closest_marker("data") is None:
            raise pytest.UsageError(f"{item.nodeid} uses {', '.join(sorted(beside))} without the mark `data`")


def _beside_the_repository(folder: Path, what: str) -> Path:
    if not folder.is_dir():
        pytest.skip(f"{what} (../shared/{folder.name}) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of small real recordings beside the repository; tests that use it are marked `data`."""
    return _beside_the_repository(DATA, "the real recordings")


@pytest.fixture(scope="session")
def compat_folder() -> Path:
    """The archives that the original made, beside the repository; tests that use it are marked `data`."""
    return _beside_the_repository(COMPAT, "the archives of the original")
