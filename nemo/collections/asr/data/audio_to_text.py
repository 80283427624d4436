"""Recordings and their texts, from a manifest.

manifest -> entries within the limits -> (samples [T], ids [U]) -> batch of padded (audio [B, T], tokens [B, U])
B batch, T samples, U tokens of the longest text.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nemo.collections.common.audio.io import ChannelSelector
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer
from nemo.collections.common.data.manifest import ManifestEntry, ManifestPaths, read_manifest
from nemo.collections.common.data.parsers import make_parser
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.core.classes.dataset import Dataset
from nemo.core.neural_types.elements import AudioSignal, LabelsType, LengthsType
from nemo.core.neural_types.neural_type import NeuralType

if TYPE_CHECKING:
    from nemo.collections.common.audio.perturb.augmentor import AudioAugmentor
    from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec

logger = logging.getLogger(__name__)

Sample = tuple[torch.Tensor, ...]
"""(audio [T], its length, tokens [U], their number[, number of the entry])."""


class TextCollection:
    """Entries of manifests within limits, with the ids of their texts.

    Args:
        manifests: paths.
        to_ids: entry -> ids of its text, or None for a text that cannot be used, whose entry is left out.
        max_duration: leave out longer recordings, in seconds; None for no limit.
        min_duration: leave out shorter ones.
        max_utts: keep this many entries at most; 0 for all.

    Raises:
        ManifestError: a manifest cannot be read, or nothing is left.
    """

    def __init__(
        self,
        manifests: ManifestPaths,
        to_ids: Callable[[ManifestEntry], Sequence[int] | None],
        max_duration: float | None = None,
        min_duration: float | None = None,
        max_utts: int = 0,
    ) -> None:
        self.entries: list[ManifestEntry] = []
        left_out: Counter[str] = Counter()
        ids: list[int] = []
        ends = [0]
        for entry in read_manifest(manifests):
            duration = entry.duration or 0.0
            if max_duration is not None and duration > max_duration:
                left_out[f"longer than {max_duration} s"] += 1
                continue
            if min_duration is not None and duration < min_duration:
                left_out[f"shorter than {min_duration} s"] += 1
                continue
            tokens = to_ids(entry)
            if tokens is None:
                left_out["without usable text"] += 1
                continue
            ids.extend(tokens)
            ends.append(len(ids))
            self.entries.append(entry)
            if len(self.entries) == max_utts:
                break
        # one array, not a list for each entry: workers share it without copies
        self._ids = np.array(ids, dtype=np.int64)
        self._ends = np.array(ends, dtype=np.int64)
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        if not self.entries:
            raise ManifestError(
                f"No recording of {manifests} is left: {reasons}. Expected at least one; change "
                "max_duration or min_duration."
            )
        hours = sum(entry.duration or 0.0 for entry in self.entries) / 3600
        logger.info("%d recordings, %.2f hours%s", len(self), hours, f"; left out: {reasons}" if reasons else "")

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> ManifestEntry:
        return self.entries[index]

    def tokens(self, index: int) -> np.ndarray:
        """Ids of the text of an entry, [U]."""
        return self._ids[self._ends[index] : self._ends[index + 1]]


class _AudioTextDataset(Dataset):
    """Recordings and ids of their texts; the kinds below say how text becomes ids."""

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        return {
            "audio_signal": NeuralType(("B", "T"), AudioSignal()),
            "a_sig_length": NeuralType(("B",), LengthsType()),
            "transcripts": NeuralType(("B", "T"), LabelsType()),
            "transcript_length": NeuralType(("B",), LengthsType()),
            "sample_id": NeuralType(("B",), LengthsType(), optional=True),
        }

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        to_ids: Callable[[ManifestEntry], Sequence[int] | None],
        sample_rate: int,
        int_values: bool = False,
        augmentor: AudioAugmentor | None = None,
        max_duration: float | None = None,
        min_duration: float | None = None,
        max_utts: int = 0,
        trim: bool = False,
        bos_id: int | None = None,
        eos_id: int | None = None,
        pad_id: int = 0,
        return_sample_id: bool = False,
        channel_selector: ChannelSelector = None,
    ) -> None:
        self.collection = TextCollection(manifest_filepath, to_ids, max_duration, min_duration, max_utts)
        self.featurizer = WaveformFeaturizer(sample_rate, int_values, augmentor)
        self.trim = trim
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.return_sample_id = return_sample_id
        self.channel_selector = channel_selector

    def __len__(self) -> int:
        return len(self.collection)

    def __getitem__(self, index: int) -> Sample:
        """One sample.

        Raises:
            AudioFileError: its recording cannot be read; names the file and the line of the manifest.
        """
        if self.featurizer.augmentor is not None:
            self.featurizer.augmentor.reseed(getattr(index, "seed", None))
        audio = self._audio(self.collection[index])
        tokens = torch.from_numpy(self._with_ends(self.collection.tokens(index)))
        sample = (audio, torch.tensor(audio.shape[0]), tokens, torch.tensor(tokens.shape[0]))
        return (*sample, torch.tensor(int(index))) if self.return_sample_id else sample

    def get_manifest_sample(self, sample_id: int) -> ManifestEntry:
        """The manifest's entry of a sample."""
        return self.collection[sample_id]

    def _audio(self, entry: ManifestEntry) -> torch.Tensor:
        try:
            audio = self.featurizer.process(
                entry.audio_file,
                offset=entry.offset,
                duration=entry.duration or 0.0,
                trim=self.trim,
                orig_sr=entry.orig_sample_rate,
                channel_selector=self.channel_selector,
            )
        except AudioFileError as error:
            raise AudioFileError(f"{entry.place}: {error}") from error
        if audio.ndim != 1:
            raise AudioFileError(
                f"{entry.place}: {entry.audio_file} has {audio.shape[1]} channels. Expected one; set "
                'channel_selector to its number, or to "average".'
            )
        return audio

    def _with_ends(self, tokens: np.ndarray) -> np.ndarray:
        if self.bos_id is None and self.eos_id is None:
            return tokens
        first = [] if self.bos_id is None else [self.bos_id]
        last = [] if self.eos_id is None else [self.eos_id]
        return np.concatenate([np.array(first, np.int64), tokens, np.array(last, np.int64)])

    def _collate_fn(self, batch: list[Sample]) -> tuple[torch.Tensor, ...]:
        """Pads a batch: audio with zeros, tokens with `pad_id`."""
        audio, audio_lengths, tokens, token_lengths, *ids = zip(*batch, strict=True)
        padded = (
            _padded(audio),
            torch.stack(audio_lengths),
            _padded(tokens, self.pad_id),
            torch.stack(token_lengths),
        )
        return (*padded, torch.stack(ids[0])) if ids else padded


