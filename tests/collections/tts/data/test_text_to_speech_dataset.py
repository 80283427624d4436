"""Several weighted sources, features described by sections, and what is said about speakers."""

import json

import numpy as np
import pytest
import torch

from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.data.loader import build_loader
from nemo.collections.tts.data.sources import get_weighted_sampler
from nemo.collections.tts.data.text_to_speech_dataset import TextToSpeechDataset
from nemo.collections.tts.data.vocoder_dataset import VocoderDataset
from nemo.collections.tts.text.chars_tokenizers import EnglishCharsTokenizer
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.data.voices import SAMPLE_RATE, write_voice

FEATURES = "nemo.collections.tts.parts.preprocessing.features"
PROCESSORS = "nemo.collections.tts.parts.preprocessing.feature_processors"


@pytest.fixture
def sources(tmp_path):
    """Two voices, the second with twice the weight."""
    for name in ("ann", "bob"):
        (tmp_path / name).mkdir()
        write_voice(tmp_path / name, speaker=[name] * 4)
    (tmp_path / "speakers.json").write_text('{"ann": 0, "bob": 1}')
    (tmp_path / "stats.json").write_text(
        json.dumps({"ann": {"pitch_mean": 200, "pitch_std": 50}, "default": {"pitch_mean": 100, "pitch_std": 10}})
    )
    return {
        name: {
            "manifest_path": str(tmp_path / name / "manifest.json"),
            "audio_dir": str(tmp_path / name),
            "feature_dir": str(tmp_path / name / "features"),
            "sample_weight": weight,
        }
        for name, weight in (("ann", 1.0), ("bob", 2.0))
    }


def section(sources, folder, **dataset):
    sizes = {"sample_rate": SAMPLE_RATE, "win_length": 256, "hop_length": 64}
    return {
        "dataset": {
            "_target_": "nemo.collections.tts.data.text_to_speech_dataset.TextToSpeechDataset",
            "dataset_meta": sources,
            "sample_rate": SAMPLE_RATE,
            "speaker_path": str(folder / "speakers.json"),
            "align_prior_hop_length": 64,
            "featurizers": {
                "pitch": {"_target_": f"{FEATURES}.PitchFeaturizer", **sizes},
                "energy": {
                    "_target_": f"{FEATURES}.EnergyFeaturizer",
                    "spec_featurizer": {"_target_": f"{FEATURES}.MelSpectrogramFeaturizer", "mel_dim": 8, **sizes},
                },
            },
            "feature_processors": {
                "pitch": {
                    "_target_": f"{PROCESSORS}.MeanVarianceSpeakerNormalization",
                    "field": "pitch",
                    "stats_path": str(folder / "stats.json"),
                    "fallback_to_default": True,
                }
            },
            **dataset,
        },
        "dataloader_params": {"batch_size": 4},
    }


def test_a_section_gives_batches_of_all_it_describes(sources, tmp_path):
    loader = build_loader(
        section(sources, tmp_path), "train_ds", shuffle=False, n_speakers=2, text_tokenizer=EnglishCharsTokenizer()
    )
    first, second = loader
    assert first["dataset_names"] == ["ann"] * 4
    assert second["speaker_id"].tolist() == [1] * 4
    frames = first["audio_lens"] // 64 + 1
    assert first["pitch_lens"].tolist() == first["energy_lens"].tolist() == frames.tolist()
    assert first["align_prior_matrix"].shape == (4, int(frames.max()), 4)
    assert float(first["audio"][0].abs().max()) == pytest.approx(0.95)
    letter_b, voiced = float(first["pitch"][0, 37]), first["voiced_mask"][0]
    assert letter_b == pytest.approx(0.0, abs=0.05)  # 200 Hz is ann's mean
    assert float(second["pitch"][0, 37]) == pytest.approx(10.0, abs=0.2)  # 200 Hz, 10 deviations above the default
    assert not first["pitch"][0][~voiced].any()
    assert len(list((tmp_path / "ann" / "features" / "pitch").iterdir())) == 4


