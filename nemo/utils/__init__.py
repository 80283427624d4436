"""Logging, experiments and small tools; knows nothing of models."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "app_state": ["AppState"],
        "cloud": ["maybe_download_from_cloud"],
        "decorators": ["add_port_docs", "deprecated", "experimental"],
        "logging_mode": ["LogMode"],
        "nemo_logging": ["logging"],
    },
    submodules=[
        "app_state",
        "cloud",
        "config_utils",
        "data_utils",
        "distributed",
        "enum",
        "env_var_parsing",
        "exceptions",
        "exp_manager",
        "get_rank",
        "logging_mode",
        "model_utils",
        "timers",
    ],
)