def _padded(rows: Sequence[torch.Tensor], value: int = 0) -> torch.Tensor:
    """Rows of different lengths as one tensor, [B, longest]."""
    # through NumPy: zero pages come from the system, and no threads are woken for small copies
    shape = (len(rows), max(len(row) for row in rows))
    dtype = rows[0].numpy().dtype
    batch = np.zeros(shape, dtype) if value == 0 else np.full(shape, value, dtype)
    for place, row in zip(batch, rows, strict=True):
        place[: len(row)] = row.numpy()
    return torch.from_numpy(batch)


class AudioToCharDataset(_AudioTextDataset):
    """Recordings with texts of characters.

    Args:
        manifest_filepath: a manifest, several with commas between, or a list.
        labels: the model's characters.
        sample_rate: of the audio handed out, in Hz.
        int_values: read whole numbers from files.
        augmentor: changes the audio; None for none.
        max_duration: leave out longer recordings, in seconds.
        min_duration: leave out shorter ones.
        max_utts: keep this many at most; 0 for all.
        blank_index: label that never stands for a character; -1 for none.
        unk_index: label of characters that are none; -1 leaves them out.
        normalize: clean and lower-case texts.
        trim: cut silence from both ends.
        bos_id: id put before each text; None for none.
        eos_id: id put after each text.
        pad_id: id that fills short texts.
        parser: how texts are cleaned: base or en; or any function from text to ids.
        return_sample_id: hand out the number of each sample as well.
        channel_selector: channels to use; see :func:`~nemo.collections.common.audio.io.load_audio`.
        raise_on_unknown_characters: make characters outside `labels` an error.
    """

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        labels: Sequence[str],
        sample_rate: int,
        int_values: bool = False,
        augmentor: AudioAugmentor | None = None,
        max_duration: float | None = None,
        min_duration: float | None = None,
        max_utts: int = 0,
        blank_index: int = -1,
        unk_index: int = -1,
        normalize: bool = True,
        trim: bool = False,
        bos_id: int | None = None,
        eos_id: int | None = None,
        pad_id: int = 0,
        parser: str | Callable[[str], Sequence[int] | None] = "en",
        return_sample_id: bool = False,
        channel_selector: ChannelSelector = None,
        raise_on_unknown_characters: bool = False,
    ) -> None:
        self.labels = list(labels)
        self.parser = (
            parser
            if callable(parser)
            else make_parser(
                self.labels,
                name=parser,
                unk_id=unk_index,
                blank_id=blank_index,
                do_normalize=normalize,
                raise_on_unknown=raise_on_unknown_characters,
            )
        )
        super().__init__(
            manifest_filepath,
            self._to_ids,
            sample_rate,
            int_values=int_values,
            augmentor=augmentor,
            max_duration=max_duration,
            min_duration=min_duration,
            max_utts=max_utts,
            trim=trim,
            bos_id=bos_id,
            eos_id=eos_id,
            pad_id=pad_id,
            return_sample_id=return_sample_id,
            channel_selector=channel_selector,
        )

    def _to_ids(self, entry: ManifestEntry) -> Sequence[int] | None:
        return self.parser(entry.text)


