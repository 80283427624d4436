import logging as std_logging
import subprocess
import sys

import pytest

from nemo.utils import logging
from nemo.utils.exceptions import ConfigError
from nemo.utils.exp_manager import exp_manager
from nemo.utils.exp_manager.log_files import get_git_diff, get_git_hash
from tests.utils.exp_manager.runs import quiet_trainer

RANK_LOG = "nemo_log_globalrank-{}_localrank-{}.txt"


def manage(tmp_path, **config):
    base = {"explicit_log_dir": str(tmp_path / "log"), "create_checkpoint_callback": False}
    return exp_manager(quiet_trainer(), {**base, "create_tensorboard_logger": False, **config})


def test_lines_go_into_the_files_they_belong_to(tmp_path):
    folder = manage(tmp_path)
    logging.info("information")
    logging.error("an error")
    std_logging.getLogger("pytorch_lightning").info("from Lightning")
    std_logging.getLogger("pytorch_lightning").warning("warned by Lightning")
    all_lines = (folder / RANK_LOG.format(0, 0)).read_text()
    errors = (folder / "nemo_error_log.txt").read_text()
    lightning = (folder / "lightning_logs.txt").read_text()
    assert "information" in all_lines
    assert "an error" in all_lines
    assert [line.split("] ")[1] for line in errors.splitlines()] == ["an error", "warned by Lightning"]
    assert [line.split("] ")[1] for line in lightning.splitlines()] == ["from Lightning", "warned by Lightning"]


def test_a_second_run_leaves_the_files_of_the_first_alone(tmp_path):
    first = manage(tmp_path, explicit_log_dir=str(tmp_path / "1"))
    size = (first / RANK_LOG.format(0, 0)).stat().st_size
    second = manage(tmp_path, explicit_log_dir=str(tmp_path / "2"))
    logging.info("second")
    assert (first / RANK_LOG.format(0, 0)).stat().st_size == size
    assert "second" in (second / RANK_LOG.format(0, 0)).read_text()


def test_the_command_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["train.py", "model.optim.lr=0.1"])
    assert (manage(tmp_path) / "cmd-args.log").read_text() == "train.py model.optim.lr=0.1"


def test_the_state_of_the_code_is_kept_in_a_git_checkout(tmp_path):
    assert get_git_hash() is None
    assert get_git_diff() == ""
    for command in (["init", "-q"], ["add", "a.txt"], ["commit", "-qm", "first"]):
        (tmp_path / "a.txt").write_text("one\n")
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *command], check=True, cwd=tmp_path)
    (tmp_path / "a.txt").write_text("two\n")
    text = (manage(tmp_path) / "git-info.log").read_text()
    assert text.startswith(f"commit hash: {get_git_hash()}\n")
    assert "-one\n+two\n" in text


def test_files_are_copied(tmp_path):
    (tmp_path / "conf.yaml").write_text("a: 1")
    assert (manage(tmp_path, files_to_copy=["conf.yaml"]) / "conf.yaml").read_text() == "a: 1"
    with pytest.raises(FileNotFoundError, match="files_to_copy names missing.yaml"):
        manage(tmp_path, files_to_copy=["missing.yaml"])


@pytest.mark.parametrize(
    ("rank", "local_rank", "flags", "written"),
    [
        (1, 1, {}, True),
        (1, 1, {"log_local_rank_0_only": True}, False),
        (2, 0, {"log_local_rank_0_only": True}, True),
        (2, 0, {"log_global_rank_0_only": True}, False),
        (0, 0, {"log_global_rank_0_only": True}, True),
    ],
)
def test_which_processes_have_a_log_file(tmp_path, monkeypatch, rank, local_rank, flags, written):
    monkeypatch.setenv("RANK", str(rank))
    monkeypatch.setenv("LOCAL_RANK", str(local_rank))
    folder = manage(tmp_path, **flags)
    assert (folder / RANK_LOG.format(rank, local_rank)).exists() == written
    assert (folder / "nemo_error_log.txt").exists() == (rank == 0)
    assert (folder / "cmd-args.log").exists() == (rank == 0)


def test_both_flags_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="are both true. Set one"):
        manage(tmp_path, log_local_rank_0_only=True, log_global_rank_0_only=True)
