"""R2: a run that gets a signal saves and ends in order, its workers with it; resumed, it is as if nothing had been."""

import signal
import socket

import pytest
import torch

from tests.reliability.moments import Moment
from tests.reliability.results import results_of, resumed, stray_files, unreadable_files
from tests.reliability.runs import train, train_as_rank, train_on_slurm
from tests.reliability.warm_processes import exit_code, run, start, wait_until_gone

pytestmark = pytest.mark.skipif("os.name == 'nt'", reason="Windows has other signals")

GONE_SECONDS = 5
MOMENTS = {
    "before the first batch": ("epochs", Moment("sanity")),
    "in a step": ("steps", Moment("backward", 8)),
    "in a validation": ("epochs", Moment("validation", 6)),
    "while a checkpoint is written": ("archives", Moment("write", 4)),
    "with workers": ("workers", Moment("step", 8)),
}
SIGNALS = {
    "SIGTERM": (128 + signal.SIGTERM, "SIGTERM"),
    "SIGINT": (128 + signal.SIGINT, "group SIGINT"),  # as a terminal sends it, to the workers, too
    "SIGINT twice": (128 + signal.SIGINT, "group SIGINT SIGINT"),
}


def last_step(folder):
    """Steps of the last checkpoint; 0 without one."""
    steps = [torch.load(path, weights_only=True)["global_step"] for path in folder.rglob("*last.ckpt")]
    return max(steps, default=0)


def trained_steps(folder):
    losses = folder / "losses.txt"
    return losses.read_text().count('"train"') if losses.exists() else 0


def check(folder, kind, unbroken):
    workers = [int(path.name.removeprefix("worker-")) for path in folder.glob("worker-*")]
    assert bool(workers) == (kind == "workers")
    assert not wait_until_gone(workers, GONE_SECONDS)
    assert not unreadable_files(folder)
    assert not stray_files(folder)
    assert resumed(folder, kind) == unbroken(kind)


@pytest.mark.battery("R2")
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("sent", SIGNALS)
def test_a_signal_ends_a_run_in_order(sent, moment, tmp_path, unbroken):
    code, act = SIGNALS[sent]
    kind, when = MOMENTS[moment]
    assert run(train, str(tmp_path), kind, when, act) == code, (tmp_path / "output.txt").read_text()[-3000:]
    if sent != "SIGINT twice":  # all that was trained is saved
        assert last_step(tmp_path) == trained_steps(tmp_path)
    check(tmp_path, kind, unbroken)


@pytest.mark.battery("R2")
@pytest.mark.parametrize("moment", MOMENTS)
def test_slurm_s_signal_saves_and_queues_the_job_again(moment, tmp_path, unbroken):
    kind, when = MOMENTS[moment]
    folder = tmp_path / "run of a job"
    assert run(train_on_slurm, str(folder), kind, when, "SIGUSR1") == 128 + signal.SIGUSR1
    assert (folder / "scontrol.txt").read_text().split() == ["requeue", "4711"]
    assert last_step(folder) == trained_steps(folder)
    check(folder, kind, unbroken)


def train_in_two(folder, moment=None, act="", rank_of_moment=0):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plans = [(moment, act) if rank == rank_of_moment else () for rank in (0, 1)]
    processes = [start(train_as_rank, str(folder), rank, port, *plans[rank]) for rank in (0, 1)]
    return [exit_code(process) for process in processes]


@pytest.mark.battery("R2")
def test_a_signal_to_one_of_two_processes_ends_both_in_order(tmp_path):
    assert train_in_two(tmp_path / "unbroken") == [0, 0]
    broken = tmp_path / "broken"
    for rank, step in ((1, 2), (0, 3)):
        codes = train_in_two(broken, Moment("step", step), "SIGTERM", rank)
        assert codes == [143, 143], (broken / "output.txt").read_text()[-3000:]
        assert not unreadable_files(broken)
    assert train_in_two(broken) == [0, 0], (broken / "output.txt").read_text()[-3000:]
    assert results_of(broken) == results_of(tmp_path / "unbroken")
