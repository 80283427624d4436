"""Tacotron 2: speaking freely, following a recording, learning, saving."""

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.losses.tacotron2 import Tacotron2Loss
from nemo.collections.tts.models import Tacotron2Model
from tests.arrays import arrays_of

from .test_fastpitch import CONFIG as FASTPITCH
from .test_fastpitch import batch_of_tones

CONFIG = {
    "text_tokenizer": FASTPITCH["text_tokenizer"],
    "preprocessor": {
        "_target_": "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures",
        "sample_rate": 8000,
        "n_window_size": 256,
        "n_window_stride": 128,
        "n_fft": 256,
        "nfilt": 8,
        "normalize": None,
        "preemph": None,
        "dither": 0.0,
        "mag_power": 1.0,
        "log_zero_guard_type": "clamp",
        "log_zero_guard_value": 1e-5,
        "pad_to": 0,
        "pad_value": -11.52,
    },
    "encoder": {
        "_target_": "nemo.collections.tts.modules.tacotron2.Encoder",
        "encoder_kernel_size": 3,
        "encoder_n_convolutions": 1,
        "encoder_embedding_dim": 512,
    },
    "decoder": {
        "_target_": "nemo.collections.tts.modules.tacotron2.Decoder",
        "n_mel_channels": 8,
        "decoder_rnn_dim": 24,
        "attention_rnn_dim": 20,
        "attention_dim": 12,
        "attention_location_n_filters": 4,
        "prenet_dim": 16,
        "prenet_p_dropout": 0.0,
        "p_attention_dropout": 0.0,
        "p_decoder_dropout": 0.0,
        "max_decoder_steps": 7,
    },
    "postnet": {
        "_target_": "nemo.collections.tts.modules.tacotron2.Postnet",
        "n_mel_channels": 8,
        "postnet_embedding_dim": 12,
        "postnet_kernel_size": 5,
        "postnet_n_convolutions": 2,
        "p_dropout": 0.0,
    },
    "optim": {"name": "adam", "lr": 0.005},
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Tacotron2Model(CONFIG).eval()


@pytest.mark.data
@torch.no_grad()
def test_an_archive_of_the_original_speaks_as_recorded(compat_folder):
    name = "n123_tts_tacotron2_0"
    model = Tacotron2Model.restore_from(str(compat_folder / f"{name}.nemo"), map_location="cpu").eval()
    inputs, recorded = arrays_of(compat_folder / f"{name}.in.npz"), arrays_of(compat_folder / f"{name}.out.npz")
    assert model.parse(str(inputs["text"][0])).tolist() == recorded["parsed"].tolist()
    model.calculate_loss = False
    frames, refined, gates, weights, _ = model(
        tokens=torch.tensor(inputs["tokens"]), token_len=torch.tensor(inputs["tokens_len"])
    )
    for found, wanted in ((frames, "spect_dec"), (refined, "spect_post"), (gates, "gate"), (weights, "align")):
        np.testing.assert_allclose(found, recorded[wanted], atol=2e-5)


@torch.no_grad()
def test_what_it_says_freely_is_what_it_says_when_it_follows_itself(model):
    model.decoder.gate_threshold = 1.0  # never ends by itself
    memory, lengths = torch.randn(2, 5, 512), torch.tensor([5, 3])
    frames, gates, weights, counts = model.decoder(memory, lengths)
    assert frames.shape == (2, 8, 7) and counts.tolist() == [7, 7]
    followed, followed_gates, followed_weights = model.decoder(memory, lengths, frames)
    torch.testing.assert_close(followed, frames)
    torch.testing.assert_close(followed_gates, gates)
    torch.testing.assert_close(followed_weights, weights)
    assert float(weights[1, :, 3:].abs().max()) == 0
    torch.testing.assert_close(weights.sum(2), torch.ones(2, 7))


@torch.no_grad()
def test_a_batch_says_what_each_text_says_alone(model):
    memory = torch.randn(2, 5, 512)
    frames = torch.randn(2, 8, 4)
    together = model.decoder(memory, torch.tensor([5, 3]), frames)[0]
    alone = model.decoder(memory[1:, :3], torch.tensor([3]), frames[1:])[0]
    torch.testing.assert_close(together[1:], alone)


@torch.no_grad()
def test_the_frame_that_ends_is_none_of_the_speech_but_there_is_one_frame(model):
    torch.nn.init.constant_(model.decoder.gate_layer.linear_layer.bias, 100.0)
    assert model.generate_spectrogram(model.parse("a")).shape == (1, 8, 1)


def test_without_a_recording_there_is_no_loss(model):
    with pytest.raises(ValueError, match="generate_spectrogram"):
        model(tokens=torch.zeros(1, 2, dtype=torch.long), token_len=torch.tensor([2]))


def test_the_loss_counts_frames_and_the_gate_up_to_the_end():
    target = torch.zeros(1, 2, 3)
    target[0, :, 2] = 9.0  # padding of the batch
    found = torch.full((1, 2, 2), 1.0)
    gates = torch.tensor([[0.0, 0.0]])
    loss, gate_target = Tacotron2Loss()(
        spec_pred_dec=found,
        spec_pred_postnet=torch.zeros_like(found),
        gate_pred=gates,
        spec_target=target,
        spec_target_len=torch.tensor([2]),
        pad_value=-5.0,
    )
    assert gate_target.tolist() == [[0.0, 1.0, 1.0]]
    expected = 4 / 6 + 2 * torch.log(torch.tensor(2.0)) / 3  # four wrong values of six, two gates of three undecided
    torch.testing.assert_close(loss, expected)


def test_it_learns_and_is_the_same_from_its_archive(tmp_path, model):
    batch = batch_of_tones(model)
    with torch.no_grad():
        before = float(model.train()._loss(batch))
    trainer = Trainer(
        max_steps=12, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    trainer.fit(model, torch.utils.data.DataLoader([batch] * 4, batch_size=None))
    with torch.no_grad():
        assert float(model._loss(batch)) < 0.9 * before
    model.eval().save_to(str(tmp_path / "voice.nemo"))
    restored = Tacotron2Model.restore_from(str(tmp_path / "voice.nemo")).eval()
    tokens = model.parse("abc")
    assert torch.equal(model.generate_spectrogram(tokens), restored.generate_spectrogram(tokens))
