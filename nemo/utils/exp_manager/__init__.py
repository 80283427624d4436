"""The experiment manager: where a run writes, what it logs, which checkpoints it keeps, from where it resumes.

    exp_manager(trainer, cfg.get("exp_manager"))

config.py      the keys and their defaults
manager.py     `exp_manager`: the order of everything below
directories.py the folder of the run
resume.py      which checkpoint to continue from
exact_resume.py random states, and the place in the data, so that a resumed run repeats the uninterrupted one
checkpoint.py  which checkpoints are kept; checkpoint_io.py: how one is written so that no crash breaks it
log_files.py, loggers.py, logged_values.py, timing.py, early_stopping.py, time_limit.py, validation.py, clean_up.py,
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
            "ClearMLParams",
            "DLLoggerParams",
            "EMAParams",
            "EarlyStoppingParams",
            "ExpManagerConfig",
            "MLFlowParams",
            "StepTimingParams",
        ],
        "directories": ["check_explicit_log_dir", "get_log_dir"],
        "early_stopping": ["configure_early_stopping"],
        "errors": [
            "CheckpointMisconfigurationError",
            "CheckpointWriteError",
            "LoggerMisconfigurationError",
            "NotFoundError",
        ],
        "exact_resume": ["ExactResume"],
        "log_files": ["add_filehandlers_to_pl_logger", "get_git_diff", "get_git_hash"],
        "logged_values": ["LoggedValues"],
        "loggers": ["configure_loggers"],
        "manager": ["error_checks", "exp_manager"],
        "resume": ["check_resume"],
        "time_limit": ["StatelessTimer"],
        "timing": ["TimingCallback"],
        "validation": ["SkipResumeTrainingValidationLoop"],
    },
)
