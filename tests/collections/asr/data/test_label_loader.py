import json

import pytest
import torch

from nemo.collections.asr.data.audio_to_label import (
    AudioToClassificationLabelDataset,
    AudioToMultiLabelDataset,
    TarredAudioToClassificationLabelDataset,
)
from nemo.collections.asr.data.label_loader import build_audio_to_label_loader
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.data.corpus import RATE, write_corpus


@pytest.fixture
def corpus(tmp_path):
    """Twelve recordings with the classes even and odd in turn, and tar files."""
    write_corpus(tmp_path)
    for name in ("m.json", "m_0.json", "m_1.json", "m_2.json"):
        lines = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for line in lines:
            number = ord(line.pop("text")) - ord("a")
            line["command"] = ("even", "odd")[number % 2]
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


def dataset(folder, labels=None, kind=AudioToClassificationLabelDataset, **options):
    return kind(str(folder / "m.json"), labels, WaveformFeaturizer(RATE), **options)


def test_samples_have_the_number_of_their_class(corpus):
    data = dataset(corpus)
    assert data.labels == ["even", "odd"] and len(data) == 12 and data.num_classes == 2
    assert [int(data[index][2]) for index in range(4)] == [0, 1, 0, 1]
    assert dataset(corpus, ["odd", "even"])[0][2].tolist() == [1]
    assert dataset(corpus).label_counts() == {0: 6, 1: 6}


def test_batches_are_padded(corpus):
    audio, lengths, labels, ones = dataset(corpus).collate_fn([dataset(corpus)[0], dataset(corpus)[3]])
    assert lengths.tolist() == [400, 520] and audio.shape == (2, 520) and not audio[0, 400:].any()
    assert labels.tolist() == [0, 1] and ones.tolist() == [1, 1]


def test_frames_have_labels_of_their_own(corpus):
    lines = [json.loads(line) for line in (corpus / "m.json").read_text().splitlines()][:3]
    for line, label in zip(lines, ("0 1  1", [1, 0], "1"), strict=True):
        line["label"] = label
    (corpus / "m.json").write_text("\n".join(map(json.dumps, lines)))
    data = dataset(corpus, ["0", "1"], AudioToMultiLabelDataset)
    _, _, labels, counts = data.collate_fn([data[index] for index in range(3)])
    assert labels.tolist() == [[0, 1, 1], [1, 0, 0], [1, 0, 0]] and counts.tolist() == [3, 2, 1]
    lines[0]["label"] = "0;1"
    (corpus / "m.json").write_text("\n".join(map(json.dumps, lines)))
    assert dataset(corpus, None, AudioToMultiLabelDataset, delimiter=";")[0][2].tolist() == [0, 1]


def test_line_without_label_is_named(corpus):
    (corpus / "m.json").write_text(json.dumps({"audio_filepath": "0.wav", "duration": 0.05}))
    with pytest.raises(ManifestError, match=r'm.json line 1 has no "label"'):
        dataset(corpus)


def test_recording_that_cannot_be_read_is_left_out_or_an_error(corpus):
    (corpus / "1.wav").write_bytes(b"no audio")
    with pytest.raises(AudioFileError, match=r"m.json line 2"):
        dataset(corpus)[1]
    data = dataset(corpus, on_bad_audio="skip")
    assert data.collate_fn([data[0], data[1]])[2].tolist() == [0]


def test_loader_of_tar_files_gives_every_recording_once_with_its_class(corpus):
    section = {
        "manifest_filepath": str(corpus / "m.json"), "sample_rate": RATE, "batch_size": 5, "is_tarred": True,
        "tarred_audio_filepaths": str(corpus / "audio__OP_0..2_CL_.tar"), "shuffle": True,
    }  # fmt: skip
    loader = build_audio_to_label_loader(section, labels=["even", "odd"])
    assert isinstance(loader.dataset.dataset, TarredAudioToClassificationLabelDataset)
    found = sorted(
        (int(length), int(label)) for batch in loader for length, label in zip(batch[1], batch[2], strict=True)
    )
    assert found == [(400 + 40 * number, number % 2) for number in range(12)]
    with pytest.raises(ConfigError, match="tarred_audio_filepaths is not"):
        build_audio_to_label_loader(section | {"tarred_audio_filepaths": None}, labels=["even", "odd"])


def test_numbers_are_kept_as_numbers(corpus):
    lines = [json.loads(line) for line in (corpus / "m.json").read_text().splitlines()][:2]
    for line, label in zip(lines, (1.5, "-2"), strict=True):
        line["label"] = label
    (corpus / "m.json").write_text("\n".join(map(json.dumps, lines)))
    section = {"manifest_filepath": str(corpus / "m.json"), "sample_rate": RATE, "batch_size": 2}
    (batch,) = build_audio_to_label_loader(section | {"is_regression_task": True})
    assert batch[2].dtype == torch.float32 and batch[2].tolist() == [1.5, -2.0]


def test_section_without_manifest_is_named():
    with pytest.raises(ConfigError, match=r"model.validation_ds.manifest_filepath is not set"):
        build_audio_to_label_loader({"sample_rate": RATE}, where="model.validation_ds")
