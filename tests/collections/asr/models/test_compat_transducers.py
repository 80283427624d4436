"""Transducers and hybrids of the original restore and compute what was recorded, from features to text and score.

Tolerance: 2e-4 of the largest magnitude, as the archives' own index states it; only valid frames count.
"""

import numpy as np
import pytest
import torch

from nemo.collections.asr.models import ASRModel
from tests.arrays import arrays_of
from tests.collections.asr.models.archives import COMPAT, restored
from tests.collections.asr.models.test_compat import assert_close

ARCHIVES = sorted(path.stem for kind in ("rnnt", "hybrid") for path in COMPAT.glob(f"*_{kind}_*.nemo"))


@pytest.fixture(params=ARCHIVES)
def case(request):
    """A restored model, its input, its targets and the recorded arrays."""
    model, audio, lengths, recorded = restored(request.param)
    targets = [torch.tensor(arrays_of(COMPAT / f"{request.param}.in.npz")[name].astype("int64")) for name in ("target", "target_len")]  # fmt: skip  # noqa: E501
    return model, audio, lengths, targets, recorded


@torch.no_grad()
def test_every_stage_is_the_recorded_one(case):
    model, audio, lengths, (targets, target_lengths), recorded = case
    encoded, encoded_lengths = model.forward(input_signal=audio, input_signal_length=lengths)
    assert encoded_lengths.tolist() == recorded["encoded_len"].tolist()
    assert_close(encoded, recorded["encoded"], encoded_lengths, axis=2)
    places, _, _ = model.decoder(targets=targets, target_length=target_lengths)
    assert np.abs(places.numpy() - recorded["decoder_out"]).max() < 2e-4
    scores = model.joint.joint(encoded.transpose(1, 2), places.transpose(1, 2))
    assert_close(scores[:, ::4], recorded["joint"], (encoded_lengths + 3) // 4, axis=1)
    if "rnnt_loss" in recorded:
        loss = model.loss(
            log_probs=scores, targets=targets, input_lengths=encoded_lengths, target_lengths=target_lengths
        )
        assert float(loss) == pytest.approx(float(recorded["rnnt_loss"]), rel=2e-4)


@torch.no_grad()
def test_text_tokens_and_scores_are_the_recorded_ones(case):
    model, audio, lengths, _, recorded = case
    hypotheses = model.transcribe_batch(audio, lengths, model.decoding_for())
    assert [hypothesis.text for hypothesis in hypotheses] == recorded["text"].tolist()
    for hypothesis, tokens, score in zip(hypotheses, recorded["tokens"], recorded["score"], strict=True):
        assert hypothesis.y_sequence.tolist() == tokens[tokens >= 0].tolist()
        assert hypothesis.score == pytest.approx(float(score), rel=2e-4, abs=2e-4)
    if "ctc_text" in recorded:
        model.change_decoding_strategy(decoder_type="ctc")
        found = model.transcribe_batch(audio, lengths, model.decoding_for())
        assert found == recorded["ctc_text"].tolist()


def test_a_restored_archive_saves_and_restores_to_the_same(case, tmp_path):
    model, audio, lengths, _, _ = case
    model.save_to(str(tmp_path / "again.nemo"))
    again = ASRModel.restore_from(str(tmp_path / "again.nemo"), map_location="cpu").eval()
    assert type(again) is type(model) and again.cfg.nemo_version == model.cfg.nemo_version
    with torch.no_grad():
        found = [part.transcribe_batch(audio, lengths, part.decoding_for()) for part in (model, again)]
    assert found[0] == found[1] and [one.score for one in found[0]] == [one.score for one in found[1]]


def test_restoring_an_archive_warns_of_nothing(case, caplog, request):
    assert [record.getMessage() for record in caplog.get_records("setup") if record.levelname == "WARNING"] == []
