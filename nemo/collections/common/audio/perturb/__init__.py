"""Perturbations of audio for training, and what applies them at random."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "augmentor": ["AudioAugmentor", "process_augmentations"],
        "base": ["Perturbation"],
        "gain": ["GainPerturbation"],
        "noise": ["NoisePerturbation"],
        "shift": ["ShiftPerturbation"],
        "silence": ["SilencePerturbation"],
        "speed": ["SpeedPerturbation"],
        "white_noise": ["WhiteNoisePerturbation"],
    },
    submodules=["augmentor", "base", "gain", "noise", "shift", "silence", "speed", "white_noise"],
)
