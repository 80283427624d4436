"""Perturbations of audio for training, and what applies them at random."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "augmentor": ["AudioAugmentor", "process_augmentations"],
        "base": ["Perturbation"],
        "gain": ["GainPerturbation"],
        "impulse": ["ImpulsePerturbation"],
        "noise": ["NoisePerturbation"],
        "noise_norm": ["NoiseNormPerturbation"],
        "random_segment": ["RandomSegmentPerturbation"],
        "rir_and_noise": ["RirAndNoisePerturbation"],
        "shift": ["ShiftPerturbation"],
        "silence": ["SilencePerturbation"],
        "speed": ["SpeedPerturbation"],
        "time_stretch": ["TimeStretchPerturbation"],
        "transcode": ["TranscodePerturbation"],
        "white_noise": ["WhiteNoisePerturbation"],
    },
    submodules=[
        "augmentor",
        "base",
        "gain",
        "impulse",
        "noise",
        "noise_norm",
        "random_segment",
        "recordings",
        "rir_and_noise",
        "shift",
        "silence",
        "speed",
        "time_stretch",
        "transcode",
        "white_noise",
    ],
)
