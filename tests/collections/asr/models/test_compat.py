"""Archives of the original restore as whole models and compute what was recorded, stage by stage.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it; only valid frames count.
"""

import numpy as np
import pytest
import torch

from nemo.collections.asr.models import ASRModel
from tests.arrays import arrays_of
from tests.collections.asr.models.archives import COMPAT, restored

ARCHIVES = sorted(path.stem for kind in ("ctc", "streaming") for path in COMPAT.glob(f"*_{kind}_*.nemo"))


@pytest.fixture(params=ARCHIVES)
def case(request):
    """A restored model, its input and the recorded arrays."""
    model, audio, lengths, recorded = restored(request.param)
    targets = {
        name: torch.tensor(array.astype("int64"))
        for name, array in arrays_of(COMPAT / f"{request.param}.in.npz").items()
    }
    return model, audio, lengths, targets, recorded


def assert_close(found, recorded, lengths, axis):
    """Compares the valid part of every row."""
    scale = max(1.0, float(np.abs(recorded).max()))
    for row, length in enumerate(lengths):
        valid = [slice(None)] * (recorded.ndim - 1)
        valid[axis - 1] = slice(int(length))
        difference = np.abs(found[row].numpy()[tuple(valid)] - recorded[row][tuple(valid)]).max()
        assert difference / scale < 2e-4


@torch.no_grad()
def test_every_stage_is_the_recorded_one(case):
    model, audio, lengths, targets, recorded = case
    features, feature_lengths = model.preprocessor(input_signal=audio, length=lengths)
    assert feature_lengths.tolist() == recorded["features_len"].tolist()
    assert features.shape == recorded["features"].shape
    assert_close(features, recorded["features"], feature_lengths, axis=2)
    encoded, encoded_lengths = model.encoder(audio_signal=features, length=feature_lengths)
    assert encoded_lengths.tolist() == recorded["encoded_len"].tolist()
    assert_close(encoded, recorded["encoded"], encoded_lengths, axis=2)
    log_probs = model.decoder(encoder_output=encoded)
    assert_close(log_probs, recorded["log_probs"], encoded_lengths, axis=1)
    loss = model.loss(
        log_probs=log_probs,
        targets=targets["target"],
        input_lengths=encoded_lengths,
        target_lengths=targets["target_len"],
    )
    assert float(loss) == pytest.approx(float(recorded["ctc_loss"]), rel=2e-4)


@torch.no_grad()
def test_the_whole_forward_pass_and_the_text(case):
    model, audio, lengths, _, recorded = case
    log_probs, encoded_lengths, greedy = model.forward(input_signal=audio, input_signal_length=lengths)
    assert encoded_lengths.tolist() == recorded["forward_len"].tolist()
    for row, length in enumerate(encoded_lengths):
        assert greedy[row, :length].tolist() == recorded["greedy"][row, :length].tolist()
    hypotheses, _ = model.decoding.ctc_decoder_predictions_tensor(log_probs, encoded_lengths, return_hypotheses=True)
    assert [hypothesis.text for hypothesis in hypotheses] == recorded["text"].tolist()


def test_a_restored_archive_saves_and_restores_to_the_same(case, tmp_path):
    model, audio, lengths, _, _ = case
    model.save_to(str(tmp_path / "again.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "again.nemo"), map_location="cpu").eval()
    assert type(again) is type(model) and again.cfg.nemo_version == model.cfg.nemo_version
    with torch.no_grad():
        arguments = {"input_signal": audio, "input_signal_length": lengths}
        assert torch.equal(again.forward(**arguments)[0], model.forward(**arguments)[0])
