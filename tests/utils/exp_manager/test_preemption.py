"""What surrounds the signals; the signals themselves are in tests/reliability/test_r2_signals.py."""

import os
import re
import signal
from pathlib import Path

import pytest
import torch
from pytorch_lightning.plugins.environments import SLURMEnvironment
from pytorch_lightning.trainer.connectors.signal_connector import _SignalConnector

from nemo.utils.exp_manager import NeMoModelCheckpoint, exp_manager
from nemo.utils.exp_manager.preemption import Agreement, PreemptionCallback, StopSignals, requeue_slurm_job
from tests.reliability import warm_processes
from tests.utils.exp_manager.runs import names, quiet_trainer, scripted_model


def managed(tmp_path, **config):
    trainer = quiet_trainer()
    exp_manager(trainer, {"explicit_log_dir": str(tmp_path), "create_tensorboard_logger": False, **config})
    return trainer, next(c for c in trainer.callbacks if isinstance(c, NeMoModelCheckpoint))


@pytest.fixture
def other_handlers():
    """Pytest's own handler of Ctrl-C is Python's, as in a program."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
    before = {number: signal.getsignal(number) for number in numbers}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_experiment_manager_gives_it_to_the_checkpoints_and_adds_no_callback(tmp_path):
    trainer, checkpoints = managed(tmp_path)
    assert isinstance(checkpoints.preemption, PreemptionCallback)
    assert not any(isinstance(callback, PreemptionCallback) for callback in trainer.callbacks)
    assert not checkpoints.preemption.interrupted
    assert managed(tmp_path, create_preemption_callback=False)[1].preemption is None


def test_handlers_are_there_in_training_only(tmp_path, other_handlers):
    trainer, _ = managed(tmp_path)
    model = scripted_model()
    seen = {}
    model.on_train_start = lambda: seen.update({number: signal.getsignal(number) for number in other_handlers})
    trainer.fit(model)
    assert isinstance(trainer._signal_connector, StopSignals)
    assert seen[signal.SIGTERM] == seen[signal.SIGINT] == trainer._signal_connector._on_signal
    assert seen[signal.SIGUSR1] == other_handlers[signal.SIGUSR1]  # SLURM's, and there is none
    assert {number: signal.getsignal(number) for number in other_handlers} == other_handlers
    trainer.validate(model)
    assert isinstance(trainer._signal_connector, _SignalConnector)


def test_a_handler_of_the_user_stays(tmp_path, other_handlers):
    def own(*_):
        """Something else."""

    signal.signal(signal.SIGTERM, own)
    trainer, _ = managed(tmp_path)
    model = scripted_model()
    model.on_train_start = lambda: setattr(model, "seen", signal.getsignal(signal.SIGTERM))
    trainer.fit(model)
    assert model.seen is own


def test_a_signal_of_the_caller_s_choice_saves_even_where_no_last_checkpoint_is_kept(tmp_path, other_handlers):
    trainer, checkpoints = managed(tmp_path, checkpoint_callback_params={"save_last": False})
    checkpoints.preemption = PreemptionCallback(checkpoints, sig=signal.SIGUSR1)
    model = scripted_model()
    model.on_before_zero_grad = lambda optimizer: model.global_step == 2 and os.kill(os.getpid(), signal.SIGUSR1)
    with pytest.raises(SystemExit) as end:
        trainer.fit(model)
    assert end.value.code == 128 + signal.SIGUSR1
    (last,) = [name for name in names(tmp_path) if "last" in name]
    saved = torch.load(tmp_path / "checkpoints" / last, weights_only=True)
    assert saved["global_step"] == trainer.global_step > 1


def test_a_signal_in_the_last_moment_ends_the_program_after_all_is_written(tmp_path, other_handlers):
    trainer, _ = managed(tmp_path)
    model = scripted_model()
    model.on_train_end = lambda: os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(SystemExit) as end:
        trainer.fit(model)
    assert end.value.code == 143
    assert trainer.global_step == 8
    assert names(tmp_path, "*.nemo") == ["default.nemo"]


def test_a_forked_process_ignores_signals(tmp_path, other_handlers):
    trainer, _ = managed(tmp_path)
    signals = StopSignals(trainer)
    signals._pid += 1  # as if this one were forked
    signals._on_signal(signal.SIGTERM, None)
    assert signals.received is None


@pytest.mark.parametrize(
    ("variables", "script", "says"),
    [
        ({"SLURM_JOB_ID": "12"}, "exit 0", "job 12 is in the queue again"),
        ({"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3"}, "exit 0", "job 12_3 is in the queue again"),
        ({"SLURM_JOB_ID": "12"}, "echo no >&2; exit 1", "job 12 was not queued again; scontrol says: no."),
        ({"SLURM_JOB_ID": "12; rm"}, "exit 0", "its number is '12; rm'"),
        ({}, "exit 0", "its number is ''"),
        ({"SLURM_JOB_ID": "12"}, None, "job 12 was not queued again: .*No such file"),
    ],
)
def test_a_job_is_queued_again_or_the_log_says_why_not(variables, script, says, tmp_path, monkeypatch, caplog):
    for name in ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if script is not None:
        (tmp_path / "scontrol").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}" if script is None else f"{tmp_path}:{os.environ['PATH']}")
    assert requeue_slurm_job() == ("is in the queue" in says)
    assert re.search(says, caplog.text)


def test_slurm_s_signal_is_that_of_the_environment(tmp_path):
    trainer, _ = managed(tmp_path)
    signals = StopSignals(trainer)
    signals.received = int(signal.SIGHUP)
    assert not signals.asks_to_requeue
    trainer._accelerator_connector.cluster_environment = SLURMEnvironment(requeue_signal=signal.SIGHUP)
    assert signals.asks_to_requeue
    trainer._accelerator_connector.cluster_environment = SLURMEnvironment(auto_requeue=False)
    assert not signals.asks_to_requeue


def agree(folder, rank):
    """Process 1 gets a signal after its third step."""
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/rendezvous", world_size=2, rank=rank)
    agreement, reached = Agreement(), []
    for step in range(6):
        own = int(signal.SIGTERM) if rank == 1 and step >= 3 else None
        agreement.reduced(own)
        reached.append(agreement.reached)
    (Path(folder) / f"reached {rank}").write_text(str(reached))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_processes_agree_one_step_later(tmp_path):
    processes = [warm_processes.start(agree, str(tmp_path), rank) for rank in (0, 1)]
    assert [warm_processes.exit_code(process) for process in processes] == [0, 0]
    said = {(tmp_path / f"reached {rank}").read_text() for rank in (0, 1)}
    assert said == {str([False, False, False, False, True, True])}
