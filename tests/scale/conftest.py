"""Runs that several tests look at are made once."""

import pytest

from tests.scale.processes import run_processes
from tests.scale.runs import train, write_tones


@pytest.fixture(scope="session")
def tones(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    write_tones(folder)
    return str(folder)


@pytest.fixture(scope="session")
def one_process(tmp_path_factory, tones):
    """Model -> its two epochs in a single process with batches of four."""
    folder = tmp_path_factory.mktemp("one")
    both = {"regression": {"batch_size": 4}, "demo": {"batch_size": 4, "folder": tones}}
    return {
        name: run_processes(train, 1, folder / name, model=name, model_arguments=arguments, archive="x.nemo")[0]
        for name, arguments in both.items()
    }


@pytest.fixture(scope="session")
def two_processes(tmp_path_factory, tones):
    """The same in two processes with batches of two, so that both together take four."""
    folder = tmp_path_factory.mktemp("two")
    both = {"regression": {"batch_size": 2}, "demo": {"batch_size": 2, "folder": tones}}
    return {
        name: run_processes(train, 2, folder / name, model=name, model_arguments=arguments, archive="x.nemo")
        for name, arguments in both.items()
    }
