"""Pieces of recordings for vocoders, with the spectrograms that a synthesis model predicted of them, if wanted.

A batch is a tuple: audio [B, T], lengths [B], and with predicted spectrograms [B, D, F] these.
"""

from __future__ import annotations

import logging

import torch
import torch.nn.functional as F
from torch import Tensor

from nemo.collections.common.data.manifest import ManifestPaths
from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.tts.data.padding import pad_together
from nemo.collections.tts.data.spectrogram_files import read_spectrogram
from nemo.collections.tts.data.utterances import Trimming, Utterance, chosen, read_utterances
from nemo.core.classes.dataset import Dataset
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


class VocoderDataset(Dataset):
    """Pieces of recordings; see the head of the file for batches.

    Args:
        manifest_filepath: a manifest, several with commas between, or a list; texts are not needed.
        sample_rate: Hz.
        n_segments: samples of a piece, drawn anew each time; shorter recordings are filled with silence. None: whole
            recordings.
        max_duration: seconds; longer recordings are left out.
        min_duration: seconds; shorter ones are.
        ignore_file: a file with a list of recordings' names without ending, one a line, that are left out.
        trim: cut silence from both ends.
        load_precomputed_mel: take spectrograms from the `mel_filepath` of each line: .npy, .npz or .pt files, [D, F].
        hop_length: samples of a frame; needed with these, to cut both at the same place.

    Raises:
        ManifestError: a line cannot be read, or has no `mel_filepath`; names file and line.
        ConfigError: a number that does not fit the others.
    """

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        sample_rate: int,
        n_segments: int | None = None,
        max_duration: float | None = None,
        min_duration: float | None = None,
        ignore_file: str | None = None,
        trim: bool = False,
        load_precomputed_mel: bool = False,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        if load_precomputed_mel and not hop_length:
            raise ConfigError(
                "load_precomputed_mel is true and hop_length is missing. Give the model's n_window_stride."
            )
        if n_segments is not None and (n_segments < 1 or (load_precomputed_mel and n_segments % (hop_length or 1))):
            raise ConfigError(
                f"n_segments is {n_segments}. Expected a number of samples, with load_precomputed_mel a multiple of "
                f"hop_length ({hop_length})."
            )
        self.sample_rate, self.n_segments = sample_rate, n_segments
        self.load_precomputed_mel, self.hop_length = load_precomputed_mel, hop_length or 1
        self.trimming = Trimming(trim)
        found = read_utterances(manifest_filepath, with_text=False)
        self.data = chosen(found, min_duration, max_duration, ignore_file)
        if load_precomputed_mel:
            _check_spectrograms(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        """Audio [T], its length, and if wanted the spectrogram [D, F]."""
        utterance = self.data[index]
        samples = self.trimming(utterance.samples(self.sample_rate), utterance.place)
        audio = torch.from_numpy(samples.copy())
        if not self.load_precomputed_mel:
            audio = audio if self.n_segments is None else random_piece(audio, self.n_segments, index)
            return audio, torch.tensor(len(audio))
        mel = read_spectrogram(str(utterance.mel_file), utterance.place)
        audio = _whole_frames(audio, mel, self.hop_length, utterance)
        if self.n_segments is not None:
            frames = self.n_segments // self.hop_length
            start = random_start(mel.shape[1] - frames, index)
            mel = F.pad(mel, (0, max(frames - mel.shape[1], 0)), value=float(mel.min()))[:, start : start + frames]
            first = start * self.hop_length
            audio = F.pad(audio, (0, max(self.n_segments - len(audio), 0)))[first : first + self.n_segments]
        return audio, torch.tensor(len(audio)), mel

    def _collate_fn(self, batch: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        audio, lengths, *mels = zip(*batch, strict=True)
        together = pad_together(audio), torch.stack(lengths)
        return (*together, pad_together(mels[0], float(min(mel.min() for mel in mels[0])))) if mels else together

    def describe_sample(self, sample_id: int) -> str:
        """The recording of a sample and its line in the manifest, for messages."""
        return f"{self.data[sample_id].audio_file} ({self.data[sample_id].place})"


def random_start(latest: int, index: int) -> int:
    """Where a piece begins: drawn with the seed that `index` carries, or else with PyTorch's."""
    generator = torch.Generator().manual_seed(index.seed) if isinstance(index, SeededIndex) else None
    return int(torch.randint(max(latest, 0) + 1, (), generator=generator))


def random_piece(audio: Tensor, samples: int, index: int) -> Tensor:
    """So many samples of audio [T]; silence follows what is shorter."""
    start = random_start(len(audio) - samples, index)
    return F.pad(audio, (0, max(samples - len(audio), 0)))[start : start + samples]


def _check_spectrograms(utterances: list[Utterance]) -> None:
    for utterance in utterances:
        if utterance.mel_file is None:
            raise ManifestError(
                f'{utterance.place} has no "mel_filepath", and load_precomputed_mel is true. Write the path of the '
                "predicted spectrogram on each line, or set load_precomputed_mel to false."
            )


def _whole_frames(audio: Tensor, mel: Tensor, hop_length: int, utterance: Utterance) -> Tensor:
    """The audio, as long as the spectrogram: a few frames more or less come from how edges are counted."""
    wanted = mel.shape[1] * hop_length
    if abs(wanted - len(audio)) > 4 * hop_length + 0.02 * wanted:
        raise ManifestError(
            f"{utterance.place}: {utterance.mel_file} has {mel.shape[1]} frames, {wanted} samples, and the recording "
            f"has {len(audio)}. Expected the same; predict the spectrogram with the recording's own durations."
        )
    return F.pad(audio, (0, max(wanted - len(audio), 0)))[:wanted]
