import pytest
import torch

from nemo.collections.asr.decoding.confidence import ConfidenceMethodConfig, build_frame_confidence
from nemo.collections.asr.decoding.confidence_names import (
    ConfidenceConstants,
    ConfidenceMethodConstants,
    get_confidence_aggregation_bank,
    get_confidence_measure_bank,
)

LOG_PROBS = torch.tensor([[0.6, 0.3, 0.1], [0.4, 0.3, 0.3]]).log()


def test_every_name_is_the_measure_of_a_config():
    bank = get_confidence_measure_bank()
    assert len(bank) == 1 + len(ConfidenceMethodConstants.ENTROPY_TYPES) * len(ConfidenceMethodConstants.ENTROPY_NORMS)
    for kind in ConfidenceMethodConstants.ENTROPY_TYPES:
        for norm in ConfidenceMethodConstants.ENTROPY_NORMS:
            config = ConfidenceMethodConfig("entropy", kind, 0.5, norm)
            found = bank[f"entropy_{kind}_{norm}"](LOG_PROBS, 3, 0.5)
            assert torch.equal(found, build_frame_confidence(config)(LOG_PROBS))
    assert bank["max_prob"](LOG_PROBS, 3, 1.0).tolist() == pytest.approx([(0.6 * 3 - 1) / 2, 0.1])


def test_aggregations_take_lists_and_tensors():
    bank = get_confidence_aggregation_bank()
    assert set(bank) == set(ConfidenceConstants.AGGREGATIONS)
    for values in ([0.5, 0.25], torch.tensor([0.5, 0.25])):
        assert [bank[name](values) for name in ("mean", "min", "max", "prod")] == [0.375, 0.25, 0.5, 0.125]


def test_names_are_listed():
    assert "tsallis" in ConfidenceMethodConstants.print()
    assert "prod" in ConfidenceConstants.print()
