"""Cuts of lhotse with prompted texts, for Canary models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from nemo.collections.asr.data.lhotse_audio_to_text import LhotseSpeechToTextBpeDataset, text_of_cut
from nemo.collections.asr.data.padding import padded
from nemo.collections.asr.data.prompted_audio_to_text import prompted_ids
from nemo.collections.common.data.manifest import PROMPT_KEYS, ManifestEntry

if TYPE_CHECKING:
    from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer


class LhotsePromptedAudioToText(LhotseSpeechToTextBpeDataset):
    """Batches of sets of cuts, with the contents that ``PromptedAudioToTextDataset`` gives.

    Args:
        tokenizer: a Canary tokenizer.
        sample_rate: of the audio handed out, in Hz; None takes it as it is.
        prompt_format: canary or canary2.
    """

    def __init__(
        self, tokenizer: CanaryTokenizer, sample_rate: int | None = None, prompt_format: str = "canary"
    ) -> None:
        super().__init__(tokenizer, sample_rate)
        self.tokenizer = tokenizer
        self.prompt_format = prompt_format

    def __getitem__(self, cuts: Any) -> tuple[torch.Tensor, ...]:
        """The batch of a set of cuts.

        Raises:
            AudioFileError: a recording cannot be read; names the cut.
            ManifestError: a cut does not say what to do; names it.
        """
        cuts = list(cuts)
        pairs = [prompted_ids(self._entry(cut), self.tokenizer, self.prompt_format, self._text_ids) for cut in cuts]
        prompts = [torch.tensor(ids[:length], dtype=torch.int64) for ids, length in pairs]
        batch = self.with_ids(cuts, [ids for ids, _ in pairs])
        return (*batch, padded(prompts, self.pad_id), torch.tensor([length for _, length in pairs]))

    def _text_ids(self, entry: ManifestEntry) -> list[int]:
        return self.tokenizer.text_to_ids(entry.text, str(entry.lang))

    def _entry(self, cut: Any) -> ManifestEntry:
        """What a cut says, as a line of a manifest."""
        told = {**(cut.custom or {}), **(cut.supervisions[0].custom or {} if cut.supervisions else {})}
        entry = ManifestEntry(cut.recording_id, cut.duration, text_of_cut(cut))
        entry.manifest = self.describe_sample(cut)
        for key in PROMPT_KEYS:
            setattr(entry, key, told.get(key))
        return entry
