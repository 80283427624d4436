"""Recordings and their texts, from a manifest.

manifest -> entries within the limits -> (samples [T], ids [U]) -> batch of padded (audio [B, T], tokens [B, U])
B batch, T samples, U tokens of the longest text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nemo.collections.asr.data.datastore_cache import cache_datastore_manifests  # noqa: F401 - an old place of it
from nemo.collections.asr.data.padding import padded
from nemo.collections.asr.data.recordings import RecordingDataset, Sample
from nemo.collections.asr.data.tarred import TarredAudioToText, expand_sharded_manifests
from nemo.collections.asr.data.text_collection import TextCollection
from nemo.collections.common.audio.io import ChannelSelector
from nemo.collections.common.audio.waveform_featurizer import WaveformFeaturizer
from nemo.collections.common.data.manifest import ManifestEntry, ManifestPaths
from nemo.collections.common.data.parsers import make_parser
from nemo.collections.common.data.tar_shards import ShardPaths
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.core.neural_types.elements import AudioSignal, LabelsType, LengthsType
from nemo.core.neural_types.neural_type import NeuralType
from nemo.utils.data_utils import DataStoreObject  # noqa: F401 - an old place of it

if TYPE_CHECKING:
    from nemo.collections.common.audio.perturb.augmentor import AudioAugmentor
    from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec

logger = logging.getLogger(__name__)


class _AudioTextDataset(RecordingDataset):
    """Recordings and ids of their texts; the kinds below say how text becomes ids.

    A sample is (audio [T], its length, tokens [U], their number[, number of the entry]).
    """

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
        on_bad_audio: str = "raise",
        skip_bad_lines: bool = False,
    ) -> None:
        super().__init__(WaveformFeaturizer(sample_rate, int_values, augmentor), trim, channel_selector, on_bad_audio)
        self.collection = TextCollection(
            manifest_filepath, to_ids, max_duration, min_duration, max_utts, skip_bad_lines
        )
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.return_sample_id = return_sample_id

    def _sample(self, index: int, audio: torch.Tensor) -> Sample:
        tokens = torch.from_numpy(self._with_ends(self.collection.tokens(index)))
        sample = (audio, torch.tensor(audio.shape[0]), tokens, torch.tensor(tokens.shape[0]))
        return (*sample, torch.tensor(int(index))) if self.return_sample_id else sample

    def get_manifest_sample(self, sample_id: int) -> ManifestEntry:
        """The manifest's entry of a sample."""
        return self.collection[sample_id]

    def _with_ends(self, tokens: np.ndarray) -> np.ndarray:
        if self.bos_id is None and self.eos_id is None:
            return tokens
        first = [] if self.bos_id is None else [self.bos_id]
        last = [] if self.eos_id is None else [self.eos_id]
        return np.concatenate([np.array(first, np.int64), tokens, np.array(last, np.int64)])

    def _collate_fn(self, batch: list[Sample | None]) -> tuple[torch.Tensor, ...]:
        """Pads a batch: audio with zeros, tokens with `pad_id`."""
        audio, audio_lengths, tokens, token_lengths, *ids = zip(*self.bad_audio.usable(batch), strict=True)
        filled = (
            padded(audio),
            torch.stack(audio_lengths),
            padded(tokens, self.pad_id),
            torch.stack(token_lengths),
        )
        return (*filled, torch.stack(ids[0])) if ids else filled


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
        on_bad_audio: what to do about a recording that cannot be read: raise, skip or replace.
        skip_bad_lines: leave faulty lines of the manifest out, with a warning that counts them.
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
        on_bad_audio: str = "raise",
        skip_bad_lines: bool = False,
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
            on_bad_audio=on_bad_audio,
            skip_bad_lines=skip_bad_lines,
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
        on_bad_audio: what to do about a recording that cannot be read: raise, skip or replace.
        skip_bad_lines: leave faulty lines of the manifest out, with a warning that counts them.
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
        on_bad_audio: str = "raise",
        skip_bad_lines: bool = False,
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
            on_bad_audio=on_bad_audio,
            skip_bad_lines=skip_bad_lines,
        )
        if self._unknown_texts:
            logger.warning(
                "%d texts have characters or words that the tokenizer does not know; they became its unknown piece. "
                "The first: %r. Clean the texts, or train the tokenizer on them.",
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
                    f"The text {text[:80]!r} has characters or words that the tokenizer does not know. Clean the "
                    "text, train the tokenizer on it, or set raise_on_unknown_characters to false."
                )
            self._unknown_texts.append(text)
        return ids


class TarredAudioToCharDataset(TarredAudioToText):
    """A stream of recordings from tar files, with texts of characters.

    Args:
        audio_tar_filepaths: the tar files; ``audio__OP_0..511_CL_.tar`` stands for 512 of them.
        manifest_filepath: the manifest that was written with them.
        labels: the model's characters.
        sample_rate: of the audio handed out, in Hz.
        shuffle_n: mix the tar files, and their members through a buffer of this size; 0 keeps the order.
        shard_strategy: scatter or replicate; see :class:`TarredAudioToText`.
        shard_manifests: `manifest_filepath` is a pattern as well, of one manifest for each tar file.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 0 or 1, torch.distributed is asked.
        **options: all others of :class:`AudioToCharDataset`.
    """

    def __init__(
        self,
        audio_tar_filepaths: ShardPaths,
        manifest_filepath: ManifestPaths,
        labels: Sequence[str],
        sample_rate: int,
        *,
        shuffle_n: int = 0,
        shard_strategy: str = "scatter",
        shard_manifests: bool = False,
        global_rank: int = 0,
        world_size: int = 0,
        **options: Any,
    ) -> None:
        manifests = expand_sharded_manifests(manifest_filepath, shard_manifests)
        recordings = AudioToCharDataset(manifests, labels, sample_rate, **options)
        super().__init__(recordings, audio_tar_filepaths, shuffle_n, shard_strategy, global_rank, world_size)


class TarredAudioToBPEDataset(TarredAudioToText):
    """A stream of recordings from tar files, with texts of a tokenizer's pieces.

    Args:
        audio_tar_filepaths: the tar files; ``audio__OP_0..511_CL_.tar`` stands for 512 of them.
        manifest_filepath: the manifest that was written with them.
        tokenizer: text to ids.
        sample_rate: of the audio handed out, in Hz.
        shuffle_n: mix the tar files, and their members through a buffer of this size; 0 keeps the order.
        shard_strategy: scatter or replicate; see :class:`TarredAudioToText`.
        shard_manifests: `manifest_filepath` is a pattern as well, of one manifest for each tar file.
        global_rank: which of several processes this is.
        world_size: number of processes; where it is 0 or 1, torch.distributed is asked.
        **options: all others of :class:`AudioToBPEDataset`.
    """

    def __init__(
        self,
        audio_tar_filepaths: ShardPaths,
        manifest_filepath: ManifestPaths,
        tokenizer: TokenizerSpec,
        sample_rate: int,
        *,
        shuffle_n: int = 0,
        shard_strategy: str = "scatter",
        shard_manifests: bool = False,
        global_rank: int = 0,
        world_size: int = 0,
        **options: Any,
    ) -> None:
        manifests = expand_sharded_manifests(manifest_filepath, shard_manifests)
        recordings = AudioToBPEDataset(manifests, tokenizer, sample_rate, **options)
        super().__init__(recordings, audio_tar_filepaths, shuffle_n, shard_strategy, global_rank, world_size)


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
