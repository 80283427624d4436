"""The experiment manager: where a run writes, what it logs, which checkpoints it keeps, from where it resumes.

    exp_manager(trainer, cfg.get("exp_manager"))

config.py      the keys and their defaults
manager.py     `exp_manager`: the order of everything below
directories.py the folder of the run
resume.py      which checkpoint to continue from
exact_resume.py random states, and the place in the data, so that a resumed run repeats the uninterrupted one
checkpoint.py  which checkpoints are kept; checkpoint_io.py: how one is written so that no crash breaks it
preemption.py  what a run does when the cluster or the user stops it
damage.py      whether a checkpoint is whole, which is the newest, and what to do about a damaged one
checkpoint_names.py, unfinished.py  which checkpoints lie in a folder, and which of them are whole
ema.py         the moving average of the weights; ema_optimizer.py keeps it, ema_checkpoints.py names its files
loggers/       TensorBoard, W&B, MLflow, DLLogger, ClearML, Neptune
log_files.py, logged_values.py, timing.py, epoch_time.py, early_stopping.py, time_limit.py, validation.py, clean_up.py,
errors.py
"""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "checkpoint": ["NeMoModelCheckpoint", "configure_checkpointing"],
        "checkpoint_io": ["DurableCheckpointIO"],
        "clean_up": ["clean_exp_ckpt"],
        "config": [
            "CallbackParams",
            "EMAParams",
            "EarlyStoppingParams",
            "ExpManagerConfig",
            "StepTimingParams",
        ],
        "ema": ["EMA"],
        "ema_optimizer": ["EMAOptimizer"],
        "epoch_time": ["LogEpochTimeCallback"],
        "directories": ["check_explicit_log_dir", "get_log_dir"],
        "early_stopping": ["configure_early_stopping"],
        "errors": [
            "CheckpointMisconfigurationError",
            "CheckpointReadError",
            "CheckpointWriteError",
            "LoggerMisconfigurationError",
            "NotFoundError",
        ],
        "exact_resume": ["ExactResume"],
        "log_files": ["add_filehandlers_to_pl_logger", "get_git_diff", "get_git_hash"],
        "logged_values": ["LoggedValues"],
        "loggers.clearml": ["ClearMLLogger"],
        "loggers.configure": ["configure_loggers"],
        "loggers.dllogger": ["DLLogger"],
        "loggers.neptune": ["NeptuneLogger"],
        "loggers.params": ["ClearMLParams", "DLLoggerParams", "MLFlowParams"],
        "manager": ["error_checks", "exp_manager"],
        "preemption": ["PreemptionCallback"],
        "resume": ["check_resume"],
        "time_limit": ["StatelessTimer"],
        "timing": ["TimingCallback"],
        "validation": ["SkipResumeTrainingValidationLoop"],
    },
)