class AudioToBPEDataset(_AudioTextDataset):
    """Recordings with texts of a tokenizer's pieces.

    Args:
        manifest_filepath: a manifest, several with commas between, or a list.
        tokenizer: text to ids; an aggregate tokenizer takes the `lang` of each line of the manifest.
        sample_rate: of the audio handed out, in Hz.
        int_values: read whole numbers from files.
        augmentor: changes the audio; None for none.
        max_duration: leave out longer recordings, in seconds.
        min_duration: leave out shorter ones.
        max_utts: keep this many at most; 0 for all.
        trim: cut silence from both ends.
        use_start_end_token: put the tokenizer's start and end pieces, where it has them, around each text.
        return_sample_id: hand out the number of each sample as well.
        channel_selector: channels to use; see :func:`~nemo.collections.common.audio.io.load_audio`.
        raise_on_unknown_characters: make text that the tokenizer does not know an error.
    """

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        tokenizer: TokenizerSpec,
        sample_rate: int,
        int_values: bool = False,
        augmentor: AudioAugmentor | None = None,
        max_duration: float | None = None,
        min_duration: float | None = None,
        max_utts: int = 0,
        trim: bool = False,
        use_start_end_token: bool = True,
        return_sample_id: bool = False,
        channel_selector: ChannelSelector = None,
        raise_on_unknown_characters: bool = False,
    ) -> None:
        self.tokenizer = tokenizer
        self._unknown_ids = _unknown_ids(tokenizer)
        self._raise_on_unknown = raise_on_unknown_characters
        self._unknown_texts: list[str] = []
        ends = (_role(tokenizer, "bos_id"), _role(tokenizer, "eos_id")) if use_start_end_token else (None, None)
        super().__init__(
            manifest_filepath,
            self._to_ids,
            sample_rate,
            int_values=int_values,
            augmentor=augmentor,
            max_duration=max_duration,
            min_duration=min_duration,
            max_utts=max_utts,
            trim=trim,
            bos_id=ends[0],
            eos_id=ends[1],
            pad_id=_role(tokenizer, "pad_id") or 0,
            return_sample_id=return_sample_id,
            channel_selector=channel_selector,
        )
        if self._unknown_texts:
            logger.warning(
                "%d texts have characters that the tokenizer does not know; they became its unknown piece. The "
                "first: %r. Clean the texts, or train the tokenizer on them.",
                len(self._unknown_texts),
                self._unknown_texts[0][:80],
            )

    def _to_ids(self, entry: ManifestEntry) -> list[int]:
        text, tokenizer = entry.text, self.tokenizer
        if isinstance(tokenizer, AggregateTokenizer):
            ids = tokenizer.text_to_ids(text, _language(entry, tokenizer.langs))
        else:
            ids = tokenizer.text_to_ids(text)
        if not self._unknown_ids.isdisjoint(ids):
            if self._raise_on_unknown:
                raise ManifestError(
                    f"The text {text[:80]!r} has characters that the tokenizer does not know. Clean the text, "
                    "train the tokenizer on it, or set raise_on_unknown_characters to false."
                )
            self._unknown_texts.append(text)
        return ids


def _role(tokenizer: Any, name: str, lowest: int = 1) -> int | None:
    """Id of a special piece; None where the tokenizer has none."""
    index = getattr(tokenizer, name, None)
    return index if isinstance(index, int) and index >= lowest else None


def _unknown_ids(tokenizer: TokenizerSpec) -> frozenset[int]:
    """Ids that stand for what the tokenizer does not know."""
    if isinstance(tokenizer, AggregateTokenizer):
        return tokenizer.unk_ids
    unknown = _role(tokenizer, "unk_id", lowest=0)
    return frozenset() if unknown is None else frozenset((unknown,))


def _language(entry: ManifestEntry, known: Sequence[str]) -> str:
    if entry.lang in known:
        return str(entry.lang)
    found = "has no lang" if entry.lang is None else f"has lang {entry.lang!r}"
    raise ManifestError(
        f"{entry.place} {found}. The tokenizer is an aggregate of {', '.join(known)}; write one of these as `lang` "
        "in every line."
    )
