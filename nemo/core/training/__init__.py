"""What happens to a model while it trains: guards, freezing, memory, compilation, profiles."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "activation_checkpointing": ["ActivationCheckpointing", "ActivationCheckpointingConfig"],
        "callbacks": ["training_callbacks"],
        "compilation": ["Compilation", "CompilationConfig", "compile_modules"],
        "debug_info": ["DebugInfo", "DebugInfoConfig"],
        "freeze_updates": ["FreezeUpdates", "FreezeUpdatesConfig"],
        "keys": ["TRAINING_KEYS"],
        "non_finite": ["NonFiniteConfig", "NonFiniteGuard"],
        "profiling": [
            "MemoryProfile",
            "MemoryProfileConfig",
            "NsysProfile",
            "NsysProfileConfig",
            "TorchProfile",
            "TorchProfileConfig",
        ],
    },
)
