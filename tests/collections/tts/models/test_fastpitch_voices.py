"""FastPitch with a hand on how it speaks: voices by id and by recording, mixtures, pace, pitch, energy, volume."""

import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import FastPitchModel
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.models.test_fastpitch import CONFIG, PREDICTOR, batch_of_tones

SUBMODULES = "nemo.collections.tts.modules.submodules"
CONDITIONED = {"condition_types": ["add", "layernorm"]}
HEARING = {
    **CONFIG,
    "n_speakers": 2,
    "speaker_encoder": {
        "_target_": f"{SUBMODULES}.SpeakerEncoder",
        "lookup_module": {"_target_": f"{SUBMODULES}.SpeakerLookupTable", "n_speakers": 2, "embedding_dim": 16},
        "gst_module": {
            "_target_": f"{SUBMODULES}.GlobalStyleToken",
            "gst_size": 16,
            "n_style_token": 4,
            "n_style_attn_head": 2,
            "reference_encoder": {
                "_target_": f"{SUBMODULES}.ReferenceEncoder",
                "n_mels": 8,
                "cnn_filters": [4, 4],
                "dropout": 0.0,
                "gru_hidden": 16,
                "kernel_size": 3,
                "stride": 2,
                "padding": 1,
                "bias": True,
            },
        },
    },
    "input_fft": CONFIG["input_fft"] | CONDITIONED,
    "output_fft": CONFIG["output_fft"] | CONDITIONED,
    "alignment_module": CONFIG["alignment_module"] | {"condition_types": ["add"]},
    "duration_predictor": PREDICTOR | CONDITIONED,
    "pitch_predictor": PREDICTOR | {"condition_types": ["concat"]},
}


def speaking(config):
    """A model whose tokens last some frames."""
    torch.manual_seed(0)
    model = FastPitchModel(config).eval()
    torch.nn.init.constant_(model.fastpitch.duration_predictor.fc.bias, 1.5)
    return model


def test_a_model_that_hears_voices_learns_and_saves(tmp_path):
    torch.manual_seed(0)
    model = FastPitchModel(HEARING)
    batch = batch_of_tones(model, 2)
    batch |= {"reference_audio": batch["audio"].flip(0), "reference_audio_lens": batch["audio_lens"].flip(0)}
    trainer = Trainer(
        max_steps=15, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    model.set_trainer(trainer)
    with torch.no_grad():
        _, before = model._losses(batch)
    trainer.fit(model, torch.utils.data.DataLoader([batch] * 4, batch_size=None))
    _, after = model._losses(batch)
    assert float(after["mel_loss"].detach()) < 0.9 * float(before["mel_loss"])
    model.zero_grad()
    after["loss"].backward()
    assert all(each.grad is not None and each.grad.any() for each in model.fastpitch.speaker_encoder.parameters())

    model.eval().save_to(str(tmp_path / "voices.nemo"))
    restored = FastPitchModel.restore_from(str(tmp_path / "voices.nemo")).eval()
    torch.nn.init.constant_(restored.fastpitch.duration_predictor.fc.bias, 1.5)
    tokens, recordings = restored.parse("abc"), torch.randn(2, 1, 8, 20)
    one, other = (restored.generate_spectrogram(tokens, speaker=1, reference_spec=each) for each in recordings)
    assert one.shape != other.shape or not torch.allclose(one, other)
    with pytest.raises(ConfigError, match="no recording of the voice is given"):
        restored.generate_spectrogram(tokens, speaker=1)


def test_a_new_voice_speaks_as_the_weighted_sum_of_two():
    model = speaking({**CONFIG, "n_speakers": 3})
    tokens = model.parse("abc")
    table = model.fastpitch.speaker_emb.weight
    mixed = 0.3 * table[0] + 0.7 * table[1]
    model.interpolate_speaker(0, 1, 0.3, 0.7, new_speaker_id=2)
    torch.testing.assert_close(table[2], mixed)
    found = model.generate_spectrogram(tokens, speaker=2)
    model.interpolate_speaker(0, 1, 1.0, 0.0, new_speaker_id=2)
    torch.testing.assert_close(
        model.generate_spectrogram(tokens, speaker=2), model.generate_spectrogram(tokens, speaker=0)
    )
    assert found.shape[2] > 0
    with pytest.raises(ConfigError, match="speaker is 3, and the model has 3 voices"):
        model.interpolate_speaker(0, 1, 0.5, 0.5, new_speaker_id=3)
    with pytest.raises(ConfigError, match="no table of voices to mix"):
        speaking(CONFIG).interpolate_speaker(0, 1, 0.5, 0.5, new_speaker_id=0)


def test_pitch_pace_and_volume_do_what_they_say():
    model = speaking(CONFIG)
    tokens = model.parse("abc")
    plain = model.generate_spectrogram(tokens)
    for volume in (0.5, torch.full(tokens.shape, 0.5)):  # magnitudes, not powers, in this model
        quieter = model.generate_spectrogram(tokens, volume=volume)
        torch.testing.assert_close(quieter.exp(), 0.5 * plain.exp())
    with torch.no_grad():
        spoken = model(text=tokens)
        raised = model(text=tokens, pitch=spoken.pitch_predicted + 2)
    torch.testing.assert_close(model.generate_spectrogram(tokens, pitch=2.0), raised.spect)
    faster = model.generate_spectrogram(tokens, pace=torch.full(tokens.shape, 2.0), volume=torch.rand(tokens.shape) + 1)
    assert faster.shape[2] == int((spoken.durs_predicted / 2 + 0.5).long().sum()) < plain.shape[2]
    with pytest.raises(ConfigError, match="volume is 0. Expected factors above 0"):
        model.generate_spectrogram(tokens, volume=0)


def test_energy_replaces_the_predicted_one():
    model = speaking({**CONFIG, "energy_predictor": PREDICTOR})
    tokens = model.parse("abc")
    with torch.no_grad():
        predicted = model(text=tokens).energy_pred
    torch.testing.assert_close(model.generate_spectrogram(tokens, energy=predicted), model.generate_spectrogram(tokens))
    assert not torch.allclose(
        model.generate_spectrogram(tokens, energy=predicted + 1), model.generate_spectrogram(tokens)
    )
    with pytest.raises(ConfigError, match="no energy_predictor"):
        speaking(CONFIG).generate_spectrogram(tokens, energy=predicted)
