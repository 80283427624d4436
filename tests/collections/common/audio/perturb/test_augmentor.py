"""Which perturbations are applied, and how configs name them."""

import numpy as np
import pytest
from omegaconf import OmegaConf

from nemo.collections.common.audio.perturb import AudioAugmentor, GainPerturbation, Perturbation, process_augmentations
from nemo.collections.common.audio.perturb.augmentor import register_perturbation
from nemo.collections.common.audio.segment import AudioSegment
from nemo.utils.exceptions import ConfigError


class Counting(Perturbation):
    """Counts how often it is applied."""

    def __init__(self, step: int = 1):
        super().__init__()
        self.step = step
        self.count = 0

    def perturb(self, data):
        self.count += self.step


def segment():
    return AudioSegment(np.full(10, 0.1, np.float32), 8000)


def test_each_is_applied_with_its_probability():
    never, half, always = Counting(), Counting(), Counting()
    augmentor = AudioAugmentor([(0.0, never), (0.5, half), (1.0, always)], rng=0)
    for _ in range(1000):
        augmentor.perturb(segment())
    assert (never.count, always.count) == (0, 1000)
    assert 430 < half.count < 570


def test_one_seed_fixes_choice_and_perturbation():
    def levels(seed):
        augmentor = AudioAugmentor([(0.5, GainPerturbation()), (0.5, GainPerturbation())])
        augmentor.reseed(seed)
        data = segment()
        augmentor.perturb(data)
        return data.rms_db

    assert levels(3) == levels(3)
    assert len({levels(seed) for seed in range(20)}) > 10


def test_without_a_seed_pythons_generator_decides():
    import random

    def level():
        random.seed(4)
        augmentor = AudioAugmentor([(1.0, GainPerturbation())])
        augmentor.reseed()
        data = segment()
        augmentor.perturb(data)
        return data.rms_db

    assert level() == level()


def test_a_config_section_builds_all_kinds(tmp_path):
    (tmp_path / "noise.json").write_text('{"audio_filepath": "n.wav", "duration": 1.0}')
    section = OmegaConf.create(
        {
            "speed": {"prob": 0.5, "sr": 16000, "resample_type": "kaiser_best", "min_speed_rate": 0.9, "num_rates": 3},
            "gain": {"prob": 0, "min_gain_dbfs": -3},
            "white_noise": {"prob": 1, "min_level": -90, "max_level": -46},
            "shift": {"prob": 1.0, "rng": 3},
            "silence": {"prob": 1.0, "max_end_silence_secs": 1},
            "noise": {"prob": 0.1, "manifest_path": str(tmp_path / "noise.json")},
        }
    )
    augmentor = process_augmentations(section)
    names = [(probability, type(kind).__name__) for probability, kind in augmentor._pipeline]
    assert names == [
        (0.5, "SpeedPerturbation"),
        (0.0, "GainPerturbation"),
        (1.0, "WhiteNoisePerturbation"),
        (1.0, "ShiftPerturbation"),
        (1.0, "SilencePerturbation"),
        (0.1, "NoisePerturbation"),
    ]
    assert process_augmentations(augmentor) is augmentor
    assert process_augmentations(None) is None
    assert process_augmentations({}) is None


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"sped": {"prob": 1}}, "did you mean speed"),
        ({"gain": {}}, "gain.prob is None"),
        ({"gain": {"prob": 1.5}}, "1.5"),
        ({"gain": {"prob": "often"}}, "'often'"),
        ({"gain": {"prob": 1, "min_gain_db": 3}}, "did you mean min_gain_dbfs"),
        ({"speed": {"prob": 1}}, "'sr'"),
        ([1], "Expected perturbations by name"),
    ],
)
def test_bad_sections_are_named(section, said):
    with pytest.raises(ConfigError, match=said):
        process_augmentations(section)


def test_every_kind_of_the_original_is_known_by_its_name(tmp_path):
    manifest = tmp_path / "recordings.json"
    manifest.write_text('{"audio_filepath": "n.wav", "duration": 1.0}')
    section = {
        "time_stretch": {"prob": 1, "n_fft": 256},
        "impulse": {"prob": 1, "manifest_path": str(manifest), "shift_impulse": True},
        "noise_norm": {"prob": 1, "manifest_path": str(manifest), "snr_samples": [0, 5]},
        "rir_noise_aug": {"prob": 1, "rir_manifest_path": str(manifest), "noise_manifest_paths": [str(manifest)]},
        "transcode_aug": {"prob": 1, "codecs": ["g711"]},
        "random_segment": {"prob": 1, "duration_sec": 1.0},
    }
    names = [type(kind).__name__ for _, kind in process_augmentations(section)._pipeline]
    assert names == [
        "TimeStretchPerturbation",
        "ImpulsePerturbation",
        "NoiseNormPerturbation",
        "RirAndNoisePerturbation",
        "TranscodePerturbation",
        "RandomSegmentPerturbation",
    ]


def test_users_perturbations_are_known_by_name(monkeypatch):
    monkeypatch.setattr("nemo.collections.common.audio.perturb.augmentor._registered", {})
    register_perturbation("counting", Counting)
    ((probability, kind),) = process_augmentations({"counting": {"prob": 0.25, "step": 3}})._pipeline
    assert (probability, kind.step) == (0.25, 3)
    for taken in ("counting", "speed"):
        with pytest.raises(ConfigError, match="already"):
            register_perturbation(taken, Counting)
