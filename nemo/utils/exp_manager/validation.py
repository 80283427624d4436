"""No second validation at the step at which a run was resumed."""

from __future__ import annotations

import warnings

from pytorch_lightning import Trainer
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop


class SkipResumeTrainingValidationLoop(_TrainingEpochLoop):
    """Lightning's loop over an epoch, which does not validate again where the checkpoint was written.

    Lightning does so by itself for checkpoints of our kind since 2.5; the class stays for those who name it.
    """


def skip_validation_on_resume(trainer: Trainer) -> None:
    """Gives the trainer the loop above; a loop of the user's own stays, with a warning."""
    loop = trainer.fit_loop.epoch_loop
    if type(loop) is not _TrainingEpochLoop:
        warnings.warn(
            f"the trainer has a custom loop over epochs, {type(loop).__name__}: "
            "exp_manager.disable_validation_on_resume has no effect. Set it to false.",
            UserWarning,
            stacklevel=2,
        )
        return
    trainer.fit_loop.epoch_loop = SkipResumeTrainingValidationLoop(trainer, loop.min_steps, loop.max_steps)
