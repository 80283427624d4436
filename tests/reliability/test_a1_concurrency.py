"""A1: several processes, one file. There is always one whole file, whoever was quicker."""

import os
import time
from pathlib import Path

import pytest
import torch

from nemo.core.classes.pretrained import PretrainedModelInfo, cached_file
from nemo.utils.download import download
from nemo.utils.exp_manager import DurableCheckpointIO, exp_manager
from tests.core.tiny import TinyModel, tiny_config
from tests.reliability.moments import Moment
from tests.reliability.results import resumed, stray_files, unreadable_files
from tests.reliability.runs import train
from tests.reliability.warm_processes import exit_code, run, start
from tests.reliability.web import CONTENT, server
from tests.utils.exp_manager.runs import quiet_trainer

pytestmark = pytest.mark.battery("A1")

TIMES = 40


def wait_for_start(folder):
    """Lets all processes begin at once, when the parent says so."""
    while not (Path(folder) / "go").exists():
        time.sleep(0.0005)


def together(folder, function, *lists):
    """Runs a function in several processes at once; returns their exit codes."""
    processes = [start(function, str(folder), *arguments) for arguments in zip(*lists, strict=True)]
    time.sleep(0.2)  # all are there, as far as possible
    (folder / "go").touch()
    return [exit_code(process) for process in processes]


def save(folder, number):
    wait_for_start(folder)
    for _ in range(TIMES):
        DurableCheckpointIO().save_checkpoint({"x": torch.full((5000,), number)}, Path(folder) / "a.ckpt")


def is_of_one(path):
    return len(set(torch.load(path, weights_only=True)["x"].tolist())) == 1


def test_two_save_under_one_name(tmp_path):
    assert together(tmp_path, save, [1, 2]) == [0, 0]
    assert is_of_one(tmp_path / "a.ckpt")
    assert sorted(os.listdir(tmp_path)) == ["a.ckpt", "go"]


def save_archive(folder, number):
    model = TinyModel(tiny_config())
    torch.nn.init.constant_(model.encoder.weight, number)
    wait_for_start(folder)
    for _ in range(TIMES):
        model.save_to(str(Path(folder) / "a.nemo"))


def test_a_reader_while_two_write(tmp_path):
    DurableCheckpointIO().save_checkpoint({"x": torch.full((5000,), 0)}, tmp_path / "a.ckpt")
    TinyModel(tiny_config()).save_to(str(tmp_path / "a.nemo"))
    writers = [start(save, str(tmp_path), 1), start(save_archive, str(tmp_path), 2)]
    (tmp_path / "go").touch()
    read = 0
    while any(writer.is_alive() for writer in writers):
        assert is_of_one(tmp_path / "a.ckpt")
        assert len(TinyModel.restore_from(str(tmp_path / "a.nemo")).encoder.weight[0]) == 4
        read += 1
    assert read > 3
    assert [exit_code(writer) for writer in writers] == [0, 0]


def fetch(folder, address):
    wait_for_start(folder)
    assert download(address, Path(folder) / "model.nemo").read_bytes() == CONTENT
    os.environ["NEMO_CACHE_DIR"] = str(Path(folder) / "cache")
    assert cached_file(PretrainedModelInfo("a", "", address)).read_bytes() == CONTENT


def test_several_download_the_same_file_once(tmp_path):
    with server(seconds=0.3) as (address, requests):
        assert together(tmp_path, fetch, [address] * 3) == [0, 0, 0]
    assert len(requests) == 2  # one for the file, one for the cache
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ["go", "model.nemo", "model.nemo"]


def restore(folder, number):
    wait_for_start(folder)
    for _ in range(5):
        model = TinyModel.restore_from(str(Path(folder) / "a.nemo"))
    torch.save(model.state_dict(), Path(folder) / f"weights {number}")


def test_two_ranks_restore_one_archive(tmp_path):
    model = TinyModel(tiny_config())
    model.save_to(str(tmp_path / "a.nemo"))
    assert together(tmp_path, restore, [0, 1]) == [0, 0]
    for number in (0, 1):
        weights = torch.load(tmp_path / f"weights {number}", weights_only=True)
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def make_run_folder(folder, rank):
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), NEMO_EXPM_VERSION="one")
    wait_for_start(folder)
    made = exp_manager(quiet_trainer(), {"exp_dir": folder, "name": "run", "create_checkpoint_callback": True})
    assert made == Path(folder) / "run" / "one"


def test_two_ranks_make_the_folder_of_the_run(tmp_path):
    assert together(tmp_path, make_run_folder, [0, 1]) == [0, 0]
    files = os.listdir(tmp_path / "run" / "one")
    assert {f"nemo_log_globalrank-{rank}_localrank-{rank}.txt" for rank in (0, 1)} <= set(files)
    assert "cmd-args.log" in files


def test_two_resume_one_run(tmp_path, unbroken):
    """A mistake that happens; neither breaks what the other has written."""
    assert run(train, str(tmp_path), "epochs", Moment("step", 8), "SIGKILL") == -9
    both = [start(train, str(tmp_path), "epochs") for _ in range(2)]
    codes = [exit_code(process) for process in both]
    assert 0 in codes, (tmp_path / "output.txt").read_text()[-3000:]
    assert not unreadable_files(tmp_path)
    assert not stray_files(tmp_path)
    found, expected = resumed(tmp_path, "epochs"), unbroken("epochs")
    assert (found.weights, found.losses) == (expected.weights, expected.losses)
