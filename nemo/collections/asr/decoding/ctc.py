"""CTC decoding: from log-probabilities to text, with times and confidences when asked for.

log_probs [B, S, V + 1] -> best path, folded (ctc_greedy.py) -> text (vocabulary.py) -> Hypothesis
                        -> prefix beam search (ctc_beam_search.py), aligned (forced_alignment.py) -> the same
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from nemo.collections.asr.decoding.confidence import (
    ConfidenceConfig,
    build_aggregation,
    build_frame_confidence,
    token_confidences,
    word_confidences,
)
from nemo.collections.asr.decoding.ctc_beam import BEAM_STRATEGIES, BeamCTCInferConfig, build_ctc_beam_search
from nemo.collections.asr.decoding.ctc_beam_search import CTCBeamSearch
from nemo.collections.asr.decoding.ctc_greedy import FoldedPath, GreedyCTCInferConfig, best_path, fold_paths
from nemo.collections.asr.decoding.forced_alignment import forced_align
from nemo.collections.asr.decoding.hypothesis import Hypothesis, NBestHypotheses
from nemo.collections.asr.decoding.timestamps import TIMESTAMP_TYPES, compute_timestamps
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary, SubwordVocabulary, Vocabulary
from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError, NotYetSupportedError, ShapeError

GREEDY_STRATEGIES = ("greedy", "greedy_batch")
KEYS_OF_RELEASE_2 = (
    "wfst",
    *(f"{section}.{key}" for section in ("greedy", "beam") for key in ("ngram_lm_model", "ngram_lm_alpha")),
    *(f"{section}.{key}" for section in ("greedy", "beam") for key in ("boosting_tree", "boosting_tree_alpha")),
    *(f"{section}.allow_cuda_graphs" for section in ("greedy", "beam")),
    "beam.beam_threshold",
    "confidence_cfg.tdt_include_duration",
)
"""In archives of newer releases, without meaning for greedy search."""


@dataclass
class CTCDecodingConfig:
    """`decoding` section of a CTC model."""

    strategy: str = "greedy"
    """greedy or greedy_batch, the same search here: it always works on the whole batch. beam or beam_batch: the search
    that `beam` describes; pyctcdecode, flashlight: the same with that search type."""
    preserve_alignments: bool | None = None
    """Keep log-probabilities and labels of each frame in the hypotheses; None: as `greedy` says."""
    compute_timestamps: bool | None = None
    """None: as `greedy` says."""
    word_seperator: str = " "
    """The label between words (spelt as in the original)."""
    ctc_timestamp_type: str = "all"
    """char, word, segment or all."""
    batch_dim_index: int = 0
    greedy: GreedyCTCInferConfig = field(default_factory=GreedyCTCInferConfig)
    beam: BeamCTCInferConfig = field(default_factory=lambda: BeamCTCInferConfig(beam_size=4))
    confidence_cfg: ConfidenceConfig = field(default_factory=ConfidenceConfig)
    temperature: float = 1.0
    """Divides the log-probabilities before they are normalised again: above 1 the model looks less sure."""
    # keys of release 2
    segment_seperators: list[str] = field(default_factory=lambda: [".", "!", "?"])
    segment_gap_threshold: int | None = None
    """Frames of silence that begin a new segment; None: no silence does."""


@dataclass
class CTCBPEDecodingConfig(CTCDecodingConfig):
    """`decoding` section of a CTC model with a subword tokenizer."""


class CTCDecoding:
    """CTC decoding over character labels.

    Args:
        decoding_cfg: a :class:`CTCDecodingConfig`, DictConfig or dict; what it lacks takes its default. None: defaults.
        vocabulary: the labels, in the order of the model's classes, without the blank (which is the last class).
        closes_up_punctuation: leave out a space before a punctuation mark, as release 3 of the original does.

    Raises:
        ConfigError: a value that is not possible.
        NotYetSupportedError: a strategy of the original that this release lacks.
    """

    def __init__(self, decoding_cfg: Any, vocabulary: Sequence[str], *, closes_up_punctuation: bool = False) -> None:
        cfg = with_defaults(CTCDecodingConfig, decoding_cfg, where="decoding", also=KEYS_OF_RELEASE_2)
        self._setup(cfg, LabelVocabulary(vocabulary, cfg.word_seperator, closes_up_punctuation))

    def _setup(self, cfg: DictConfig, vocabulary: Vocabulary) -> None:
        self.cfg = cfg
        self.vocabulary = vocabulary
        self.blank_id = len(vocabulary)
        _check_strategy(cfg.strategy)
        if cfg.ctc_timestamp_type not in TIMESTAMP_TYPES:
            raise ConfigError(
                f"decoding.ctc_timestamp_type is {cfg.ctc_timestamp_type!r}; it may be {', '.join(TIMESTAMP_TYPES)}."
            )
        confidence = cfg.confidence_cfg
        self.batch_dim_index = int(cfg.batch_dim_index)
        self._beam: CTCBeamSearch | None = None
        if cfg.strategy in BEAM_STRATEGIES:
            self._beam = build_ctc_beam_search(cfg.beam, cfg.strategy, vocabulary)
        section = cfg.greedy if self._beam is None else cfg.beam
        self.preserve_alignments = _first_set(cfg.preserve_alignments, section.preserve_alignments)
        self.compute_timestamps = _first_set(cfg.compute_timestamps, section.compute_timestamps)
        self.preserve_word_confidence = bool(confidence.preserve_word_confidence)
        self.preserve_token_confidence = bool(confidence.preserve_token_confidence) or self.preserve_word_confidence
        self.preserve_frame_confidence = (
            bool(confidence.preserve_frame_confidence or cfg.greedy.preserve_frame_confidence)
            or self.preserve_token_confidence
        )
        self._aggregate = build_aggregation(confidence.aggregation)
        self._frame_confidence = build_frame_confidence(confidence.method_cfg)

    def ctc_decoder_predictions_tensor(
        self,
        decoder_outputs: Tensor,
        decoder_lengths: Tensor | None = None,
        fold_consecutive: bool = True,
        return_hypotheses: bool = False,
    ) -> tuple[list[Any], list[Any] | None]:
        """Decodes a batch.

        Args:
            decoder_outputs: log-probabilities [B, S, V + 1], or labels of the frames [B, S], which are only folded.
            decoder_lengths: [B] valid frames; None: all.
            fold_consecutive: fold repeated labels, as CTC does; beam search always does.
            return_hypotheses: give :class:`Hypothesis` objects, which have scores, tokens, times and confidences.

        Returns:
            ``(best, all)``: plain ``str``, or hypotheses; `all` has for each utterance the
            :class:`NBestHypotheses`, or the list of ``str``, of a beam search with ``return_best_hypothesis: false``,
            and is else None.

        Raises:
            ShapeError: a tensor of another form, or one with another number of classes.
        """
        outputs = decoder_outputs.transpose(0, self.batch_dim_index) if self.batch_dim_index else decoder_outputs
        self._check_shape(outputs)
        if decoder_lengths is None:
            decoder_lengths = torch.full((outputs.shape[0],), outputs.shape[1], device=outputs.device)
        lengths = decoder_lengths.to(outputs.device)
        log_probs = None
        if outputs.ndim == 3:
            log_probs = outputs.detach()
            if self.cfg.temperature != 1.0:
                log_probs = (log_probs / self.cfg.temperature).log_softmax(dim=-1)
            if self._beam is not None:
                return self._beam_predictions(self._beam, log_probs, lengths, return_hypotheses)
            labels, scores = best_path(log_probs, lengths)
        else:
            labels, scores = outputs, torch.zeros(outputs.shape[0])
        paths = fold_paths(labels, lengths, self.blank_id, fold_consecutive)
        if not return_hypotheses:
            return [self.vocabulary.ids_to_text(path.tokens) for path in paths], None
        return self._hypotheses(paths, log_probs, labels, scores, lengths), None

    def _beam_predictions(
        self, search: CTCBeamSearch, log_probs: Tensor, lengths: Tensor, return_hypotheses: bool
    ) -> tuple[list[Any], list[Any] | None]:
        only_best = bool(self.cfg.beam.return_best_hypothesis)
        found = [paths[:1] if only_best else paths for paths in search.search(log_probs, lengths)]
        flat = [path for paths in found for path in paths]
        if return_hypotheses:
            rows = torch.tensor([row for row, paths in enumerate(found) for _ in paths], device=log_probs.device).long()
            folded, labels = self._aligned([path.tokens for path in flat], log_probs[rows], lengths[rows])
            scores = torch.tensor([path.score for path in flat])
            results: list[Any] = self._hypotheses(folded, log_probs[rows], labels, scores, lengths[rows])
        else:
            results = [self.vocabulary.ids_to_text(path.tokens) for path in flat]
        if only_best:
            return results, None
        following = iter(results)
        everything = [[next(following) for _ in paths] for paths in found]
        best = [each[0] for each in everything]
        return best, [NBestHypotheses(each) for each in everything] if return_hypotheses else everything

    def _aligned(self, texts: list[list[int]], log_probs: Tensor, lengths: Tensor) -> tuple[list[FoldedPath], Tensor]:
        """Frames of tokens on their best path, and the label of each frame; empty if nobody asks for them."""
        labels = torch.full(log_probs.shape[:2], self.blank_id, device=log_probs.device)
        if not (self.compute_timestamps or self.preserve_alignments or self.preserve_frame_confidence):
            return [FoldedPath(tokens, [], []) for tokens in texts], labels
        counts = torch.tensor([len(tokens) for tokens in texts], device=log_probs.device)
        targets = torch.full((len(texts), max(map(len, texts), default=0)), 0, device=log_probs.device)
        for row, tokens in enumerate(texts):
            targets[row, : len(tokens)] = torch.tensor(tokens, device=log_probs.device)
        paths = []
        for row, alignment in enumerate(forced_align(log_probs, lengths, targets, counts)):
            spans = alignment.spans
            for span in spans:
                labels[row, span.start : span.end] = span.token
            paths.append(FoldedPath(texts[row], [span.start for span in spans], [span.end for span in spans]))
        return paths, labels

    def decode_tokens_to_str(self, tokens: Sequence[int]) -> str:
        """Text of token ids."""
        return self.vocabulary.ids_to_text(tokens)

    def decode_ids_to_tokens(self, tokens: Sequence[int]) -> list[str]:
        """Token ids as they stand in the vocabulary."""
        return self.vocabulary.ids_to_tokens(tokens)

    def _check_shape(self, outputs: Tensor) -> None:
        classes = self.blank_id + 1
        if outputs.ndim == 2 or (outputs.ndim == 3 and outputs.shape[-1] == classes):
            return
        raise ShapeError(
            f"ctc_decoder_predictions_tensor got decoder_outputs {list(outputs.shape)}; it expects log-probabilities "
            f"[B, S, {classes}] ({self.blank_id} tokens and the blank) or labels [B, S]. If the numbers of classes "
            "differ, the decoding was made for another vocabulary: call model.change_vocabulary."
        )

    def _hypotheses(
        self, paths: list[FoldedPath], log_probs: Tensor | None, labels: Tensor, scores: Tensor, lengths: Tensor
    ) -> list[Hypothesis]:
        frame_counts = lengths.tolist()
        confidences: list[list[float]] | None = None
        if self.preserve_frame_confidence and log_probs is not None:
            confidences = self._frame_confidence(log_probs.float()).tolist()
        kept_log_probs = log_probs.cpu() if self.preserve_alignments and log_probs is not None else None
        kept_labels = labels.cpu() if self.preserve_alignments else None
        hypotheses = []
        for index, (path, score, frames) in enumerate(zip(paths, scores.tolist(), frame_counts, strict=True)):
            hypothesis = Hypothesis(
                score=score,
                y_sequence=torch.tensor(path.tokens, dtype=torch.long),
                text=self.vocabulary.ids_to_text(path.tokens),
                length=frames,
            )
            if self.compute_timestamps:
                hypothesis.timestep = compute_timestamps(
                    path,
                    self.vocabulary,
                    self.cfg.ctc_timestamp_type,
                    self.cfg.segment_seperators,
                    self.cfg.segment_gap_threshold,
                )
            if kept_log_probs is not None and kept_labels is not None:
                hypothesis.alignments = (kept_log_probs[index, :frames].clone(), kept_labels[index, :frames].clone())
            if confidences is not None:
                self._add_confidence(hypothesis, path, confidences[index][:frames])
            hypotheses.append(hypothesis)
        return hypotheses

    def _add_confidence(self, hypothesis: Hypothesis, path: FoldedPath, frames: list[float]) -> None:
        hypothesis.frame_confidence = frames
        if not self.preserve_token_confidence:
            return
        exclude_blank = self.cfg.confidence_cfg.exclude_blank
        tokens = token_confidences(frames, path.starts, path.ends, self._aggregate, exclude_blank)
        hypothesis.token_confidence = tokens
        if self.preserve_word_confidence:
            spans = self.vocabulary.word_spans(path.tokens)
            hypothesis.word_confidence = word_confidences(tokens, spans, self._aggregate)


class CTCBPEDecoding(CTCDecoding):
    """CTC decoding over the pieces of a tokenizer.

    Args:
        decoding_cfg: as for :class:`CTCDecoding`.
        tokenizer: a ``TokenizerSpec``; its vocabulary, then the blank, are the model's classes. With an aggregate
            tokenizer, hypotheses have the languages of their tokens, `langs` and `langs_chars`.
        closes_up_punctuation: as for :class:`CTCDecoding`.
    """

    def __init__(self, decoding_cfg: Any, tokenizer: Any, *, closes_up_punctuation: bool = False) -> None:
        self.tokenizer = tokenizer
        cfg = with_defaults(CTCBPEDecodingConfig, decoding_cfg, where="decoding", also=KEYS_OF_RELEASE_2)
        self._setup(cfg, SubwordVocabulary(tokenizer, closes_up_punctuation))

    def _hypotheses(self, paths: list[FoldedPath], *of_batch: Any) -> list[Hypothesis]:
        """As for characters; an aggregate tokenizer adds the languages."""
        hypotheses = super()._hypotheses(paths, *of_batch)
        if isinstance(self.tokenizer, AggregateTokenizer):
            for hypothesis, path in zip(hypotheses, paths, strict=True):
                hypothesis.langs = self.tokenizer.ids_to_lang(path.tokens)
                hypothesis.langs_chars = self.tokenizer.ids_to_text_and_langs(path.tokens)
        return hypotheses


def _first_set(value: bool | None, otherwise: bool) -> bool:
    return bool(otherwise if value is None else value)


def _check_strategy(strategy: str) -> None:
    if strategy in (*GREEDY_STRATEGIES, *BEAM_STRATEGIES):
        return
    if strategy == "wfst":
        raise NotYetSupportedError(
            "decoding.strategy is 'wfst', which this release lacks. Set it to beam; decoding.beam.kenlm_path takes the "
            "language model from which the graph was made."
        )
    names = ", ".join((*GREEDY_STRATEGIES, *BEAM_STRATEGIES))
    raise ConfigError(f"decoding.strategy is {strategy!r}; it may be {names}.")
