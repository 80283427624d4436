"""Pairs of spectrograms: what a model predicted, and what was recorded.

    {"mel_filepath": "predicted/0.npy", "mel_gt_filepath": "recorded/0.npy"}

Both are [D, F], log-mel, of the same frames: the predicted ones are made with the durations of the recordings.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor

from nemo.collections.common.data.manifest import get_full_path, read_manifest_objects
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.spectrogram_files import read_spectrogram
from nemo.core.classes.dataset import Dataset

KEYS = ("mel_filepath", "mel_gt_filepath")
"""Of a line: the predicted spectrogram, and the recorded one."""


class PairedRealFakeSpectrogramsDataset(Dataset):
    """Predicted spectrograms with recorded ones; a batch is both [B, D, F], padded with zeros, and their lengths [B].

    Args:
        manifest_filepath: a line for each pair; relative paths begin at its folder. Files are .npy, .npz or .pt.

    Raises:
        ManifestError: the manifest cannot be read, is empty, or a line lacks a path; names file and line.
    """

    def __init__(self, manifest_filepath: str | os.PathLike[str]) -> None:
        super().__init__()
        manifest = os.fspath(manifest_filepath)
        lines = read_manifest_objects(manifest)
        self.data = [_pair(line, manifest, number) for number, line in enumerate(lines, 1)]
        if not self.data:
            raise ManifestError(f"{manifest} has no lines. Expected {' and '.join(KEYS)} on each; write it again.")

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """The predicted and the recorded spectrogram, both [D, F].

        Raises:
            ManifestError: one cannot be read, or they have other sizes; names the line.
        """
        place, *paths = self.data[index]
        predicted, recorded = (read_spectrogram(path, place) for path in paths)
        if predicted.shape != recorded.shape:
            raise ManifestError(
                f"{place}: {paths[0]} is {list(predicted.shape)} and {paths[1]} {list(recorded.shape)}. Expected the "
                "same bands and frames; predict spectrograms with the recording's own durations."
            )
        return predicted, recorded

    def _collate_fn(self, batch: list[Any]) -> tuple[Tensor, Tensor, Tensor]:
        predicted, recorded = zip(*batch, strict=True)
        lengths = torch.tensor([each.shape[1] for each in predicted])
        return pad_together(predicted), pad_together(recorded), lengths

    def describe_sample(self, sample_id: int) -> str:
        """The line of a sample, for messages."""
        return self.data[sample_id][0]


def _pair(line: dict[str, Any], manifest: str, number: int) -> tuple[str, str, str]:
    """Where the pair stands, and its two files."""
    place = f"{manifest}, pair {number}"
    for key in KEYS:
        if not isinstance(line.get(key), str):
            raise ManifestError(
                f'{place}: "{key}" is {line.get(key)!r}. Expected the paths of two spectrograms, the predicted one in '
                f"{KEYS[0]}, the recorded one in {KEYS[1]}; write them."
            )
    return place, str(get_full_path(line[KEYS[0]], manifest)), str(get_full_path(line[KEYS[1]], manifest))
