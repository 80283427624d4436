"""From recordings to a trained model, by sections of a config; pictures and sounds in TensorBoard on the way."""

import copy

import numpy as np
import pytest
import soundfile
import torch
from pytorch_lightning import Trainer
from pytorch_lightning.loggers import TensorBoardLogger

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.models import FastPitchModel, HifiGanModel, Tacotron2Model
from tests.collections.tts.data.voices import SAMPLE_RATE, write_voice
from tests.collections.tts.models import test_fastpitch, test_hifigan, test_tacotron2

SIZES = {"sample_rate": SAMPLE_RATE, "n_fft": 256, "win_length": 256, "hop_length": 128}


def recordings(folder, kinds, **options):
    speakers = {"speaker": [0, 1, 0, 1]}
    return {
        "dataset": {
            "_target_": "nemo.collections.tts.data.dataset.TTSDataset",
            "manifest_filepath": write_voice(folder, **speakers),
            "sup_data_path": str(folder / "features"),
            "sup_data_types": kinds,
            **SIZES,
            **options,
        },
        "dataloader_params": {"batch_size": 2, "num_workers": 0},
    }


def train(model, folder, **options):
    logger = TensorBoardLogger(folder, name="logs")
    trainer = Trainer(
        accelerator="cpu", logger=logger, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, log_every_n_steps=1, **options,
    )  # fmt: skip
    model.set_trainer(trainer)
    trainer.fit(model)
    logger.experiment.flush()
    return shown_in(logger.log_dir)


def shown_in(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"images": 0, "audio": 0, "scalars": 0})
    events.Reload()
    return events


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_fastpitch_learns_a_voice(tmp_path):
    kinds = ["align_prior_matrix", "pitch", "speaker_id"]
    section = recordings(tmp_path, kinds, pitch_norm=True, pitch_mean=200.0, pitch_std=50.0)
    config = {**copy.deepcopy(test_fastpitch.CONFIG), "n_speakers": 2, "train_ds": section, "validation_ds": section}
    model = FastPitchModel(config)
    events = train(model, tmp_path, max_epochs=12, num_sanity_val_steps=1)
    losses = [event.value for event in events.Scalars("val_loss")]
    assert losses[-1] < 0.75 * losses[0]
    tags = events.Tags()
    names = {"val_mel", "val_soft_alignment", "val_hard_alignment", "val_pitch"}
    assert set(tags["images"]) == {f"{name}_{row}" for name in names for row in (0, 1)}
    assert len(events.Images("val_mel_0")) == 12
    assert len(list((tmp_path / "features" / "pitch").iterdir())) == 4
    section["dataset"]["manifest_filepath"] = write_voice(tmp_path, speaker=[0, 1, 5, 1])
    with pytest.raises(ManifestError, match='line 3: "speaker" is 5, and the model has 2 voices'):
        FastPitchModel(config)


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
def test_tacotron_shows_its_attention(tmp_path):
    config = copy.deepcopy(test_tacotron2.CONFIG)
    rate = config["preprocessor"]["sample_rate"]
    section = recordings(tmp_path, None, sample_rate=rate)
    model = Tacotron2Model({**config, "train_ds": section, "validation_ds": section})
    events = train(model, tmp_path, max_epochs=1, limit_train_batches=1, limit_val_batches=1, num_sanity_val_steps=0)
    assert {"val_mel_0", "val_attention_0", "val_gate_0"} <= set(events.Tags()["images"])


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
@pytest.mark.parametrize("predicted", [False, True], ids=["recorded", "predicted"])
def test_hifigan_learns_from_pieces_of_recordings(tmp_path, predicted):
    rate, hop = 16000, 64
    manifest = write_voice(tmp_path, mel_filepath=[f"{number}.npy" for number in range(4)])
    model = HifiGanModel(test_hifigan.CONFIG)
    for number in range(4):
        samples, _ = soundfile.read(tmp_path / f"{number}.wav", dtype="float32")
        soundfile.write(tmp_path / f"{number}.wav", samples, rate)
        mel, _ = model.audio_to_melspec_precessor(torch.tensor(samples)[None], torch.tensor([len(samples)]))
        np.save(tmp_path / f"{number}.npy", mel[0].numpy())
    section = {
        "dataset": {
            "_target_": "nemo.collections.tts.data.dataset.VocoderDataset",
            "manifest_filepath": manifest,
            "sample_rate": rate,
            "n_segments": 1024,
            "load_precomputed_mel": predicted,
            "hop_length": hop,
        },
        "dataloader_params": {"batch_size": 4},
    }
    model = HifiGanModel({**copy.deepcopy(test_hifigan.CONFIG), "train_ds": section, "validation_ds": section})
    events = train(model, tmp_path, max_steps=40, num_sanity_val_steps=0)
    losses = [event.value for event in events.Scalars("val_loss")]
    assert losses[-1] < 0.8 * losses[0]
    assert {"val_mel_0", "val_mel_2"} <= set(events.Tags()["images"])
    assert {"val_recorded_0", "val_generated_0"} <= set(events.Tags()["audio"])
