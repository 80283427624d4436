"""Recordings with texts."""

import json

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr.data.audio_to_text import AudioToBPEDataset, AudioToCharDataset
from nemo.collections.common.audio.perturb import AudioAugmentor, GainPerturbation
from nemo.collections.common.data.resumable_loader import SeededIndex, make_loader
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.common.tokenizers import SentencePieceTokenizer
from nemo.core.neural_types.elements import AudioSignal
from tests.conftest import REPOSITORY

RATE = 8000
LABELS = [" ", *"abcdefghijklmnopqrstuvwxyz", "'"]
TEXTS = ["one", "two cats", "a", "the third"]
BPE64 = REPOSITORY / "tests/data/tokenizers/bpe64/tokenizer.model"


def audio(index):
    """Recording `index`: (index + 1) * 0.1 s of noise."""
    return (0.1 * np.random.default_rng(index).standard_normal((index + 1) * RATE // 10)).astype(np.float32)


@pytest.fixture
def manifest(tmp_path):
    lines = []
    for index, text in enumerate(TEXTS):
        soundfile.write(tmp_path / f"{index}.wav", audio(index), RATE, subtype="FLOAT")
        lines.append({"audio_filepath": f"{index}.wav", "duration": (index + 1) / 10, "text": text, "speaker": index})
    path = tmp_path / "train.json"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_samples_hold_audio_and_ids(manifest):
    dataset = AudioToCharDataset(manifest, LABELS, RATE, return_sample_id=True)
    assert len(dataset) == 4
    signal, length, tokens, count, index = dataset[1]
    torch.testing.assert_close(signal, torch.from_numpy(audio(1)))
    assert (length, count, index) == (1600, 8, 1)
    assert "".join(LABELS[token] for token in tokens) == "two cats"
    assert [value.dtype for value in dataset[1]] == [torch.float32, *[torch.int64] * 4]
    assert dataset.get_manifest_sample(2).speaker == 2


def test_a_batch_is_padded_with_zeros_and_pad_id(manifest):
    dataset = AudioToCharDataset(manifest, LABELS, RATE, pad_id=99, bos_id=50, eos_id=51, return_sample_id=True)
    signals, lengths, tokens, counts, ids = dataset.collate_fn([dataset[index] for index in (2, 0)])
    assert signals.shape == (2, 2400)
    assert lengths.tolist() == [2400, 800]
    torch.testing.assert_close(signals[1, :800], torch.from_numpy(audio(0)))
    assert not signals[1, 800:].any()
    assert tokens.tolist() == [[50, 1, 51, 99, 99], [50, 15, 14, 5, 51]]
    assert counts.tolist() == [3, 5]
    assert ids.tolist() == [2, 0]
    assert len(AudioToCharDataset(manifest, LABELS, RATE).collate_fn([dataset[0][:4]])) == 4


def test_batches_are_typed(manifest):
    dataset = AudioToCharDataset(manifest, LABELS, RATE)
    batch = dataset.collate_fn([dataset[0]])
    assert isinstance(batch[0].neural_type.elements_type, AudioSignal)
    assert list(dataset.output_types) == [
        "audio_signal",
        "a_sig_length",
        "transcripts",
        "transcript_length",
        "sample_id",
    ]


def test_limits_leave_recordings_out(manifest, caplog):
    dataset = AudioToCharDataset(manifest, LABELS, RATE, min_duration=0.15, max_duration=0.35)
    assert [entry.text for entry in dataset.collection.entries] == ["two cats", "a"]
    assert len(AudioToCharDataset(manifest, LABELS, RATE, max_utts=3)) == 3
    with pytest.raises(ManifestError, match=r"No recording .* is left: 4 longer than 0\.01 s"):
        AudioToCharDataset(manifest, LABELS, RATE, max_duration=0.01)


def test_several_manifests_offsets_and_rates(manifest, tmp_path):
    part = {"audio_filepath": "3.wav", "offset": 0.1, "duration": 0.2, "text": "x"}
    (tmp_path / "b.json").write_text(json.dumps(part))
    dataset = AudioToCharDataset(f"{manifest},{tmp_path / 'b.json'}", LABELS, RATE)
    assert len(dataset) == 5
    torch.testing.assert_close(dataset[4][0], torch.from_numpy(audio(3)[800:2400]))
    assert AudioToCharDataset(manifest, LABELS, 16000)[0][1] == 1600


def test_silence_is_trimmed_on_request(tmp_path):
    quiet = np.concatenate([np.zeros(RATE, np.float32), audio(9), np.zeros(RATE, np.float32)])
    soundfile.write(tmp_path / "q.wav", quiet, RATE, subtype="FLOAT")
    (tmp_path / "m.json").write_text(json.dumps({"audio_filepath": "q.wav", "duration": 3.0}))
    assert AudioToCharDataset(tmp_path / "m.json", LABELS, RATE)[0][1] == 3 * RATE
    assert AudioToCharDataset(tmp_path / "m.json", LABELS, RATE, trim=True)[0][1] < 1.5 * RATE


def test_a_recording_of_two_channels_needs_a_selector(tmp_path):
    soundfile.write(tmp_path / "s.wav", np.stack([audio(0), -audio(0)], axis=1), RATE, subtype="FLOAT")
    (tmp_path / "m.json").write_text(json.dumps({"audio_filepath": "s.wav", "duration": 0.1}))
    with pytest.raises(AudioFileError, match=r"m\.json line 1: .*s\.wav has 2 channels.* channel_selector"):
        AudioToCharDataset(tmp_path / "m.json", LABELS, RATE)[0]
    second = AudioToCharDataset(tmp_path / "m.json", LABELS, RATE, channel_selector=1)[0][0]
    torch.testing.assert_close(second, -torch.from_numpy(audio(0)))
    assert AudioToCharDataset(tmp_path / "m.json", LABELS, RATE, channel_selector="average")[0][0].abs().max() < 1e-6


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("damage", ["missing", "text", "cut"])
def test_a_file_that_fails_is_named_with_its_line_also_from_a_worker(manifest, tmp_path, workers, damage):
    bad = tmp_path / "2.wav"
    content = bad.read_bytes()
    if damage == "missing":
        bad.unlink()
    else:
        bad.write_bytes(b"no audio" * 50 if damage == "text" else content[: len(content) // 2])
    dataset = AudioToCharDataset(manifest, LABELS, RATE)
    options = {"batch_size": 2, "collate_fn": dataset.collate_fn, "num_workers": workers}
    loader = make_loader(dataset, shuffle=False, **options)
    with pytest.raises(AudioFileError, match=r"train\.json line 3: .*2\.wav"):
        list(loader)


def test_characters_outside_the_labels_are_reported_or_an_error(manifest, caplog):
    dataset = AudioToCharDataset(manifest, ["a", "t"], RATE)
    assert dataset[1][2].tolist() == [1, 0, 1]
    assert "not among the 2 labels" in caplog.text
    with pytest.raises(ValueError, match="not among the 2 labels"):
        AudioToCharDataset(manifest, ["a", "t"], RATE, raise_on_unknown_characters=True)


def test_any_function_can_parse_texts(manifest):
    dataset = AudioToCharDataset(manifest, LABELS, RATE, parser=lambda text: [len(text)] if len(text) > 1 else None)
    assert [int(dataset[index][2]) for index in range(len(dataset))] == [3, 8, 9]


def test_texts_of_pieces(manifest, caplog):
    tokenizer = SentencePieceTokenizer(BPE64)
    dataset = AudioToBPEDataset(str(manifest), tokenizer, RATE)
    assert dataset[3][2].tolist() == tokenizer.text_to_ids("the third")
    assert (dataset.bos_id, dataset.eos_id, dataset.pad_id) == (None, None, 0)
    assert "WARNING" not in caplog.text


def test_start_and_end_pieces_are_used_where_the_tokenizer_has_them(manifest):
    tokenizer = SentencePieceTokenizer(BPE64, {"bos_token": "<b>", "eos_token": "<e>", "pad_token": "<p>"}, legacy=True)
    ids = tokenizer.text_to_ids("a")
    assert AudioToBPEDataset(manifest, tokenizer, RATE)[2][2].tolist() == [64, *ids, 65]
    plain = AudioToBPEDataset(manifest, tokenizer, RATE, use_start_end_token=False)
    assert plain[2][2].tolist() == ids
    assert plain.pad_id == 66


def test_text_that_a_tokenizer_does_not_know_is_reported(tmp_path, caplog):
    soundfile.write(tmp_path / "0.wav", audio(0), RATE)
    (tmp_path / "m.json").write_text(json.dumps({"audio_filepath": "0.wav", "duration": 0.1, "text": "日本"}))
    AudioToBPEDataset(tmp_path / "m.json", SentencePieceTokenizer(BPE64), RATE)
    assert "1 texts have characters or words that the tokenizer does not know" in caplog.text
    with pytest.raises(ManifestError, match="日本"):
        AudioToBPEDataset(tmp_path / "m.json", SentencePieceTokenizer(BPE64), RATE, raise_on_unknown_characters=True)


def test_augmentation_follows_the_seed_of_the_sample(manifest):
    augmentor = AudioAugmentor([(1.0, GainPerturbation())])
    dataset = AudioToCharDataset(manifest, LABELS, RATE, augmentor=augmentor)
    one, two, three = (dataset[SeededIndex(0, seed)][0] for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
