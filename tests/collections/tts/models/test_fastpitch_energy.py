"""FastPitch: what is learnt of energy, and how short a token may be."""

import pytest
import torch

from nemo.collections.tts.models import FastPitchModel
from tests.collections.tts.models.test_fastpitch import CONFIG, PREDICTOR


def model_with(**keys):
    return FastPitchModel({**CONFIG, "energy_predictor": PREDICTOR, **keys}).eval()


@pytest.mark.parametrize(("use_log_energy", "expected"), [(True, [2.0, 0.5]), (False, [6.389, 0.6487])])
def test_energy_is_averaged_over_tokens_and_its_logarithm_learnt_where_it_is_none_already(use_log_energy, expected):
    module = model_with(use_log_energy=use_log_energy).fastpitch
    energy = torch.tensor([[5.389, 7.389, 0.6487]])
    found = module._energy_of_tokens(energy, torch.tensor([[2, 1]]))
    torch.testing.assert_close(found[0], torch.tensor(expected), atol=1e-3, rtol=0)


def test_no_token_is_shorter_than_the_least_duration_and_padding_has_none():
    model = model_with(min_token_duration=3)
    tokens = model.parse("abcab")
    padded = torch.nn.functional.pad(tokens, (0, 2), value=model.vocab.pad)
    with torch.no_grad():
        spoken = model(text=padded)
    assert spoken.durs_predicted[0, : tokens.shape[1]].ge(3).all()
    assert spoken.durs_predicted[0, tokens.shape[1] :].eq(0).all()
    assert int(spoken.num_frames) >= 3 * tokens.shape[1]
