"""Normalisation over valid frames against torch.mean and torch.std of each utterance alone."""

import pytest
import torch

from nemo.collections.common.audio.normalization import check_normalization, normalize_batch, normalize_utterance
from nemo.utils.exceptions import ConfigError

LENGTHS = [7, 5, 2]


@pytest.fixture
def features():
    return torch.randn(3, 4, 7) * 3 + 1


@pytest.mark.parametrize(("kind", "dims"), [("per_feature", (1,)), ("all_features", (0, 1))])
def test_valid_frames_get_mean_0_and_deviation_1(features, kind, dims):
    batch = normalize_batch(features, torch.tensor(LENGTHS), kind)
    for row, length in enumerate(LENGTHS):
        valid = features[row, :, :length]
        expected = (valid - valid.mean(dims, keepdim=True)) / (valid.std(dims, keepdim=True) + 1e-5)
        torch.testing.assert_close(batch[row, :, :length], expected)
        torch.testing.assert_close(normalize_utterance(valid.clone(), kind), expected)


def test_a_single_frame_becomes_zero(features):
    assert normalize_batch(features[:, :, :1], torch.ones(3), "per_feature").abs().max() == 0
    assert normalize_utterance(features[0, :, :1].clone(), "per_feature").abs().max() == 0


def test_fixed_statistics_are_applied_as_they_are(features):
    kind = {"fixed_mean": [0.0, 1.0, 2.0, 3.0], "fixed_std": [1.0, 2.0, 4.0, 8.0]}
    expected = (features - torch.arange(4.0)[:, None]) / torch.tensor([1.0, 2.0, 4.0, 8.0])[:, None]
    torch.testing.assert_close(normalize_batch(features, torch.tensor(LENGTHS), kind), expected)
    torch.testing.assert_close(normalize_utterance(features[0].clone(), kind), expected[0])


@pytest.mark.parametrize("kind", [None, "NA", "None"])
def test_no_normalisation_leaves_features(features, kind):
    assert torch.equal(normalize_batch(features, torch.tensor(LENGTHS), kind), features)


@pytest.mark.parametrize("kind", ["per_featur", {"fixed_mean": [1.0]}])
def test_unknown_kinds_are_refused_with_the_known_ones(kind):
    with pytest.raises(ConfigError, match=r"preprocessor\.normalize.*fixed_std"):
        check_normalization(kind)


def test_fixed_statistics_of_the_wrong_size_are_refused(features):
    with pytest.raises(ConfigError, match="expected 4 of each"):
        normalize_utterance(features[0], {"fixed_mean": [0.0], "fixed_std": [1.0]})
