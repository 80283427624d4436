"""The aligner: tones that stand for letters are found, saving, what does not fit."""

import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import AlignerModel
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.tts.models.test_fastpitch import CONFIG as FASTPITCH
from tests.collections.tts.models.test_fastpitch import batch_of_tones

CONFIG = {
    "symbols_embedding_dim": 16,
    "bin_loss_start_ratio": 0.5,
    "bin_loss_warmup_epochs": 2,
    "text_tokenizer": FASTPITCH["text_tokenizer"],
    "preprocessor": FASTPITCH["preprocessor"],
    "alignment_encoder": {**FASTPITCH["alignment_module"], "temperature": 0.05},
    "optim": {"name": "adam", "lr": 0.01},
}
FRAMES = 6
"""Of each tone."""


def quiet_trainer(**limits):
    return Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False, **limits)


def aligned(model, batch):
    spec, spec_len = model.preprocessor(input_signal=batch["audio"], length=batch["audio_lens"])
    return {"spec": spec, "spec_len": spec_len, "text": batch["text"], "text_len": batch["text_lens"]}


def near_the_diagonal(model, batch):
    """[B, F, U]: what lies as far into the text as into the recording is more probable."""
    inputs = aligned(model, batch)
    prior = torch.zeros(2, inputs["spec"].shape[2], inputs["text"].shape[1])
    for row, (frames, tokens) in enumerate(zip(inputs["spec_len"], inputs["text_len"], strict=True)):
        heard, read = ((torch.arange(n) + 0.5) / n for n in (frames, tokens))
        prior[row, :frames, :tokens] = torch.exp(-0.5 * ((heard[:, None] - read) / 0.15) ** 2)
    return prior


def test_it_finds_when_each_tone_sounds_and_is_the_same_from_its_archive(tmp_path):
    torch.manual_seed(0)
    model = AlignerModel(CONFIG)
    batch = batch_of_tones(model)
    batch["align_prior_matrix"] = near_the_diagonal(model, batch)
    model.set_trainer(quiet_trainer(max_epochs=16))
    before = model._losses(batch)[1]["forward_sum_loss"].item()
    model.trainer.fit(model, torch.utils.data.DataLoader([batch] * 10, batch_size=None))
    assert model._losses(batch)[1]["forward_sum_loss"].item() < 0.5 * before

    durations = model.durations(**aligned(model, batch), attn_prior=batch["align_prior_matrix"])
    assert durations.sum(dim=1).tolist() == aligned(model, batch)["spec_len"].tolist()
    tones = durations[0, 2:5]  # of " abab "; silence at the edges may go to the token beside it
    assert (tones - FRAMES).abs().max() <= 1

    path = str(tmp_path / "aligner.nemo")
    model.eval().save_to(path)
    restored = AlignerModel.restore_from(path).eval()
    for ours, theirs in zip(model(**aligned(model, batch)), restored(**aligned(restored, batch)), strict=True):
        assert torch.equal(ours, theirs)


def test_padding_gets_no_attention_and_the_rest_is_the_softmax_of_the_log_probs():
    model = AlignerModel(CONFIG).eval()
    inputs = aligned(model, batch_of_tones(model))
    with torch.no_grad():
        soft, log_probs = model(**inputs)
    tokens = int(inputs["text_len"][1])
    assert tokens < soft.shape[3]
    assert float(soft[1, :, :, tokens:].max()) == 0
    torch.testing.assert_close(soft[1, :, :, :tokens], log_probs[1, :, :, :tokens].softmax(dim=2))


def test_cosine_distances_are_scaled_by_the_temperature():
    section = {**CONFIG["alignment_encoder"], "dist_type": "cosine", "temperature": 15.0}
    model = AlignerModel({**CONFIG, "alignment_encoder": section}).eval()
    with torch.no_grad():
        _, log_probs = model(**aligned(model, batch_of_tones(model)))
    assert 1.0 < float(log_probs.abs().max()) <= 15.0001


@pytest.mark.parametrize(("epoch", "scale"), [(0, 0.0), (5, 0.0), (6, 0.5), (7, 1.0), (9, 1.0)])
def test_the_loss_of_hard_alignments_begins_late_and_grows(epoch, scale, monkeypatch):
    model = AlignerModel(CONFIG)
    model.set_trainer(quiet_trainer(max_epochs=10))
    monkeypatch.setattr(AlignerModel, "current_epoch", epoch)
    assert model.bin_loss_scale == scale


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigError, match="n_text_channels is 16 and model.symbols_embedding_dim is 32"):
        AlignerModel({**CONFIG, "symbols_embedding_dim": 32})
    model = AlignerModel(CONFIG)
    inputs = aligned(model, batch_of_tones(model))
    with pytest.raises(ShapeError, match="item 1 of the batch has 5 tokens and its recording 3 frames"):
        model.durations(**{**inputs, "spec_len": torch.tensor([37, 3])})
