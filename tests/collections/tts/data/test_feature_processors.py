"""What is done to features."""

import json

import pytest
import torch

from nemo.collections.tts.data.feature_processors import (
    FeatureScaler,
    LogCompression,
    MeanVarianceNormalization,
    MeanVarianceSpeakerNormalization,
)
from nemo.utils.exceptions import ConfigError


@pytest.fixture
def statistics(tmp_path):
    path = tmp_path / "stats.json"
    path.write_text(
        json.dumps({"default": {"pitch_mean": 100, "pitch_std": 20}, "ann": {"pitch_mean": 200, "pitch_std": 50}})
    )
    return str(path)


def changed(processor, **sample):
    sample = {"pitch": torch.tensor([100.0, 0.0, 300.0]), "voiced_mask": torch.tensor([True, False, True]), **sample}
    processor.process(sample)
    return sample["pitch"].tolist()


def test_scaling_adds_then_divides():
    assert changed(FeatureScaler("pitch", 100.0, 200.0)) == [1.0, 0.5, 2.0]


def test_logarithms_are_guarded():
    assert changed(LogCompression("pitch")) == pytest.approx([4.61512, 0.0, 5.70711], abs=1e-4)
    assert changed(LogCompression("pitch", "clamp", 1.0)) == pytest.approx([4.60517, 0.0, 5.70378], abs=1e-4)


def test_normalisation_leaves_frames_without_a_voice(statistics):
    assert changed(MeanVarianceNormalization("pitch", statistics)) == [0.0, 0.0, 10.0]
    assert changed(MeanVarianceNormalization("pitch", statistics, mask_field=None)) == [0.0, -5.0, 10.0]
    assert changed(MeanVarianceSpeakerNormalization("pitch", statistics), speaker="ann") == [-2.0, 0.0, 2.0]


def test_unknown_voices_have_the_default_if_asked(statistics):
    kept = MeanVarianceSpeakerNormalization("pitch", statistics, fallback_to_default=True)
    assert changed(kept, speaker="bob") == [0.0, 0.0, 10.0]
    with pytest.raises(ConfigError, match="no statistics of the speaker 'bob'; it has default, ann"):
        changed(MeanVarianceSpeakerNormalization("pitch", statistics), speaker="bob")


def test_missing_fields_and_files_are_named(statistics, tmp_path):
    with pytest.raises(ConfigError, match="FeatureScaler is to change 'energy', and samples have pitch"):
        changed(FeatureScaler("energy"))
    with pytest.raises(ConfigError, match=r"absent.json do not exist"):
        MeanVarianceNormalization("pitch", str(tmp_path / "absent.json"))
    with pytest.raises(ConfigError, match="Expected energy_mean and energy_std"):
        MeanVarianceNormalization("energy", statistics)
