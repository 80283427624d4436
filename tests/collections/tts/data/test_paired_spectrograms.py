"""Pairs of spectrograms are read and padded; what does not fit is named with its line."""

import json

import numpy as np
import pytest
import torch

from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.paired_spectrograms import PairedRealFakeSpectrogramsDataset


def write(folder, sizes=((8, 12), (8, 20)), **first_line):
    generator = np.random.default_rng(0)
    lines = []
    for number, size in enumerate(sizes):
        arrays = {"mel_filepath": f"made_{number}.npy", "mel_gt_filepath": f"real_{number}.npy"}
        for name in arrays.values():
            np.save(folder / name, generator.standard_normal(size, dtype="float32"))
        lines.append(arrays)
    lines[0].update(first_line)
    (folder / "pairs.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(folder / "pairs.json")


def test_a_batch_is_both_and_their_lengths(tmp_path):
    dataset = PairedRealFakeSpectrogramsDataset(write(tmp_path))
    assert len(dataset) == 2
    predicted, recorded, lengths = dataset.collate_fn([dataset[0], dataset[1]])
    assert predicted.shape == recorded.shape == (2, 8, 20) and lengths.tolist() == [12, 20]
    assert torch.equal(predicted[0, :, :12], torch.from_numpy(np.load(tmp_path / "made_0.npy")))
    assert torch.equal(recorded[1], torch.from_numpy(np.load(tmp_path / "real_1.npy")))
    assert not predicted[0, :, 12:].any()


def test_other_sizes_missing_files_and_missing_keys_are_named(tmp_path):
    dataset = PairedRealFakeSpectrogramsDataset(write(tmp_path))
    np.save(tmp_path / "real_1.npy", np.zeros((8, 19), dtype="float32"))
    with pytest.raises(ManifestError, match=r"pair 2: .*made_1.npy is \[8, 20\] and .*real_1.npy \[8, 19\]"):
        dataset[1]
    (tmp_path / "made_0.npy").unlink()
    with pytest.raises(ManifestError, match=r"pair 1: the spectrogram .*made_0.npy does not exist"):
        dataset[0]
    with pytest.raises(ManifestError, match=r'pair 1: "mel_gt_filepath" is None'):
        PairedRealFakeSpectrogramsDataset(write(tmp_path, mel_gt_filepath=None))
    (tmp_path / "none.json").write_text("")
    with pytest.raises(ManifestError, match=r"none.json has no lines"):
        PairedRealFakeSpectrogramsDataset(str(tmp_path / "none.json"))
