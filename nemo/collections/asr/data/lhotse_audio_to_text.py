"""Cuts of lhotse and their texts -> batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.data.padding import padded
from nemo.collections.common.audio.resample import resample
from nemo.collections.common.data.lhotse.dataloader import LhotseDataLoadingConfig, get_lhotse_dataloader_from_config
from nemo.collections.common.exceptions import AudioFileError

if TYPE_CHECKING:
    from nemo.collections.common.data.resumable_loader import ResumableDataLoader
    from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec


class LhotseAudioToText(torch.utils.data.Dataset):
    """Batches of sets of cuts: (audio [B, T], lengths [B], ids [B, U], numbers of ids [B]).

    Args:
        to_ids: text -> ids.
        sample_rate: of the audio handed out, in Hz; None takes it as it is.
        pad_id: id that fills short texts.
    """

    def __init__(
        self, to_ids: Callable[[str], Sequence[int] | None], sample_rate: int | None = None, pad_id: int = 0
    ) -> None:
        self.to_ids = to_ids
        self.sample_rate = sample_rate
        self.pad_id = pad_id

    def __getitem__(self, cuts: Any) -> tuple[torch.Tensor, ...]:
        """The batch of a set of cuts.

        Raises:
            AudioFileError: a recording cannot be read; names the cut.
        """
        cuts = list(cuts)
        return self.with_ids(cuts, [self.to_ids(text_of_cut(cut)) or [] for cut in cuts])

    def with_ids(self, cuts: Sequence[Any], of_texts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, ...]:
        """The batch of cuts and of the ids of their texts."""
        audio = [torch.from_numpy(self._samples(cut)) for cut in cuts]
        ids = [torch.tensor(text, dtype=torch.int64) for text in of_texts]
        return (
            padded(audio),
            torch.tensor([len(samples) for samples in audio]),
            padded(ids, self.pad_id),
            torch.tensor([len(tokens) for tokens in ids]),
        )

    def describe_sample(self, cut: Any) -> str:
        """A cut in words, for messages."""
        return f"cut {cut.id}"

    def _samples(self, cut: Any) -> np.ndarray:
        try:
            samples = cut.load_audio()  # [channels, T]
        except Exception as error:  # lhotse's backends each raise their own
            raise AudioFileError(f"The cut {cut.id} ({cut.recording_id}) cannot be read: {error}") from error
        mono = np.ascontiguousarray(samples.mean(axis=0), dtype=np.float32)
        return mono if self.sample_rate is None else resample(mono, cut.sampling_rate, self.sample_rate)


def text_of_cut(cut: Any) -> str:
    """What is said in a cut."""
    return " ".join(part.text or "" for part in cut.supervisions)


class LhotseSpeechToTextBpeDataset(LhotseAudioToText):
    """As :class:`LhotseAudioToText`, with the ids of a tokenizer.

    Args:
        tokenizer: text to ids.
        sample_rate: of the audio handed out, in Hz; None takes it as it is.
    """

    def __init__(self, tokenizer: TokenizerSpec, sample_rate: int | None = None) -> None:
        pad = getattr(tokenizer, "pad_id", None)
        super().__init__(tokenizer.text_to_ids, sample_rate, pad if isinstance(pad, int) and pad > 0 else 0)


def build_lhotse_loader(section: Any, dataset: LhotseAudioToText, keys_of_others: Sequence[str]) -> ResumableDataLoader:
    """The loader of a section with `use_lhotse`.

    Args:
        section: the dataset section, as it was given.
        dataset: makes the batches.
        keys_of_others: keys of speech datasets, which mean nothing to lhotse.
    """
    known = {field.name for field in dataclasses.fields(LhotseDataLoadingConfig)}
    given = OmegaConf.to_container(OmegaConf.create(section), resolve=True)
    return get_lhotse_dataloader_from_config(given, dataset=dataset, also=set(keys_of_others) - known)
