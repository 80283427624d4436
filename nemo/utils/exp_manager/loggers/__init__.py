"""Where a run's metrics and hyper-parameters go.

configure.py   which loggers a trainer gets, in which order
params.py      their arguments, as keys of the `exp_manager` section
tensorboard.py, wandb.py, mlflow.py, dllogger.py, clearml.py, neptune.py
plain_values.py hyper-parameters as numbers and text
"""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "clearml": ["ClearMLLogger"],
        "configure": ["check_loggers", "configure_loggers"],
        "dllogger": ["DLLogger"],
        "neptune": ["NeptuneLogger"],
        "params": ["ClearMLParams", "DLLoggerParams", "MLFlowParams"],
    },
)
