"""Loaders by a section's keys: samples of similar length together."""

import pytest

from nemo.collections.tts.data.loader import build_loader
from nemo.collections.tts.text import EnglishCharsTokenizer
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.data.voices import SAMPLE_RATE, SECONDS_A_LETTER, write_voice

TEXTS = ("a", "abcabcab", "b", "ccccbbbb", "ca", "bacabcab", "c", "ab")


def loader(folder, *, shuffle=True, **keys):
    dataset = {
        "_target_": "nemo.collections.tts.data.dataset.TTSDataset",
        "manifest_filepath": write_voice(folder, TEXTS),
        "sample_rate": SAMPLE_RATE,
    }
    section = {"dataset": dataset, "dataloader_params": {"batch_size": 4, "num_workers": 0}, **keys}
    return build_loader(section, "model.train_ds", shuffle=shuffle, text_tokenizer=EnglishCharsTokenizer())


def padding(batches):
    return sum(batch["audio"].numel() - int(batch["audio_lens"].sum()) for batch in batches)


def test_buckets_have_samples_of_similar_length_each_once_in_an_epoch(tmp_path):
    batches = list(loader(tmp_path, num_buckets=2))
    lengths = sorted(int(each) for batch in batches for each in batch["audio_lens"])
    per_letter = int(SECONDS_A_LETTER * SAMPLE_RATE)
    assert lengths == sorted(per_letter * (len(text) + 2) for text in TEXTS)
    assert padding(batches) < padding(list(loader(tmp_path))) / 2


def test_a_batch_has_at_most_so_many_seconds(tmp_path):
    batches = list(loader(tmp_path, num_buckets=2, batch_duration=2.5))
    assert all(batch["audio"].numel() <= 2.5 * SAMPLE_RATE for batch in batches)
    assert sum(len(batch["audio"]) for batch in batches) == len(TEXTS)


def test_an_epoch_goes_on_where_it_stopped(tmp_path):
    whole = loader(tmp_path, num_buckets=4)
    batches, state = [], None
    for batch in whole:
        batches.append(batch)
        state = whole.state_dict() if len(batches) == 2 else state
    rest = loader(tmp_path, num_buckets=4)
    rest.load_state_dict(state)
    assert [batch["text"].tolist() for batch in rest] == [batch["text"].tolist() for batch in batches[2:]]


def test_a_dataset_without_lengths_has_no_buckets(tmp_path):
    manifest = write_voice(tmp_path, TEXTS)
    dataset = {
        "_target_": "nemo.collections.tts.data.text_to_speech_dataset.TextToSpeechDataset",
        "sample_rate": SAMPLE_RATE,
        "dataset_meta": {"voice": {"manifest_path": manifest, "audio_dir": str(tmp_path)}},
    }
    section = {"dataset": dataset, "dataloader_params": {"batch_size": 2}, "num_buckets": 3}
    with pytest.raises(ConfigError, match="model.train_ds has num_buckets.*a TextToSpeechDataset does not know"):
        build_loader(section, "model.train_ds", shuffle=True, text_tokenizer=EnglishCharsTokenizer())
