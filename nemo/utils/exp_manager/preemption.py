"""Runs that a cluster or a user stops: the step is finished, the last checkpoint is written, and the run ends.

    SIGTERM                  exit code 143
    SIGUSR1 in a SLURM job   the job is queued again (`scontrol requeue`); exit code 138
    SIGINT (Ctrl-C)          exit code 130; a second one stops at once, without a checkpoint

The handlers only take a note; the run stops where all that belongs to a step is done, gradients accumulated, so that a
resumed run repeats the unbroken one to the last bit. A validation that was going on is begun again by the resumed run
(loop_counters.py).
Before the first step there is nothing to save, and the run ends at once.

With several processes each may get the signal at another time, or only one of them at all. So they agree: after each
step they reduce their notes over a group of gloo, in the background, and act on the result one step later, all at the
same. This costs no waiting. A validation comes to its end first, as its batches need not be equally many everywhere.

Lightning has handlers, too. They save in the middle of a step (SIGUSR1) and communicate inside the handler, where other
communication may be going on (SIGTERM); ours take their place while a model is trained.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import threading
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import torch
from lightning_fabric.plugins.environments import SLURMEnvironment
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.trainer.connectors.signal_connector import _SignalConnector
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities.exceptions import SIGTERMException

if TYPE_CHECKING:
    from nemo.utils.exp_manager.checkpoint import NeMoModelCheckpoint

logger = logging.getLogger(__name__)

REQUEUE_SECONDS = 60


class StopNowException(SystemExit):
    """Ends a run from within a signal's handler, where nothing is to be saved."""


class PreemptionCallback(Callback):
    """Ends a run that gets a signal in order. See the head of this file.

    The experiment manager gives it to its checkpoint callback, which passes the hooks on.

    Args:
        checkpoint_callback: writes the last checkpoint.
        sig: one more signal to act on, as on SIGTERM.
    """

    def __init__(self, checkpoint_callback: NeMoModelCheckpoint, sig: int | None = None) -> None:
        self.checkpoint_callback = checkpoint_callback
        self.sig = sig
        self._signals: StopSignals | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a signal has come."""
        return self._signals is not None and self._signals.received is not None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Takes the place of Lightning's handlers for the time of a training."""
        if stage != TrainerFn.FITTING:
            if isinstance(trainer._signal_connector, StopSignals):
                trainer._signal_connector = _SignalConnector(trainer)
            return
        self._signals = StopSignals(trainer, self.sig)
        trainer._signal_connector = self._signals  # type: ignore[assignment]
        self._signals.register_signal_handlers()
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            self._signals.agreement = Agreement()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Several processes agree whether to stop."""
        if self._signals is not None:
            self._signals.agree()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Writes the last checkpoint if the exception is Lightning's, raised since :class:`StopSignals` told it to."""
        signals = self._signals
        if signals is None or signals.received is None:
            return
        if isinstance(exception, SIGTERMException):
            exception.code = exit_code(signals.received)
            self._save(trainer, signals.name)
        elif not isinstance(exception, StopNowException) or exception.code != exit_code(signals.received):
            return
        if signals.asks_to_requeue and trainer.is_global_zero:
            requeue_slurm_job()

    def _save(self, trainer: Trainer, name: str) -> None:
        checkpoints = self.checkpoint_callback
        checkpoints.save_last = True  # whatever the config says: no copy, no link to an earlier one, but this step
        checkpoints.save_last_now(trainer)
        path = checkpoints.last_model_path
        logger.warning("%s: step %d is finished, and the run can be resumed from %s", name, trainer.global_step, path)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Ends the program if the signal came when the training was over anyway."""
        signals, self._signals = self._signals, None
        if stage == TrainerFn.FITTING and signals is not None and signals.received is not None:
            logger.warning("%s: the training had just come to its end", signals.name)
            raise StopNowException(exit_code(signals.received))


class StopSignals:
    """Takes the place of Lightning's signal connector while a model is trained.

    Lightning asks `received_sigterm` after each batch and epoch, and raises SIGTERMException if it is true.
    """

    def __init__(self, trainer: Trainer, extra: int | None = None) -> None:
        self.trainer = trainer
        self.received: int | None = None
        """The signal that this process got, or that of another process after they have agreed."""
        self.agreement: Agreement | None = None
        self._extra = extra
        self._pid = os.getpid()
        self._earlier: dict[int, Any] = {}
        self._batches_before = 0

    @property
    def has_trained(self) -> bool:
        """Whether a batch was trained on, so that there is something to save."""
        return self._batches_started() > self._batches_before

    @property
    def name(self) -> str:
        """The name of the signal received."""
        return signal.Signals(self.received or signal.SIGTERM).name

    @property
    def asks_to_requeue(self) -> bool:
        """Whether the signal is that of SLURM before it ends a job."""
        return self.received is not None and self.received == _requeue_signal(self.trainer)

    @property
    def received_sigterm(self) -> bool:
        """Whether to stop here: a signal came, and the training is in a state that a checkpoint can hold."""
        trainer = self.trainer
        asked = self.received is not None if self.agreement is None else self.agreement.reached
        if not asked or trainer.state.fn != TrainerFn.FITTING:
            return False
        fit, epoch = trainer.fit_loop, trainer.fit_loop.epoch_loop
        if trainer.validating or trainer.sanity_checking:
            return self.agreement is None and not epoch._should_accumulate()
        if epoch._is_training_done:  # the epoch is over; at the end of the run, its last files are written first
            return not _is_over(trainer)
        # right after a validation in the middle of an epoch, Lightning could not resume; the next step is soon done
        return not epoch._should_accumulate() and not epoch._should_check_val_fx(fit._data_fetcher)  # type: ignore[arg-type]

    @received_sigterm.setter
    def received_sigterm(self, value: bool) -> None:
        """Lightning's own flag, which has no meaning here."""

    def register_signal_handlers(self) -> None:
        """Puts our handlers where there are none; those of other libraries and of the user's own stay."""
        self._batches_before = self._batches_started()  # Lightning calls this when a checkpoint has been read
        if self._earlier or threading.current_thread() is not threading.main_thread():
            return
        wanted = {signal.SIGTERM, signal.SIGINT, _requeue_signal(self.trainer), self._extra} - {None}
        for signum in cast("set[int]", wanted):
            earlier = signal.getsignal(signum)
            if earlier in (signal.SIG_DFL, signal.default_int_handler):
                self._earlier[signum] = signal.signal(signum, self._on_signal)
            else:
                logger.debug("signal %d has a handler already, which stays: %s", signum, earlier)

    def teardown(self) -> None:
        """Puts the earlier handlers back."""
        while self._earlier:
            signum, handler = self._earlier.popitem()
            signal.signal(signum, handler)

    def agree(self) -> None:
        """Lets the processes of a run agree, if there are several."""
        if self.agreement is not None:
            self.received = self.agreement.reduced(self.received)

    def _batches_started(self) -> int:
        total: Any = self.trainer.fit_loop.epoch_loop.batch_progress.total
        return int(total.started)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:  # a forked process that loads data; the main one ends it
            return
        again = self.received is not None
        if not again:
            self.received = signum
            _tell_launched(self.trainer, signum)
        if signum == signal.SIGINT and again:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            raise StopNowException(exit_code(signum))
        if not self.has_trained:
            raise StopNowException(exit_code(signum))
        if signum == signal.SIGINT:
            # logging could meet itself in the middle of a line here
            os.write(2, b"\nCtrl-C: the step is finished and a checkpoint is written. Once more to stop at once.\n")

    def __getstate__(self) -> dict[str, Any]:
        """Handlers and groups of processes stay in this process."""
        return {**self.__dict__, "_earlier": {}, "agreement": None}


