"""Configuration: dataclasses of optimizers, schedules, loaders and trainer, and how scripts get their config."""

from nemo.core.config.hydra_runner import hydra_runner as hydra_runner  # bound now: module and function share a name
from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "base_config": ["Config"],
        "hydra_runner": ["hydra_runner"],
        "optimizers": [
            "AdadeltaParams",
            "AdafactorParams",
            "AdagradParams",
            "AdamParams",
            "AdamWParams",
            "AdamaxParams",
            "NovogradParams",
            "OptimizerParams",
            "RMSpropParams",
            "RpropParams",
            "SGDParams",
            "get_optimizer_config",
            "register_optimizer_params",
        ],
        "pytorch": ["DataLoaderConfig"],
        "pytorch_lightning": ["TrainerConfig"],
        "schedulers": [
            "CosineAnnealingParams",
            "CyclicLRParams",
            "ExponentialLRParams",
            "InverseSquareRootAnnealingParams",
            "NoamAnnealingParams",
            "NoamHoldAnnealingParams",
            "PolynomialDecayAnnealingParams",
            "PolynomialHoldDecayAnnealingParams",
            "ReduceLROnPlateauParams",
            "SchedulerParams",
            "SquareAnnealingParams",
            "SquareRootAnnealingParams",
            "SquareRootConstantSchedulerParams",
            "StepLRParams",
            "WarmupAnnealingHoldSchedulerParams",
            "WarmupAnnealingParams",
            "WarmupHoldSchedulerParams",
            "WarmupSchedulerParams",
            "get_scheduler_config",
            "register_scheduler_params",
        ],
        "schema": ["with_defaults"],
    },
    submodules=["base_config", "modelPT", "optimizers", "pytorch", "pytorch_lightning", "schedulers", "schema"],
)
