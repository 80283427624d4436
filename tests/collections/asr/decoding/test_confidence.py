import math

import pytest
import torch

from nemo.collections.asr.decoding.confidence import (
    AGGREGATIONS,
    ConfidenceConfig,
    ConfidenceMethodConfig,
    build_aggregation,
    build_frame_confidence,
    token_confidences,
    word_confidences,
)
from nemo.utils.exceptions import ConfigError

KINDS = ("gibbs", "tsallis", "renyi")


def method(**more):
    return ConfidenceMethodConfig(**more)


def entropy_by_hand(p, kind, alpha):
    if kind == "gibbs" or alpha == 1:
        power = alpha if kind == "gibbs" else 1
        return -sum(x**power * math.log(x**power) for x in p)
    total = sum(x**alpha for x in p)
    return (1 - total) / (alpha - 1) if kind == "tsallis" else math.log(total) / (1 - alpha)


@pytest.mark.parametrize("alpha", [0.33, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("norm", ["lin", "exp"])
@pytest.mark.parametrize("kind", KINDS)
def test_entropy_confidence_is_its_formula(kind, norm, alpha):
    p = [0.6, 0.2, 0.15, 0.05]
    entropy, largest = entropy_by_hand(p, kind, alpha), entropy_by_hand([0.25] * 4, kind, alpha)
    if norm == "lin":
        expected = 1 - entropy / largest
    else:
        expected = (math.exp(-entropy) - math.exp(-largest)) / (1 - math.exp(-largest))
    measure = build_frame_confidence(method(entropy_type=kind, alpha=alpha, entropy_norm=norm))
    found = measure(torch.tensor(p).log()).item()
    assert found == pytest.approx(min(max(expected, 0.0), 1.0), abs=1e-5)


@pytest.mark.parametrize("norm", ["lin", "exp"])
@pytest.mark.parametrize("kind", KINDS)
def test_uniform_gives_zero_and_certainty_one(kind, norm):
    measure = build_frame_confidence(method(entropy_type=kind, entropy_norm=norm, alpha=0.5))
    uniform = torch.full((7,), 1 / 7).log()
    certain = torch.tensor([1.0, 0, 0, 0, 0, 0, 0]).log()
    assert measure(torch.stack((uniform, certain))).tolist() == pytest.approx([0.0, 1.0], abs=1e-5)


def test_max_prob_is_scaled_to_the_number_of_classes():
    measure = build_frame_confidence(method(name="max_prob", alpha=1.0))
    found = measure(torch.tensor([[0.25] * 4, [0.7, 0.1, 0.1, 0.1]]).log())
    assert found.tolist() == pytest.approx([0.0, (0.7 * 4 - 1) / 3], abs=1e-6)


def test_recorded_defaults():
    cfg = ConfidenceConfig()
    assert (cfg.preserve_frame_confidence, cfg.preserve_token_confidence, cfg.preserve_word_confidence) == (False,) * 3
    assert (cfg.exclude_blank, cfg.aggregation) == (True, "min")
    found = vars(cfg.method_cfg)
    assert found == {
        "name": "entropy",
        "entropy_type": "tsallis",
        "alpha": 0.33,
        "entropy_norm": "exp",
        "temperature": "DEPRECATED",
    }


@pytest.mark.parametrize(("name", "expected"), [("mean", 0.5), ("min", 0.2), ("max", 0.8), ("prod", 0.2 * 0.8 * 0.5)])
def test_aggregations(name, expected):
    assert AGGREGATIONS[name]([0.2, 0.8, 0.5]) == pytest.approx(expected)


def test_tokens_take_their_own_frames_or_the_blanks_after_them_too():
    frames = [0.1, 0.9, 0.8, 0.2, 0.7, 0.3]
    starts, ends = [1, 4], [3, 5]
    assert token_confidences(frames, starts, ends, min) == [0.8, 0.7]
    assert token_confidences(frames, starts, ends, min, exclude_blank=False) == [0.1, 0.3]
    assert token_confidences(frames, [], [], min, exclude_blank=False) == []


def test_words_take_their_tokens():
    assert word_confidences([0.5, 0.6, 0.1, 0.9], [(0, 2), (3, 4)], min) == [0.5, 0.9]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"name": "guess"}, r"method_cfg\.name is 'guess'"),
        ({"entropy_type": "shannon"}, "gibbs, tsallis, renyi"),
        ({"entropy_norm": "log"}, "lin or exp"),
        ({"alpha": 0.0}, "greater than 0"),
    ],
)
def test_unknown_choices_are_named(options, match):
    with pytest.raises(ConfigError, match=match):
        build_frame_confidence(method(**options))


def test_unknown_aggregation_is_named():
    with pytest.raises(ConfigError, match="aggregation is 'median'"):
        build_aggregation("median")
