"""Archives of speaker models restore and give the recorded logits and embeddings.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it.
"""

import numpy as np
import pytest
import torch

from nemo.collections.asr.models import ASRModel, EncDecSpeakerLabelModel
from tests.collections.asr.models.archives import COMPAT, restored

ARCHIVES = sorted(path.stem for path in COMPAT.glob("*_speaker_*.nemo"))


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_stage_is_the_recorded_one_and_that_of_a_saved_copy(name, tmp_path):
    model, audio, lengths, recorded = restored(name)
    assert type(model) is EncDecSpeakerLabelModel
    with torch.no_grad():
        features, feature_lengths = model.preprocessor(input_signal=audio, length=lengths)
        encoded, encoded_lengths = model.encoder(audio_signal=features, length=feature_lengths)
        logits, embeddings = model.forward(input_signal=audio, input_signal_length=lengths)
    assert encoded_lengths.tolist() == recorded["encoded_len"].tolist()
    for row, length in enumerate(encoded_lengths):
        valid = recorded["encoded"][row, :, :length]
        np.testing.assert_allclose(encoded[row, :, :length], valid, atol=2e-4 * max(1, np.abs(valid).max()))
    for ours, theirs in ((logits, recorded["logits"]), (embeddings, recorded["embedding"])):
        np.testing.assert_allclose(ours, theirs, atol=2e-4 * max(1, np.abs(theirs).max()))

    assert model.labels == [] and model.get_label(audio[0, : lengths[0]]) == str(int(logits[0].argmax()))
    model.save_to(str(tmp_path / "again.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "again.nemo"), map_location="cpu").eval()
    with torch.no_grad():
        assert torch.equal(again.forward(input_signal=audio, input_signal_length=lengths)[1], embeddings)


def test_all_kinds_of_networks_are_there():
    assert [name[:-2] for name in ARCHIVES] == ["n123_speaker_ecapa", "n123_speaker_titanet", "n123_speaker_titanet"]
