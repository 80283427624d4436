"""Unbroken runs, one of each kind, to compare with."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from tests.reliability.results import Results, results_of
from tests.reliability.runs import train
from tests.reliability.warm_processes import run


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Results]:
    """The results of a run of a kind that nothing happened to."""

    @functools.cache
    def results(kind: str) -> Results:
        folder = tmp_path_factory.mktemp("unbroken")
        assert run(train, str(folder), kind) == 0, (folder / "output.txt").read_text()[-3000:]
        return results_of(folder)

    return results
