"""Dataset sections -> loaders."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.data.loader import AudioToTextDatasetConfig, build_audio_to_text_loader
from nemo.collections.common.tokenizers import SentencePieceTokenizer
from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from tests.conftest import REPOSITORY

RATE = 8000
LABELS = [*"abc"]
# defaults of the original's ASRDatasetConfig, release 1.23
ORIGINAL = {
    "augmentor": None,
    "batch_size": 32,
    "blank_index": -1,
    "bos_id": None,
    "bucketing_batch_size": None,
    "bucketing_strategy": "synced_randomized",
    "bucketing_weights": None,
    "drop_last": False,
    "eos_id": None,
    "int_values": None,
    "is_tarred": False,
    "labels": "???",
    "manifest_filepath": None,
    "max_duration": None,
    "max_utts": 0,
    "min_duration": None,
    "normalize": False,
    "num_workers": 0,
    "pad_id": 0,
    "parser": "en",
    "pin_memory": True,
    "return_sample_id": False,
    "sample_rate": "???",
    "shard_manifests": False,
    "shuffle": False,
    "shuffle_n": 0,
    "tarred_audio_filepaths": None,
    "tarred_shard_strategy": "scatter",
    "trim": True,
    "trim_silence": False,
    "unk_index": -1,
    "use_start_end_token": False,
}


@pytest.fixture
def section(tmp_path):
    lines = []
    for index in range(10):
        samples = np.random.default_rng(index).standard_normal(400 + 40 * index) * 0.1
        soundfile.write(tmp_path / f"{index}.wav", samples, RATE, subtype="PCM_16")
        lines.append(
            {"audio_filepath": f"{index}.wav", "duration": len(samples) / RATE, "text": "abc"[: index % 3 + 1]}
        )
    (tmp_path / "m.json").write_text("\n".join(map(json.dumps, lines)))
    return {"manifest_filepath": str(tmp_path / "m.json"), "sample_rate": RATE, "batch_size": 4, "labels": LABELS}


def flat(loader):
    return [[value.tolist() for value in batch] for batch in loader]


def test_defaults_are_those_of_the_original():
    ours = {field.name: field.default for field in dataclasses.fields(AudioToTextDatasetConfig)}
    assert {key: ours[key] for key in ORIGINAL} == ORIGINAL


@pytest.mark.parametrize("kind", [dict, OmegaConf.create, lambda section: AudioToTextDatasetConfig(**section)])
def test_a_section_of_any_kind_gives_batches(section, kind):
    loader = build_audio_to_text_loader(kind(section))
    batches = list(loader)
    assert len(loader) == len(batches) == 3
    assert batches[0][0].shape == (4, 520)
    assert batches[0][1].tolist() == [400, 440, 480, 520]
    assert batches[0][2].tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 2], [0, 0, 0]]
    assert batches[2][3].tolist() == [3, 1]
    assert len(build_audio_to_text_loader(kind({**section, "drop_last": True}))) == 2


def test_interpolations_reach_out_of_the_section(section):
    section["sample_rate"] = "${model.sample_rate}"
    cfg = OmegaConf.create({"model": {"sample_rate": RATE, "train_ds": section}})
    assert next(iter(build_audio_to_text_loader(cfg.model.train_ds)))[1][0] == 400


def test_labels_of_the_model_are_used_where_the_section_has_none(section):
    del section["labels"]
    batch = next(iter(build_audio_to_text_loader(section, labels=["x", "a", "b", "c"])))
    assert batch[2][2].tolist() == [1, 2, 3]
    with pytest.raises(ConfigError, match=r"model\.train_ds\.labels is not set"):
        build_audio_to_text_loader(section)


def test_a_tokenizer_takes_the_place_of_labels(section):
    del section["labels"]
    tokenizer = SentencePieceTokenizer(
        REPOSITORY / "tests/data/tokenizers/bpe64/tokenizer.model",
        {"bos_token": "<b>", "eos_token": "<e>"},
        legacy=True,
    )
    tokens = next(iter(build_audio_to_text_loader(section, tokenizer=tokenizer)))[2]
    assert tokens[0, 0] == 64
    section["use_start_end_token"] = False
    tokens = next(iter(build_audio_to_text_loader(section, tokenizer=tokenizer)))[2]
    assert tokens[0, 0] != 64


AUGMENTED = {"speed": {"prob": 0.5, "sr": RATE}, "gain": {"prob": 1.0}, "white_noise": {"prob": 0.5}}


def test_order_and_augmentation_do_not_depend_on_workers(section):
    section |= {"shuffle": True, "augmentor": AUGMENTED, "return_sample_id": True}

    def epochs(workers):
        torch.manual_seed(3)
        loader = build_audio_to_text_loader({**section, "num_workers": workers})
        return [flat(loader), flat(loader)]

    alone = epochs(0)
    assert alone[0] != alone[1]
    assert sorted(index for batch in alone[0] for index in batch[4]) == list(range(10))
    assert epochs(2) == alone


def test_a_loader_resumes_with_the_same_audio(section):
    section |= {"shuffle": True, "augmentor": AUGMENTED}
    straight = build_audio_to_text_loader(section)
    reference = [*flat(straight), *flat(straight)]
    stopped = build_audio_to_text_loader(section)
    next(iterator := iter(stopped))
    next(iterator)
    torch.manual_seed(77)
    resumed = build_audio_to_text_loader(section)
    resumed.load_state_dict(stopped.state_dict())
    assert [*flat(resumed), *flat(resumed)] == reference[2:]


def test_unknown_keys_are_named_with_the_nearest(section, caplog):
    build_audio_to_text_loader({**section, "max_duratoin": 3.0})
    assert "max_duratoin" in caplog.text
    assert "max_duration" in caplog.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"manifest_filepath": None}, r"model\.train_ds\.manifest_filepath is not set"),
        ({"sample_rate": "???"}, "sample_rate is not set"),
        ({"sample_rate": 0}, "sample_rate is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"min_duration": 5.0, "max_duration": 1.0}, "min <= max"),
        ({"parser": "fr"}, "no text parser 'fr'"),
        ({"augmentor": {"sped": {"prob": 1}}}, "did you mean speed"),
    ],
)
def test_bad_values_are_named(section, changes, said):
    with pytest.raises(ConfigError, match=said):
        build_audio_to_text_loader({**section, **changes})


def test_what_is_to_come_is_named(section):
    with pytest.raises(NotYetSupportedError, match=r"model\.train_ds\.use_dali"):
        build_audio_to_text_loader({**section, "use_dali": True})
