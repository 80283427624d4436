"""A run that ends by itself before the cluster ends it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Timer
from pytorch_lightning.utilities.exceptions import _TunerExitException

from nemo.utils.exp_manager.checkpoint import NeMoModelCheckpoint

logger = logging.getLogger(__name__)


class StatelessTimer(Timer):
    """Ends the run after a duration: the last checkpoint is written, no further validation is made.

    Unlike Lightning's Timer it keeps no state in checkpoints: each run has the whole duration.

    Args:
        duration: `DD:HH:MM:SS`, a timedelta, or a dict of timedelta's arguments.
        interval: look at the clock after every `step` or every `epoch`.
        verbose: log when the time is over.
    """

    def __init__(
        self, duration: str | timedelta | dict[str, int] | None = None, interval: str = "step", verbose: bool = True
    ) -> None:
        super().__init__(duration=duration, interval=interval, verbose=verbose)

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing: the time begins anew."""

    def _check_time_remaining(self, trainer: Trainer) -> None:
        super()._check_time_remaining(trainer)
        if self._duration is None or not trainer.should_stop or self.time_elapsed() < self._duration:
            return
        checkpoint = trainer.checkpoint_callback
        if isinstance(checkpoint, NeMoModelCheckpoint) and trainer.global_step > 0:
            checkpoint.save_last_now(trainer)
        logger.info("max_time_per_run is over after step %d: the run ends here and can be resumed", trainer.global_step)
        # Lightning's own way to leave the loops: it tears down, and fit() returns as if it had ended
        raise _TunerExitException


def configure_time_limit(trainer: Trainer, max_time_per_run: str) -> None:
    """Puts a :class:`StatelessTimer` into the trainer, in the place of Lightning's Timer (`Trainer(max_time=...)`)."""
    timers = [callback for callback in trainer.callbacks if isinstance(callback, Timer)]  # type: ignore[attr-defined]
    for timer in timers:
        logger.warning("exp_manager.max_time_per_run replaces the trainer's %s", type(timer).__name__)
        trainer.callbacks.remove(timer)  # type: ignore[attr-defined]
    trainer.callbacks.append(StatelessTimer(max_time_per_run))  # type: ignore[attr-defined]
