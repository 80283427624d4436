"""Transcription with a prompt for each recording: those with the same prompt go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nemo.collections.asr.data.prompts import Prompt, make_prompt, prompt_of_entry
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.multitask import PromptedDecoding
from nemo.collections.asr.inference.audio_sources import AudioSource
from nemo.collections.asr.inference.transcribe import Transcriber
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError


class PromptedTranscriber(Transcriber):
    """Transcribes with a model that takes prompts.

    Args:
        model: an ``EncDecMultiTaskModel``.
        config: what is asked for.
        prompt: `source_lang`, `target_lang`, `task` and `pnc`, where a manifest's line does not say.

    Raises:
        ConfigError: a prompt that is not possible.
    """

    def __init__(self, model: Any, config: TranscribeConfig, prompt: Mapping[str, Any]) -> None:
        super().__init__(model, config)
        self._given = prompt
        self._default = make_prompt(**prompt)

    def _run_sources(self, sources: Sequence[AudioSource], decoding: PromptedDecoding) -> list[Hypothesis]:
        groups: dict[Prompt, list[int]] = {}
        for index, source in enumerate(sources):
            prompt = self._default if source.entry is None else prompt_of_entry(source.entry, self._given)
            groups.setdefault(prompt, []).append(index)
        # before files are read, because it says which languages the model does not have
        decodings = {
            prompt: replace(decoding, prompt=self._ids(prompt, sources[indices[0]]))
            for prompt, indices in groups.items()
        }
        results: dict[int, Hypothesis] = {}
        for prompt, indices in groups.items():
            found = super()._run_sources([sources[index] for index in indices], decodings[prompt])
            results.update(zip(indices, found, strict=True))
        return [results[index] for index in range(len(sources))]

    def _ids(self, prompt: Prompt, source: AudioSource) -> tuple[int, ...]:
        """The tokens of a prompt; an error names the line of the manifest that asks for it."""
        try:
            ids: tuple[int, ...] = self.model.prompt_ids(prompt)
        except ConfigError as error:
            if source.entry is None:
                raise
            raise ManifestError(f"{source.entry.place}: {error}") from None
        return ids

    def _run_loader(self, loader: Any, decoding: PromptedDecoding) -> list[Hypothesis]:
        return super()._run_loader(loader, replace(decoding, prompt=self.model.prompt_ids(self._default)))
