"""Archives of the original's releases transcribe as they did there."""

import pytest
import torch

from nemo.collections.asr.models import ASRModel
from tests.arrays import arrays_of
from tests.collections.asr.models.archives import COMPAT

ARCHIVES = ["n123_ctc_quartznet_0", "n123_ctc_jasper_1", "n123_ctc_bpe_citrinet_0", "n300_ctc_quartznet_0"]


@pytest.mark.parametrize("name", ARCHIVES)
def test_recorded_log_probs_decode_to_the_recorded_text(name):
    model = ASRModel.restore_from(str(COMPAT / f"{name}.nemo"))
    recorded = arrays_of(COMPAT / f"{name}.out.npz")
    log_probs, lengths = torch.from_numpy(recorded["log_probs"]), torch.from_numpy(recorded["encoded_len"])
    for return_hypotheses in (False, True):
        found, _ = model.decoding.ctc_decoder_predictions_tensor(
            log_probs, decoder_lengths=lengths, return_hypotheses=return_hypotheses
        )
        assert found == recorded["text"].tolist()


def test_restoring_an_archive_of_a_newer_release_warns_of_nothing(caplog):
    with caplog.at_level("WARNING", logger="nemo"):
        model = ASRModel.restore_from(str(COMPAT / "n300_ctc_quartznet_0.nemo"))
    assert [record.getMessage() for record in caplog.records] == []
    assert model.cfg.decoding.greedy.boosting_tree_alpha == 0.0  # kept
