"""Data that does not fit a model is named before anything is learnt."""

import copy
import json
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from pytorch_lightning import Trainer

from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.models import AlignerModel, FastPitchModel, HifiGanModel, Tacotron2Model, VitsModel
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.tts.data.voices import write_voice
from tests.collections.tts.models.test_aligner import CONFIG as ALIGNER
from tests.collections.tts.models.test_fastpitch import CONFIG as FASTPITCH
from tests.collections.tts.models.test_hifigan import CONFIG as HIFIGAN
from tests.collections.tts.models.test_tacotron2 import CONFIG as TACOTRON2
from tests.collections.tts.models.test_vits import CONFIG as VITS

READERS = {
    FastPitchModel: (FASTPITCH, 128),
    Tacotron2Model: (TACOTRON2, 128),
    AlignerModel: (ALIGNER, 128),
    VitsModel: ({**VITS, "segment_size": 512}, 64),
}


def learn(model, section):
    """One step on the data of a section."""
    model.set_trainer(
        Trainer(max_steps=2, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    )
    model.setup_training_data(section)
    model.trainer.fit(model)


def reader(cls, manifest, changes=None, **of_dataset):
    """A model that reads texts, and its section of data."""
    torch.manual_seed(0)
    config, hop = READERS[cls]
    dataset = {
        "_target_": "nemo.collections.tts.data.dataset.TTSDataset",
        "manifest_filepath": manifest,
        "sample_rate": 8000,
        "n_fft": 256,
        "win_length": 256,
        "hop_length": hop,
        "pitch_fmin": 70.0,
        "pitch_fmax": 600.0,
        "sup_data_types": ["align_prior_matrix", "pitch"],
        **of_dataset,
    }
    section = {"dataset": dataset, "dataloader_params": {"batch_size": 4}}
    return cls({**copy.deepcopy(config), **(changes or {})}), section


def vocoder(manifest, **of_dataset):
    dataset = {
        "_target_": "nemo.collections.tts.data.dataset.VocoderDataset",
        "manifest_filepath": manifest,
        "sample_rate": 16000,
        "n_segments": 1024,
        **of_dataset,
    }
    return HifiGanModel(copy.deepcopy(HIFIGAN)), {"dataset": dataset, "dataloader_params": {"batch_size": 4}}


@pytest.mark.parametrize("cls", READERS)
def test_recordings_that_no_model_can_learn_from_are_named(cls, tmp_path):
    manifest = write_voice(tmp_path)
    path = tmp_path / "1.wav"
    good, rate = soundfile.read(path)
    spoilt = {
        "1.wav has 2 channels. Expected one": np.stack([good, good], axis=1),
        "1.wav holds 1 samples that are NaN": np.where(np.arange(len(good)) == 100, np.nan, good),
        "the text has 5 tokens and .*1.wav only": good[:100],
        "1.wav holds no samples": good[:0],
    }
    model, section = reader(cls, manifest)
    for message, samples in spoilt.items():
        soundfile.write(path, samples, rate, subtype="FLOAT")
        model.setup_training_data(section)
        with pytest.raises(AudioFileError, match=f"manifest.json line 2: .*{message}"):
            list(model.train_dataloader())


def test_a_recording_of_silence_has_no_pitch_and_is_learnt(tmp_path):
    manifest = write_voice(tmp_path)
    soundfile.write(tmp_path / "1.wav", np.zeros(4800), 8000)
    model, section = reader(FastPitchModel, manifest, pitch_norm=True, pitch_mean=200.0, pitch_std=50.0)
    learn(model, section)
    assert all(weight.isfinite().all() for weight in model.parameters())


def test_a_dataset_of_another_rate_or_hop_is_refused(tmp_path):
    manifest = write_voice(tmp_path)
    for cls, changed, message in (
        (FastPitchModel, {"hop_length": 64}, "dataset.hop_length is 64, and model.preprocessor.n_window_stride is 128"),
        (AlignerModel, {"hop_length": 64}, "dataset.hop_length is 64"),
        (VitsModel, {"sample_rate": 16000}, "dataset.sample_rate is 16000, and model.preprocessor.sample_rate is 8000"),
    ):
        model, section = reader(cls, manifest, **changed)
        with pytest.raises(ConfigError, match=message):
            model.setup_training_data(section)
    model, section = vocoder(manifest, sample_rate=8000)
    with pytest.raises(ConfigError, match="dataset.sample_rate is 8000, and model.preprocessor.sample_rate is 16000"):
        model.setup_training_data(section)


def test_fastpitch_without_alignment_needs_durations(tmp_path):
    model, section = reader(FastPitchModel, write_voice(tmp_path), {"learn_alignment": False})
    with pytest.raises(ConfigError, match="The data has no durations, and model.learn_alignment is false"):
        learn(model, section)


def test_predicted_spectrograms_of_other_bands_or_with_nan_are_refused(tmp_path):
    def with_spectrograms(name, bands, value=0.0):
        folder = tmp_path / name
        folder.mkdir()
        lines = [json.loads(line) for line in Path(write_voice(folder)).read_text(encoding="utf-8").splitlines()]
        for number, line in enumerate(lines):
            frames = soundfile.info(folder / line["audio_filepath"]).frames * 2 // 64
            np.save(folder / f"{number}.npy", np.full((bands, frames), value, np.float32))
            line["mel_filepath"] = f"{number}.npy"
        (folder / "manifest.json").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        return vocoder(str(folder / "manifest.json"), load_precomputed_mel=True, hop_length=64)

    with pytest.raises(ShapeError, match="have 20 bands, and the model's have 16"):
        learn(*with_spectrograms("bands", 20))
    with pytest.raises(ManifestError, match=r"manifest.json line \d: .*npy has \d+ values that are NaN"):
        learn(*with_spectrograms("nan", 16, np.nan))


def test_characters_without_a_token_are_warned_of_and_the_rest_is_learnt(tmp_path, caplog):
    manifest = _with_text(tmp_path, "ab日")
    model, section = reader(Tacotron2Model, manifest, sup_data_types=[])
    with caplog.at_level(logging.WARNING):
        model.setup_training_data(section)
    assert "'日' of the text 'ab日' have no token" in caplog.text


def _with_text(folder, text):
    manifest = write_voice(folder)
    lines = [json.loads(line) for line in Path(manifest).read_text(encoding="utf-8").splitlines()]
    lines[1]["text"] = text
    with open(manifest, "w", encoding="utf-8") as file:
        file.write("\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    return manifest


def test_a_pace_of_nothing_is_refused():
    model = FastPitchModel(copy.deepcopy(FASTPITCH)).eval()
    for pace in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match=f"pace is {pace}. Expected a number above 0"):
            model.generate_spectrogram(tokens=model.parse("ab"), pace=pace)
    assert model.generate_spectrogram(tokens=model.parse("ab"), pace=1e6).shape == (1, 8, 0)
