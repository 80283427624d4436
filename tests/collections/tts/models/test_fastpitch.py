"""FastPitch: archives of the original, learning alignments, voices, saving, export."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import FastPitchModel
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of

COMPAT = Path(__file__).parents[3] / "data" / "compat"
ARCHIVES = sorted(path.stem for path in COMPAT.glob("*_tts_fastpitch_*.nemo"))
TRANSFORMER = {
    "n_layer": 1,
    "n_head": 1,
    "d_model": 16,
    "d_head": 16,
    "d_inner": 32,
    "kernel_size": 3,
    "dropout": 0.0,
    "dropatt": 0.0,
}
PREDICTOR = {
    "_target_": "nemo.collections.tts.modules.fastpitch.TemporalPredictor",
    "input_size": 16,
    "kernel_size": 3,
    "filter_size": 16,
    "dropout": 0.0,
    "n_layers": 1,
}
CONFIG = {
    "learn_alignment": True,
    "bin_loss_warmup_epochs": 1,
    "symbols_embedding_dim": 16,
    "pitch_mean": 200.0,
    "pitch_std": 50.0,
    "text_tokenizer": {
        "_target_": "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.EnglishCharsTokenizer",
        "pad_with_space": True,
    },
    "preprocessor": {
        "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
        "features": 8,
        "n_fft": 256,
        "n_window_size": 256,
        "n_window_stride": 128,
        "window_size": False,
        "window_stride": False,
        "pad_to": 1,
        "sample_rate": 8000,
        "normalize": None,
        "preemph": None,
        "dither": 0.0,
        "mag_power": 1.0,
    },
    "input_fft": {"_target_": "nemo.collections.tts.modules.transformer.FFTransformerEncoder", **TRANSFORMER},
    "output_fft": {"_target_": "nemo.collections.tts.modules.transformer.FFTransformerDecoder", **TRANSFORMER},
    "alignment_module": {
        "_target_": "nemo.collections.tts.modules.aligner.AlignmentEncoder",
        "n_text_channels": 16,
        "n_mel_channels": 8,
        "n_att_channels": 8,
    },
    "duration_predictor": PREDICTOR,
    "pitch_predictor": PREDICTOR,
    "optim": {"name": "adam", "lr": 0.005},
}


@pytest.mark.parametrize("name", ARCHIVES)
@torch.no_grad()
def test_archives_of_the_original_speak_as_recorded(name):
    model = FastPitchModel.restore_from(str(COMPAT / f"{name}.nemo"), map_location="cpu").eval()
    inputs, recorded = arrays_of(COMPAT / f"{name}.in.npz"), arrays_of(COMPAT / f"{name}.out.npz")
    assert model.parse(str(inputs["text"][0])).tolist() == recorded["parsed"].tolist()
    text = torch.tensor(inputs["tokens"])
    voices = {"speaker": torch.tensor([1, 0])} if "multi_speaker" in inputs else {}
    spoken = model(text=text, **voices)
    assert spoken.num_frames.tolist() == recorded["spect_len"].tolist()
    np.testing.assert_allclose(spoken.spect, recorded["spect"], atol=2e-5)
    np.testing.assert_allclose(spoken.durs_predicted, recorded["durs"], atol=2e-5)
    np.testing.assert_allclose(spoken.pitch_predicted, recorded["pitch"], atol=2e-5)
    faster = model.generate_spectrogram(tokens=text, pace=1.3, **voices)
    np.testing.assert_allclose(faster, recorded["spect_pace13"], atol=2e-5)  # NaN for the text that lasts no frame
    forced = model.fastpitch(
        text=text, durs=torch.tensor(inputs["durs"]), pitch=torch.tensor(inputs["pitch"]), **voices
    )
    np.testing.assert_allclose(forced.spect, recorded["spect_forced"], atol=2e-5)


def batch_of_tones(model, n_speakers=1):
    """Two texts whose letters are tones, each of 6 frames."""
    texts, hop, frames = ("abab", "bcc"), 128, 6
    pitches = {"a": 300, "b": 900, "c": 1800, " ": 0}
    spoken = [f" {text} " for text in texts]
    longest = max(map(len, spoken))
    audio = torch.zeros(2, longest * hop * frames)
    time = torch.arange(hop * frames) / 8000
    for row, text in enumerate(spoken):
        tones = [torch.sin(2 * torch.pi * pitches[letter] * time) for letter in text]
        audio[row, : len(text) * hop * frames] = torch.cat(tones)
    tokens = [model.parse(text)[0] for text in texts]
    lens = torch.tensor([len(text) for text in spoken]) * hop * frames
    return {
        "audio": audio,
        "audio_lens": lens,
        "text": torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True, padding_value=model.vocab.pad),
        "text_lens": torch.tensor([len(each) for each in tokens]),
        "pitch": torch.randn(2, int(lens.max()) // hop + 1),
        "speaker_id": torch.arange(2) % n_speakers,
    }


@pytest.mark.parametrize("n_speakers", [1, 2])
def test_it_learns_alignments_and_is_the_same_from_its_archive(tmp_path, n_speakers):
    torch.manual_seed(0)
    model = FastPitchModel({**CONFIG, "n_speakers": n_speakers})
    batch = batch_of_tones(model, n_speakers)
    trainer = Trainer(
        max_steps=40, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False
    )
    model.set_trainer(trainer)
    with torch.no_grad():
        _, before = model._losses(batch)
    trainer.fit(model, torch.utils.data.DataLoader([batch] * 4, batch_size=None))
    with torch.no_grad():
        _, after = model._losses(batch)
    assert float(after["mel_loss"]) < 0.5 * float(before["mel_loss"])
    assert float(after["ctc_loss"]) < float(before["ctc_loss"])

    path = str(tmp_path / "voice.nemo")
    model.eval().save_to(path)
    restored = FastPitchModel.restore_from(path).eval()
    speaker = 1 if n_speakers > 1 else None
    spoken = [each.generate_spectrogram(each.parse("abc"), speaker=speaker) for each in (model, restored)]
    assert torch.equal(*spoken)


def test_a_voice_that_is_not_there_is_named():
    model = FastPitchModel({**CONFIG, "n_speakers": 3}).eval()
    with pytest.raises(ConfigError, match="3 voices and `speaker` is None"):
        model.generate_spectrogram(model.parse("a"))
    with pytest.raises(ConfigError, match="speaker is 5.*Expected 0 to 2"):
        model.generate_spectrogram(model.parse("a"), speaker=5)


def test_learning_alignments_needs_an_aligner():
    with pytest.raises(ConfigError, match="alignment_module is missing"):
        FastPitchModel({**CONFIG, "alignment_module": None})


def test_infer_is_forward_with_the_pitch_raised():
    model = FastPitchModel(CONFIG).eval()
    text = model.parse("abc")
    torch.nn.init.constant_(model.fastpitch.duration_predictor.fc.bias, 1.5)
    with torch.no_grad():
        spoken = model(text=text)
        mel, frames, _, _, pitch, volume = model.fastpitch.infer(
            text=text, pitch=torch.ones(1, text.shape[1]), volume=torch.full((1, text.shape[1]), 0.5)
        )
        torch.testing.assert_close(pitch, spoken.pitch_predicted + 1)
        raised = model(text=text, pitch=spoken.pitch_predicted + 1)
    torch.testing.assert_close(mel, raised.spect)
    assert volume.shape == (1, int(frames)) and set(volume.flatten().tolist()) == {0.5}
