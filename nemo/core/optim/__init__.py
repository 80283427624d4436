"""Optimizers and learning-rate schedules, and the registries through which configs name them."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "adafactor": ["Adafactor"],
        "adan": ["Adan"],
        "lr_scheduler": [
            "CosineAnnealing",
            "InverseSquareRootAnnealing",
            "NoamAnnealing",
            "NoamHoldAnnealing",
            "PolynomialDecayAnnealing",
            "PolynomialHoldDecayAnnealing",
            "SquareAnnealing",
            "SquareRootAnnealing",
            "T5InverseSquareRootAnnealing",
            "WarmupAnnealing",
            "WarmupHoldAnnealLinear",
            "WarmupHoldAnnealOneMinusSquareRoot",
            "WarmupHoldPolicy",
            "WarmupPolicy",
            "prepare_lr_scheduler",
        ],
        "novograd": ["Novograd"],
        "optimizers": ["get_optimizer", "parse_optimizer_args", "register_optimizer"],
    },
    submodules=["adafactor", "adan", "lr_scheduler", "novograd", "optimizers"],
)