def test_weights_decide_how_often_samples_are_drawn():
    sampler = get_weighted_sampler([1.0, 3.0, 0.0], batch_size=8, num_steps=500, seed=1)
    drawn = torch.bincount(torch.tensor([int(index) for index in sampler]), minlength=3)
    assert len(sampler) == 4000
    assert drawn[2] == 0
    assert float(drawn[1] / drawn[0]) == pytest.approx(3.0, rel=0.1)


def test_weighted_epochs_have_their_steps_and_go_on_where_they_stopped(sources, tmp_path):
    config = section(sources, tmp_path, weighted_sampling_steps_per_epoch=3, featurizers={}, feature_processors={})
    config["dataloader_params"] = {"batch_size": 2, "shuffle": True, "drop_last": True}

    def loader():
        return build_loader(config, "train_ds", shuffle=True, text_tokenizer=EnglishCharsTokenizer())

    uninterrupted, stopped, resumed = loader(), loader(), loader()
    whole = [batch["audio_filepaths"] for _ in range(2) for batch in uninterrupted]
    assert len(whole) == 6
    iterator = iter(stopped)
    next(iterator)
    resumed.load_state_dict(stopped.state_dict())
    assert [batch["audio_filepaths"] for _ in range(2) for batch in resumed] == whole[1:]


def test_a_vocoder_gets_pieces_of_all_sources(sources):
    data = VocoderDataset(sources, SAMPLE_RATE, n_samples=512, trunc_duration=0.2, volume_norm=False)
    batch = data.collate_fn([data[0], data[7]])
    assert batch["dataset_names"] == ["ann", "bob"]
    assert batch["audio"].shape == (2, 512)
    assert batch["audio_lens"].tolist() == [512, 512]
    assert data.get_sampler(4) is None


def test_speakers_must_be_known_and_in_range(sources, tmp_path):
    def build(**options):
        return TextToSpeechDataset(sources, SAMPLE_RATE, EnglishCharsTokenizer(), **options)

    (tmp_path / "few.json").write_text('{"ann": 0}')
    with pytest.raises(ManifestError, match=r"bob/manifest.json line 1: \"speaker\" is 'bob'"):
        build(speaker_path=str(tmp_path / "few.json"))
    with pytest.raises(ConfigError, match="speaker_path .*absent.json does not exist"):
        build(speaker_path=str(tmp_path / "absent.json"))
    with pytest.raises(ConfigError, match="'bob' the number 1, and the model has 1 voices"):
        build(speaker_path=str(tmp_path / "speakers.json")).check_speakers(1)
    with pytest.raises(ConfigError, match="2 voices and the dataset has no speaker_path"):
        build().check_speakers(2)


def test_texts_that_do_not_fit_their_audio_are_named(sources, tmp_path):
    data = TextToSpeechDataset(sources, SAMPLE_RATE, lambda text: [0] * 500, align_prior_hop_length=64)
    with pytest.raises(AudioFileError, match=r"ann/manifest.json line 1: the text has 500 tokens"):
        data[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"weight": 2}, "dataset_meta.ann is"), ({"sample_weight": -1}, "dataset_meta.ann.sample_weight is -1")],
)
def test_sources_with_wrong_keys_are_named(sources, change, message):
    with pytest.raises(ConfigError, match=message):
        VocoderDataset({"ann": {**sources["ann"], **change}}, SAMPLE_RATE)
    with pytest.raises(ConfigError, match="dataset_meta is empty"):
        VocoderDataset({}, SAMPLE_RATE)


def test_order_of_weighted_samples_is_that_of_seed_and_epoch():
    first, second = (get_weighted_sampler(np.ones(50), 5, 4, seed=3) for _ in range(2))
    assert list(first) == list(second)
    second.set_epoch(1)
    assert list(first) != list(second)
