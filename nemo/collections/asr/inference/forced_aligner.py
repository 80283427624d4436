"""When the words of a known text were spoken, with a trained CTC model.

recordings -> log-probabilities (transcribe.py, of any length) -> the best path through the text (forced_alignment.py)
-> tokens, words and segments in frames and seconds
"""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.confidence import AGGREGATIONS, word_confidences
from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.forced_alignment import Alignment, forced_align
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.timestamps import add_seconds, compute_timestamps
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary, Vocabulary
from nemo.collections.asr.inference.transcribe import Transcriber
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.common.data.parsers import CharParser
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


class ForcedAligner:
    """Aligns texts with recordings.

    Args:
        model: a CTC model, or a hybrid one that decodes with CTC.
        config: how recordings are read and computed; None: defaults.
    """

    def __init__(self, model: Any, config: TranscribeConfig | None = None) -> None:
        self.model = model
        given = config or TranscribeConfig()
        self.config = dataclasses.replace(given, return_hypotheses=True, logprobs=False, timestamps=False)
        self.decoding = model.decoding_for(timestamps=True, keep_log_probs=True)

    def align(self, audio: Any, texts: Sequence[str]) -> list[Hypothesis]:
        """Aligns each recording with its text.

        Args:
            audio: as for `transcribe()`.
            texts: one for each recording.

        Returns:
            One hypothesis for each recording, with `text` and `timestamp` as those of ``transcribe(timestamps=True)``;
            `score` is that of the best path, `word_confidence` the mean probability of the words' tokens. Its words are
            spelt as in the text where they are as many. A recording that cannot be read, or is too short for its text,
            has no times, and says why in `error`.

        Raises:
            ConfigError: not as many texts as recordings, or a model without CTC's log-probabilities.
        """
        heard = Transcriber(self.model, self.config).run(audio)
        if len(heard) != len(texts):
            raise ConfigError(
                f"align() got {len(heard)} recordings and {len(texts)} texts; expected one text for each."
            )
        results: dict[int, Hypothesis] = {}
        for first in range(0, len(heard), self.config.batch_size):
            rows = range(first, min(first + self.config.batch_size, len(heard)))
            results.update((row, _failed(texts[row], str(heard[row].error))) for row in rows if heard[row].error)
            good = [row for row in rows if not heard[row].error]
            tokens = [self._tokens(texts[row]) for row in good]
            aligned = _aligned([_log_probs(heard[row]) for row in good], tokens)
            for row, spoken, found in zip(good, tokens, aligned, strict=True):
                results[row] = self._hypothesis(texts[row], spoken, found, heard[row])
        failed = sum(hypothesis.error is not None for hypothesis in results.values())
        if failed:
            logger.error("%d of %d recordings were not aligned; their .error says why", failed, len(results))
        return [results[row] for row in range(len(heard))]

    def _tokens(self, text: str) -> list[int]:
        vocabulary: Vocabulary = self.decoding.vocabulary
        if isinstance(vocabulary, LabelVocabulary):
            return CharParser(vocabulary.labels)(" ".join(text.split())) or []
        return [int(token) for token in self.decoding.tokenizer.text_to_ids(text)]

    def _hypothesis(self, text: str, tokens: Sequence[int], found: Alignment, heard: Hypothesis) -> Hypothesis:
        frames = int(heard.length)
        if found.score == -math.inf:
            repeats = sum(before == after for before, after in pairwise(tokens))
            return _failed(
                text,
                f"{text[:40]!r} is {len(tokens)} tokens, which need {len(tokens) + repeats} frames; the recording has "
                f"{frames}. Expected the text of this recording; check both.",
            )
        vocabulary: Vocabulary = self.decoding.vocabulary
        path = FoldedPath(list(tokens), [span.start for span in found.spans], [span.end for span in found.spans])
        cfg = self.decoding.cfg
        stamps = compute_timestamps(path, vocabulary, "all", cfg.segment_seperators, cfg.segment_gap_threshold)
        add_seconds(stamps, self.model.frame_seconds, heard.duration or math.inf)
        probabilities = [math.exp(span.score) for span in found.spans]
        spoken = _spelt_as(text, stamps)
        hypothesis = Hypothesis(
            score=found.score,
            y_sequence=torch.tensor(tokens, dtype=torch.long),
            text=spoken,
            timestep=stamps,
            length=frames,
            token_confidence=probabilities,
            word_confidence=word_confidences(probabilities, vocabulary.word_spans(tokens), AGGREGATIONS["mean"]),
        )
        hypothesis.duration = heard.duration
        return hypothesis


def _aligned(log_probs: Sequence[Tensor], tokens: Sequence[Sequence[int]]) -> list[Alignment]:
    if not log_probs:
        return []
    pad = torch.nn.utils.rnn.pad_sequence
    targets = pad([torch.tensor(row, dtype=torch.long) for row in tokens], batch_first=True)
    lengths = torch.tensor([len(frames) for frames in log_probs])
    return forced_align(
        pad(list(log_probs), batch_first=True), lengths, targets, torch.tensor([len(t) for t in tokens])
    )


def _log_probs(hypothesis: Hypothesis) -> Tensor:
    kept = hypothesis.alignments
    is_ctc = isinstance(kept, tuple) and len(kept) == 2 and isinstance(kept[0], Tensor) and kept[0].ndim == 2
    if not is_ctc:
        raise ConfigError(
            "forced alignment needs the log-probabilities of a CTC model; this one gives none. Take such a model, or "
            'switch a hybrid one: model.change_decoding_strategy(decoder_type="ctc").'
        )
    log_probs: Tensor = kept[0]
    return log_probs


def _spelt_as(text: str, stamps: dict[str, Any]) -> str:
    """Gives the entries the words of the text, if they are as many; returns the text that they make."""
    words = text.split()
    if len(words) == len(stamps["word"]):
        for entry, word in zip(stamps["word"], words, strict=True):
            entry["word"] = word
        position = 0
        for entry in stamps["segment"]:
            count = len(entry["segment"].split())
            entry["segment"] = " ".join(words[position : position + count])
            position += count
    return " ".join(entry["word"] for entry in stamps["word"])


def _failed(text: str, error: str) -> Hypothesis:
    hypothesis = Hypothesis(score=-math.inf, y_sequence=torch.zeros(0, dtype=torch.long), text=text)
    hypothesis.error = error
    return hypothesis
