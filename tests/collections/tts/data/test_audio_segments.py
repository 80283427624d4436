"""Pieces of recordings for vocoders, with predicted spectrograms."""

import numpy as np
import pytest
import torch

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.audio_segments import VocoderDataset
from nemo.collections.tts.data.loader import build_loader
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.data.voices import SAMPLE_RATE, spoken, write_voice


def test_pieces_are_parts_of_the_recordings_and_short_ones_end_in_silence(tmp_path):
    data = VocoderDataset(write_voice(tmp_path), SAMPLE_RATE, n_segments=1000)
    piece, length = data[0]
    whole = torch.tensor(spoken(" abab "), dtype=torch.float32)
    distances = (whole.unfold(0, 1000, 1) - piece).abs().amax(1)
    assert int(length) == 1000
    assert distances.min() < 1e-4
    audio, lengths = VocoderDataset(write_voice(tmp_path), SAMPLE_RATE, n_segments=9000)[0]
    assert int(lengths) == 9000
    assert not audio[len(whole) :].any()


def test_whole_recordings_are_padded(tmp_path):
    data = VocoderDataset(write_voice(tmp_path), SAMPLE_RATE)
    audio, lengths = data.collate_fn([data[0], data[1]])
    assert lengths.tolist() == [len(spoken(" abab ")), len(spoken(" bcc "))]
    assert audio.shape == (2, max(lengths.tolist()))


def test_pieces_are_drawn_anew_in_each_epoch_and_alike_in_each_run(tmp_path):
    section = {
        "dataset": {
            "_target_": "nemo.collections.tts.data.dataset.VocoderDataset",
            "manifest_filepath": write_voice(tmp_path),
            "sample_rate": SAMPLE_RATE,
            "n_segments": 512,
        },
        "dataloader_params": {"batch_size": 4},
    }
    first, second = (build_loader(section, "train_ds", shuffle=False) for _ in range(2))
    ours, theirs = [next(iter(first))[0] for _ in range(2)], next(iter(second))[0]
    torch.testing.assert_close(ours[0], theirs)
    assert not torch.equal(next(iter(first))[0], list(first)[0][0]) or not torch.equal(ours[0], next(iter(first))[0])


@pytest.mark.parametrize("kind", ["npy", "npz", "pt"])
def test_spectrograms_and_audio_are_cut_at_the_same_place(tmp_path, kind):
    hop = 64
    audio = spoken(" abab ")
    frames = len(audio) // hop + 1
    mel = np.arange(frames, dtype=np.float32)[None].repeat(8, 0)
    path = tmp_path / f"mel.{kind}"
    if kind == "pt":
        torch.save(torch.tensor(mel), path)
    else:
        with open(path, "wb") as file:
            np.save(file, mel) if kind == "npy" else np.savez(file, mel=mel)
    manifest = write_voice(tmp_path, ["abab"], mel_filepath=[path.name])
    data = VocoderDataset(manifest, SAMPLE_RATE, n_segments=640, load_precomputed_mel=True, hop_length=hop)
    piece, length, part = data[0]
    assert part.shape == (8, 10)
    start = int(part[0, 0]) * hop
    np.testing.assert_allclose(piece[: len(audio) - start], audio[start : start + 640], atol=2**-15)
    assert [tuple(each.shape) for each in data.collate_fn([data[0], data[0]])] == [(2, 640), (2,), (2, 8, 10)]
    assert int(length) == 640


def test_spectrograms_that_are_missing_or_of_another_length_are_named(tmp_path):
    options = {"sample_rate": SAMPLE_RATE, "load_precomputed_mel": True, "hop_length": 64}
    with pytest.raises(ManifestError, match='line 1 has no "mel_filepath"'):
        VocoderDataset(write_voice(tmp_path), **options)
    np.save(tmp_path / "short.npy", np.zeros((8, 20), np.float32))
    data = VocoderDataset(write_voice(tmp_path, ["ab", "ba"], mel_filepath=["short.npy", "absent.npy"]), **options)
    with pytest.raises(ManifestError, match=r"line 1: .*short.npy has 20 frames, 1280 samples"):
        data[0]
    with pytest.raises(ManifestError, match=r"line 2: the spectrogram .*absent.npy does not exist"):
        data[1]


@pytest.mark.parametrize("options", [{"load_precomputed_mel": True}, {"n_segments": 0}])
def test_numbers_that_do_not_fit_are_refused(tmp_path, options):
    with pytest.raises(ConfigError, match="hop_length|n_segments is 0"):
        VocoderDataset(write_voice(tmp_path), SAMPLE_RATE, **options)
