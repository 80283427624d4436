"""Processes that a launcher starts agree on ranks, folders and files."""

import subprocess
import sys
from pathlib import Path

import pytest

from nemo.utils.exp_manager.processes import advice_for_several_nodes
from tests.scale.processes import run_processes
from tests.scale.runs import REPOSITORY, make_trainer, manage

SLURM = {"num_nodes": 2, "devices": 1}


def logs_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("nemo_log"))


@pytest.mark.parametrize(
    ("launcher", "options", "local_ranks"), [("torchrun", {}, [0, 1]), ("slurm", SLURM, [0, 0])], ids=str
)
def test_all_write_into_the_folder_of_the_first_process(launcher, options, local_ranks, tmp_path):
    experiment = {"exp_dir": "runs", "name": "e", "seconds_to_sleep": 0.1}
    results = run_processes(manage, 2, tmp_path, launcher=launcher, experiment=experiment, **options)
    assert [result["rank"] for result in results] == [0, 1]
    assert [result["local_rank"] for result in results] == local_ranks
    assert {result["world_size"] for result in results} == {2}
    assert {result["folder"] for result in results} == {"runs/e/version of process 0"}
    folder = tmp_path / results[0]["folder"]
    assert [path.name for path in (tmp_path / "runs/e").iterdir()] == ["version of process 0"]
    expected = [f"nemo_log_globalrank-{rank}_localrank-{local}.txt" for rank, local in enumerate(local_ranks)]
    assert logs_in(folder) == expected
    for rank, name in enumerate(expected):
        text = (folder / name).read_text()
        assert (f"process {rank} writes" in text) and (f"process {1 - rank} writes" not in text)
    output = (tmp_path / "output-1.txt").read_text()
    assert "process 1 writes" not in output, "only the first process prints"
    assert "process 0 writes" in (tmp_path / "output-0.txt").read_text()


def test_files_of_an_earlier_run_are_moved_before_any_process_writes(tmp_path):
    experiment = {"explicit_log_dir": "run", "resume_if_exists": True, "resume_from_checkpoint": "x.ckpt"}
    experiment = {**experiment, "resume_ignore_no_checkpoint": True}
    (tmp_path / "run").mkdir()
    (tmp_path / "x.ckpt").touch()
    (tmp_path / "run" / "cmd-args.log").write_text("earlier")
    (tmp_path / "run" / "nemo_log_globalrank-1_localrank-1.txt").write_text("earlier")
    run_processes(manage, 2, tmp_path, experiment=experiment)
    assert logs_in(tmp_path / "run" / "run_0") == ["nemo_log_globalrank-1_localrank-1.txt"]
    assert (tmp_path / "run" / "run_0" / "cmd-args.log").read_text() == "earlier"
    assert "process 1 writes" in (tmp_path / "run" / "nemo_log_globalrank-1_localrank-1.txt").read_text()


def test_an_error_of_the_decision_reaches_all_processes(tmp_path):
    experiment = {"explicit_log_dir": "run", "resume_if_exists": True}
    outcomes = run_processes(manage, 2, tmp_path, experiment=experiment, fails=True, seconds=30)
    for outcome in outcomes:
        assert outcome.exit_code == 1
        assert "resume_ignore_no_checkpoint" in outcome.output


def test_several_nodes_without_a_launcher_are_told_what_to_set(monkeypatch):
    for name in ("NODE_RANK", "MASTER_ADDR", "MASTER_PORT", "NEMO_EXPM_VERSION"):
        monkeypatch.delenv(name, raising=False)
    trainer = make_trainer([], num_nodes=2, devices=1, strategy="ddp")
    advice = advice_for_several_nodes(trainer)
    assert "num_nodes is 2" in advice
    assert "NODE_RANK, MASTER_ADDR, MASTER_PORT, NEMO_EXPM_VERSION" in advice
    assert advice_for_several_nodes(make_trainer([])) is None


TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@pytest.mark.parametrize(
    "launcher", [pytest.param(TORCHRUN, id="torchrun"), pytest.param([], id="lightning", marks=pytest.mark.slow)]
)
def test_the_example_script_trains_in_two_processes(launcher, tmp_path, tones):
    configs = REPOSITORY / "examples/asr/conf"
    command = [
        sys.executable, *launcher,
        str(REPOSITORY / "examples/asr/asr_ctc/speech_to_text_ctc.py"),
        f"--config-path={configs / 'demo'}", "--config-name=ctc_small_8khz",
        f"model.train_ds.manifest_filepath={tones}/train.json", "model.train_ds.batch_size=2",
        f"model.validation_ds.manifest_filepath={tones}/large.json", "model.validation_ds.batch_size=2",
        "model.train_ds.num_workers=0", "model.validation_ds.num_workers=0",
        "trainer.devices=2", "+trainer.strategy=ddp", "trainer.max_epochs=1", "trainer.check_val_every_n_epoch=1",
        "trainer.enable_progress_bar=false", f"exp_manager.exp_dir={tmp_path}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (done.stdout + done.stderr).count("configuration:") == 1
    (folder,) = (path for path in (tmp_path / "ctc_small_8khz").glob("**/") if (path / "cmd-args.log").exists())
    assert len(logs_in(folder)) == 2
    assert (folder / "checkpoints" / "ctc_small_8khz.nemo").is_file()
    assert len(list(folder.rglob("events.out.tfevents.*"))) == 1
    checkpoints = [path.name for path in (folder / "checkpoints").glob("*.ckpt")]
    assert len(checkpoints) == 2
    assert sum(name.endswith("-last.ckpt") for name in checkpoints) == 1