class Agreement:
    """Whether any of several processes was told to stop: all get the same answer, one step late, and nobody waits."""

    def __init__(self) -> None:
        self._group = torch.distributed.new_group(backend="gloo")
        self._pending: tuple[torch.Tensor, Any] | None = None
        self.reached = False

    def reduced(self, own: int | None) -> int | None:
        """To be called by all processes after each step, with the signal received; gives the one that all act on."""
        if self._pending is not None:
            flag, work = self._pending
            work.wait()
            if flag.item() > 0:
                self.reached = True
                own = int(flag.item())
        flag = torch.tensor([own or 0], dtype=torch.int32)
        work = torch.distributed.all_reduce(flag, torch.distributed.ReduceOp.MAX, self._group, async_op=True)
        self._pending = (flag, work)
        return own


def exit_code(signum: int) -> int:
    """What a shell reports of a program that a signal has ended."""
    return 128 + signum


def requeue_slurm_job() -> bool:
    """Puts the SLURM job of this process into the queue again; says whether it worked.

    The name of the job is in SLURM_JOB_ID, or in SLURM_ARRAY_JOB_ID and SLURM_ARRAY_TASK_ID.
    """
    array, job = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_JOB_ID", "")
    if array is not None:
        job = f"{array}_{os.environ.get('SLURM_ARRAY_TASK_ID', '')}"
    if not re.fullmatch(r"\d+(_\d+)?", job):
        logger.error("the job was not queued again: its number is %r. Start it again; it goes on.", job)
        return False
    try:
        done = subprocess.run(
            ["scontrol", "requeue", job], capture_output=True, text=True, check=False, timeout=REQUEUE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.error("job %s was not queued again: %s. Start it again; it goes on.", job, error)
        return False
    if done.returncode != 0:
        why = done.stderr.strip() or done.stdout.strip()
        logger.error("job %s was not queued again; scontrol says: %s. Start it again; it goes on.", job, why)
        return False
    logger.warning("job %s is in the queue again", job)
    return True


def _requeue_signal(trainer: Trainer) -> int | None:
    environment = trainer._accelerator_connector.cluster_environment
    if isinstance(environment, SLURMEnvironment) and environment.auto_requeue:
        return environment.requeue_signal
    return None


def _tell_launched(trainer: Trainer, signum: int) -> None:
    """Passes a signal on to processes that this one has launched; a terminal sends SIGINT to all by itself."""
    launcher = trainer.strategy.launcher
    if launcher is not None and signum != signal.SIGINT:
        with contextlib.suppress(OSError):
            launcher.kill(signum)


def _is_over(trainer: Trainer) -> bool:
    """Whether the last epoch or step of the run is done. Lightning's own property writes to the log each time."""
    fit = trainer.fit_loop
    steps, epochs = fit.max_steps, fit.max_epochs
    epoch: Any = fit.epoch_progress.current
    return (
        (steps != -1 and fit.epoch_loop.global_step >= steps)
        or (epochs is not None and epochs != -1 and epoch.processed >= epochs)
        or (trainer.should_stop and fit._can_stop_early)
    )
