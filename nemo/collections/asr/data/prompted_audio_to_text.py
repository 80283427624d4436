"""Recordings with texts that begin with a prompt and end with an end token, for Canary models.

Batches: audio [B, T], lengths [B], tokens [B, U] (prompt, text, end), their numbers [B], prompts [B, P], their numbers
[B][, sample numbers [B]].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from nemo.collections.asr.data.audio_to_text import AudioToBPEDataset
from nemo.collections.asr.data.padding import padded
from nemo.collections.asr.data.prompts import prompt_ids, prompt_of_entry
from nemo.collections.asr.data.recordings import Sample
from nemo.collections.asr.data.tarred import TarredAudioToText, expand_sharded_manifests
from nemo.collections.common.audio.io import AudioSource
from nemo.collections.common.data.manifest import ManifestEntry, ManifestPaths
from nemo.collections.common.data.tar_shards import ShardPaths
from nemo.core.neural_types.elements import LabelsType, LengthsType
from nemo.core.neural_types.neural_type import NeuralType

if TYPE_CHECKING:
    from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer


def prompted_ids(
    entry: ManifestEntry,
    tokenizer: CanaryTokenizer,
    prompt_format: str,
    text_ids: Callable[[ManifestEntry], list[int]],
) -> tuple[list[int], int]:
    """The ids of prompt, text and end, and how many of them are the prompt.

    Args:
        entry: with `source_lang`, `target_lang`, `taskname`, `pnc`; they are not needed where there is no text.
        tokenizer: a Canary tokenizer.
        prompt_format: canary or canary2.
        text_ids: entry, whose `lang` is the language of the text -> ids of the text.
    """
    if entry.text.strip():
        prompt = prompt_of_entry(entry)
        first = prompt_ids(prompt, tokenizer, prompt_format)
        text = text_ids(dataclasses.replace(entry, lang=prompt.target_lang))
    else:
        first, text = [tokenizer.bos_id], [tokenizer.nospeech_id]
    return [*first, *text, tokenizer.eos_id], len(first)


class PromptedAudioToTextDataset(AudioToBPEDataset):
    """Recordings and prompted texts.

    Every line of the manifest has `source_lang`, `target_lang`, `taskname` and `pnc`. A line without text teaches that
    nobody speaks: its tokens are the start, ``<|nospeech|>`` and the end, as the original's.

    Args:
        manifest_filepath: a manifest, several with commas between, or a list.
        tokenizer: a Canary tokenizer.
        sample_rate: of the audio handed out, in Hz.
        prompt_format: canary or canary2.
        **options: all others of :class:`~nemo.collections.asr.data.audio_to_text.AudioToBPEDataset`.

    Raises:
        ManifestError: a line lacks a key, or names a language that the tokenizer does not have.
    """

    tokenizer: CanaryTokenizer

    def __init__(
        self,
        manifest_filepath: ManifestPaths,
        tokenizer: CanaryTokenizer,
        sample_rate: int,
        prompt_format: str = "canary",
        **options: Any,
    ) -> None:
        self._prompt_format = prompt_format
        self._prompt_lengths: list[int] = []
        super().__init__(manifest_filepath, tokenizer, sample_rate, **{**options, "use_start_end_token": False})

    @property
    def output_types(self) -> dict[str, NeuralType]:
        """Types of a batch."""
        types = dict(super().output_types)
        sample_id = types.pop("sample_id")
        return {
            **types,
            "prompt": NeuralType(("B", "T"), LabelsType()),
            "prompt_length": NeuralType(("B",), LengthsType()),
            "sample_id": sample_id,
        }

    def read(self, index: int, source: AudioSource | None = None, seed: int | None = None) -> Sample:
        """One sample with its prompt, wherever its recording is; see the base class."""
        audio, audio_length, tokens, token_length, *sample_id = super().read(index, source, seed)
        length = self._prompt_lengths[index]
        return (audio, audio_length, tokens, token_length, tokens[:length], torch.tensor(length), *sample_id)

    def _to_ids(self, entry: ManifestEntry) -> list[int]:
        ids, prompt_length = prompted_ids(entry, self.tokenizer, self._prompt_format, super()._to_ids)
        self._prompt_lengths.append(prompt_length)
        return ids

    def _collate_fn(self, batch: list[Sample | None]) -> tuple[torch.Tensor, ...]:
        """Pads a batch: audio with zeros, tokens and prompts with `pad_id`."""
        audio, audio_lengths, tokens, token_lengths, prompts, prompt_lengths, *ids = zip(
            *self.bad_audio.usable(batch), strict=True
        )
        filled = (
            padded(audio),
            torch.stack(audio_lengths),
            padded(tokens, self.pad_id),
            torch.stack(token_lengths),
            padded(prompts, self.pad_id),
            torch.stack(prompt_lengths),
        )
        return (*filled, torch.stack(ids[0])) if ids else filled


class TarredPromptedAudioToTextDataset(TarredAudioToText):
    """A stream of such recordings from tar files.

    Args:
        audio_tar_filepaths: the tar files; ``audio__OP_0..511_CL_.tar`` stands for 512 of them.
        manifest_filepath: the manifest that was written with them.
        tokenizer: a Canary tokenizer.
        sample_rate: of the audio handed out, in Hz.
        shuffle_n: mix the tar files, and their members through a buffer of this size; 0 keeps the order.
        shard_strategy: scatter or replicate; see :class:`~nemo.collections.asr.data.tarred.TarredAudioToText`.
        shard_manifests: `manifest_filepath` is a pattern as well, of one manifest for each tar file.
        **options: all others of :class:`PromptedAudioToTextDataset`.
    """

    def __init__(
        self,
        audio_tar_filepaths: ShardPaths,
        manifest_filepath: ManifestPaths,
        tokenizer: CanaryTokenizer,
        sample_rate: int,
        *,
        shuffle_n: int = 0,
        shard_strategy: str = "scatter",
        shard_manifests: bool = False,
        **options: Any,
    ) -> None:
        manifests = expand_sharded_manifests(manifest_filepath, shard_manifests)
        recordings = PromptedAudioToTextDataset(manifests, tokenizer, sample_rate, **options)
        super().__init__(recordings, audio_tar_filepaths, shuffle_n, shard_strategy)
