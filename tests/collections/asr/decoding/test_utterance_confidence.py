import math

import pytest
import torch

from nemo.collections.asr.decoding.confidence import ConfidenceConfig, ConfidenceMethodConfig
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.utterance_confidence import (
    ConfidenceSpec,
    compute_confidence,
    get_filtered_logprobs,
)
from nemo.utils.exceptions import ConfigError

PROBABILITIES = torch.tensor([[0.1, 0.2, 0.7], [0.6, 0.2, 0.2], [0.2, 0.5, 0.3], [0.0, 0.1, 0.9]])


def hypothesis(alignments):
    return Hypothesis(score=0.0, y_sequence=[], text="", alignments=alignments)


@pytest.mark.parametrize("transducer", [False, True])
def test_confidence_is_that_of_the_places_that_are_no_blanks(transducer):
    log_probs = PROBABILITIES.log()
    label = torch.tensor(0)
    by_frame = [[(log_probs[0], label)], [(log_probs[1], label), (log_probs[2], label)], [(log_probs[3], label)]]
    of = hypothesis(by_frame if transducer else (log_probs, log_probs.argmax(-1)))
    assert torch.equal(get_filtered_logprobs(of, exclude_blank=False), log_probs)
    assert torch.equal(get_filtered_logprobs(of, exclude_blank=True), log_probs[1:3])
    spec = ConfidenceSpec(exclude_blank=True, aggregation="prod", confidence_type="max_prob", alpha=1.0)
    expected = (3 * 0.6 - 1) / 2 * (3 * 0.5 - 1) / 2
    assert compute_confidence(of, spec.to_confidence_config()) == pytest.approx(expected, abs=1e-6)


def test_silence_is_judged_by_its_first_place():
    log_probs = PROBABILITIES[[0, 3]].log()
    kept = get_filtered_logprobs(hypothesis((log_probs, None)), exclude_blank=True)
    assert torch.equal(kept, log_probs[:1])
    spec = ConfidenceSpec(True, "mean", "entropy_gibbs_lin", 1.0)
    entropy = -sum(p * math.log(p) for p in (0.1, 0.2, 0.7))
    found = compute_confidence(hypothesis((log_probs, None)), spec.to_confidence_config())
    assert found == pytest.approx(1 - entropy / math.log(3), abs=1e-6)


def test_words_become_a_section():
    method = ConfidenceMethodConfig("entropy", "renyi", 0.25, "exp")
    expected = ConfidenceConfig(exclude_blank=False, aggregation="min", method_cfg=method)
    assert ConfidenceSpec(False, "min", "entropy_renyi_exp", 0.25).to_confidence_config() == expected
    with pytest.raises(ConfigError, match="confidence_type is 'entropy'"):
        ConfidenceSpec(False, "min", "entropy", 0.25).to_confidence_config()
    with pytest.raises(ConfigError, match="has no alignments"):
        get_filtered_logprobs(hypothesis(None), True)
