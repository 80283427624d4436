"""Archives of classifiers and voice activity detectors restore and give the recorded logits.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it.
"""

import numpy as np
import pytest
import torch

from nemo.collections.asr.models import ASRModel
from tests.collections.asr.models.archives import COMPAT, restored

ARCHIVES = sorted(path.stem for kind in ("classification", "vad") for path in COMPAT.glob(f"n???_{kind}_*.nemo"))


@pytest.mark.parametrize("name", ARCHIVES)
def test_features_and_logits_are_the_recorded_ones_and_those_of_a_saved_copy(name, tmp_path):
    model, audio, lengths, recorded = restored(name)
    with torch.no_grad():
        features, feature_lengths = model.preprocessor(input_signal=audio, length=lengths)
        logits = model.forward(input_signal=audio, input_signal_length=lengths)
    assert feature_lengths.tolist() == recorded["features_len"].tolist()
    np.testing.assert_allclose(features, recorded["features"], atol=2e-4 * np.abs(recorded["features"]).max())
    np.testing.assert_allclose(logits, recorded["logits"], atol=2e-4 * max(1, np.abs(recorded["logits"]).max()))

    model.save_to(str(tmp_path / "again.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "again.nemo"), map_location="cpu").eval()
    assert type(again) is type(model)
    with torch.no_grad():
        assert torch.equal(again.forward(input_signal=audio, input_signal_length=lengths), logits)


def test_there_are_archives_of_both_releases():
    assert {name[:4] for name in ARCHIVES} == {"n123", "n300"} and len(ARCHIVES) == 4
