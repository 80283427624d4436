"""Transducer decoding: from encoded frames to text, with times and confidences when asked for.

encoded [B, D, T] -> search (rnnt_greedy.py, rnnt_beam.py) -> TransducerPath -> text (vocabulary.py) -> Hypothesis
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from omegaconf import DictConfig
from torch import Tensor

from nemo.collections.asr.decoding.confidence import (
    build_aggregation,
    build_frame_confidence,
    token_confidences,
    word_confidences,
)
from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.hypothesis import Hypothesis, NBestHypotheses
from nemo.collections.asr.decoding.rnnt_beam import BeamRNNTSearch
from nemo.collections.asr.decoding.rnnt_config import (
    KEYS_OF_RELEASE_2,
    STRATEGIES_OF_BEAM,
    RNNTBPEDecodingConfig,
    RNNTDecodingConfig,
)
from nemo.collections.asr.decoding.rnnt_greedy import GreedyTransducerSearch
from nemo.collections.asr.decoding.tdt_in_step import InStepTDTSearch
from nemo.collections.asr.decoding.timestamps import TIMESTAMP_TYPES, compute_timestamps
from nemo.collections.asr.decoding.transducer_moves import DurationMoves, build_moves
from nemo.collections.asr.decoding.transducer_path import TransducerPath
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary, SubwordVocabulary, Vocabulary
from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError, ShapeError
from nemo.utils.versions import release_of

GREEDY_STRATEGIES = ("greedy", "greedy_batch")
IN_STEP_RELEASE = (1, 23)
"""The last whose batches of TDT go on together."""


class RNNTDecoding:
    """Transducer decoding over character labels.

    Args:
        decoding_cfg: a :class:`~nemo.collections.asr.decoding.rnnt_config.RNNTDecodingConfig`, DictConfig or dict; what
            it lacks takes its default. None: defaults.
        decoder: the prediction network.
        joint: the joint network.
        vocabulary: the labels in the order of the model's classes, without blanks and durations.
        closes_up_punctuation: leave out a space before a punctuation mark, as release 3 of the original does.
        nemo_version: the release that made the model; None: no archive's ways are followed.

    Raises:
        ConfigError: a value that is not possible, or does not fit the joint network.
        NotYetSupportedError: a strategy of the original that this release lacks.
    """

    def __init__(
        self,
        decoding_cfg: Any,
        decoder: Any,
        joint: Any,
        vocabulary: Sequence[str],
        *,
        closes_up_punctuation: bool = False,
        nemo_version: str | None = None,
    ) -> None:
        cfg = with_defaults(RNNTDecodingConfig, decoding_cfg, where="decoding", also=KEYS_OF_RELEASE_2)
        labels = LabelVocabulary(vocabulary, cfg.word_seperator, closes_up_punctuation)
        self._setup(cfg, decoder, joint, labels, nemo_version)

    def _setup(
        self, cfg: DictConfig, decoder: Any, joint: Any, vocabulary: Vocabulary, nemo_version: str | None
    ) -> None:
        self.cfg = cfg
        self.vocabulary = vocabulary
        self.moves = build_moves(cfg.model_type, len(vocabulary), cfg.durations, cfg.big_blank_durations)
        self.blank_id = self.moves.blank
        self._check_classes(joint)
        if cfg.rnnt_timestamp_type not in TIMESTAMP_TYPES:
            raise ConfigError(
                f"decoding.rnnt_timestamp_type is {cfg.rnnt_timestamp_type!r}; it may be {', '.join(TIMESTAMP_TYPES)}."
            )
        confidence = cfg.confidence_cfg
        self.compute_timestamps = bool(cfg.compute_timestamps)
        greedy = cfg.greedy
        kept = cfg.preserve_alignments
        self.preserve_alignments = bool(greedy.preserve_alignments if kept is None else kept)
        self.preserve_word_confidence = bool(confidence.preserve_word_confidence)
        self.preserve_token_confidence = bool(confidence.preserve_token_confidence) or self.preserve_word_confidence
        self.preserve_frame_confidence = (
            bool(confidence.preserve_frame_confidence or greedy.preserve_frame_confidence)
            or self.preserve_token_confidence
        )
        self._aggregate = build_aggregation(confidence.aggregation)
        self._frame_confidence = build_frame_confidence(confidence.method_cfg)
        self._search: GreedyTransducerSearch | InStepTDTSearch | BeamRNNTSearch
        if cfg.strategy in GREEDY_STRATEGIES:
            self._search = self._build_greedy(decoder, joint, nemo_version)
        elif cfg.strategy in STRATEGIES_OF_BEAM:
            self._search = self._build_beam(decoder, joint)
        else:
            names = ", ".join((*GREEDY_STRATEGIES, *STRATEGIES_OF_BEAM))
            raise ConfigError(f"decoding.strategy is {cfg.strategy!r}; it may be {names}.")

    def _check_classes(self, joint: Any) -> None:
        found = joint.num_classes_with_blank
        durations = len(self.cfg.durations or ()) if isinstance(self.moves, DurationMoves) else 0
        expected = self.blank_id + 1 + durations
        if found != expected:
            raise ConfigError(
                f"the joint network has {found} outputs; decoding.model_type {self.cfg.model_type} needs {expected} "
                f"for {len(self.vocabulary)} tokens, {self.blank_id - len(self.vocabulary) + 1} blanks, {durations} "
                "durations. Set decoding.model_type, durations and big_blank_durations to those the model was made for."
            )

    def _build_greedy(
        self, decoder: Any, joint: Any, nemo_version: str | None
    ) -> GreedyTransducerSearch | InStepTDTSearch:
        greedy = self.cfg.greedy
        most = greedy.max_symbols_per_step if greedy.max_symbols is None else greedy.max_symbols
        if most is not None and most < 1:
            raise ConfigError(f"decoding.greedy.max_symbols is {most}; expected at least 1, or null for any number.")
        confidence: Callable[[Tensor], Tensor] | None = None
        if self.preserve_frame_confidence:
            confidence = self._confidence_of_scores
        options: dict[str, Any] = {
            "max_symbols": most,
            "temperature": self.cfg.temperature,
            "confidence": confidence,
            "keeps_alignments": self.preserve_alignments,
        }
        goes_in_step = (
            isinstance(self.moves, DurationMoves)
            and self.cfg.strategy == "greedy_batch"
            and not greedy.loop_labels
            and nemo_version is not None
            and release_of(nemo_version) <= IN_STEP_RELEASE
        )
        kind = InStepTDTSearch if goes_in_step else GreedyTransducerSearch
        return kind(decoder, joint, self.moves, **options)

    def _confidence_of_scores(self, scores: Tensor) -> Tensor:
        return self._frame_confidence(self.moves.of_labels(scores))

    def _build_beam(self, decoder: Any, joint: Any) -> BeamRNNTSearch:
        if self.cfg.model_type != "rnnt":
            raise ConfigError(
                f"decoding.strategy is {self.cfg.strategy!r} and decoding.model_type {self.cfg.model_type}: beam "
                "search is there for rnnt. Set decoding.strategy to greedy_batch."
            )
        tokens = self.vocabulary.ids_to_tokens(range(len(self.vocabulary)))
        return BeamRNNTSearch(decoder, joint, self.blank_id, self.cfg.beam, self.cfg.strategy, tokens)

    # ------------------------------------------------------------------------------------------------------- decoding

    def rnnt_decoder_predictions_tensor(
        self,
        encoder_output: Tensor,
        encoded_lengths: Tensor,
        return_hypotheses: bool = False,
        partial_hypotheses: Sequence[Hypothesis | None] | None = None,
    ) -> tuple[list[Any], list[Any] | None]:
        """Decodes a batch.

        Args:
            encoder_output: [B, D, T].
            encoded_lengths: [B] valid frames.
            return_hypotheses: give :class:`Hypothesis` objects, which have scores, tokens, times and confidences.
            partial_hypotheses: what this gave for the frames before these, for each utterance of a stream; None for
                one that begins. The results contain them.

        Returns:
            ``(best, all)``: plain ``str`` or hypotheses; `all` has the lists of hypotheses of a beam search with
            ``return_best_hypothesis: false``, and is else None.

        Raises:
            ShapeError: `encoder_output` has another form.
            ConfigError: partial hypotheses with beam search.
        """
        if encoder_output.ndim != 3 or encoded_lengths.shape != encoder_output.shape[:1]:
            raise ShapeError(
                f"rnnt_decoder_predictions_tensor got encoder_output {list(encoder_output.shape)} and encoded_lengths "
                f"{list(encoded_lengths.shape)}; it expects [B, D, T] as the encoder gives it, and [B]."
            )
        if isinstance(self._search, BeamRNNTSearch):
            if partial_hypotheses and any(each is not None for each in partial_hypotheses):
                raise ConfigError(
                    "partial_hypotheses need greedy search, whose past does not change; decoding.strategy is "
                    f"{self.cfg.strategy!r}. Set it to greedy_batch."
                )
            return self._beam_predictions(self._search, encoder_output, encoded_lengths, return_hypotheses)
        before = [_path_of(hypothesis) for hypothesis in partial_hypotheses] if partial_hypotheses else None
        paths = self._search.search(encoder_output.transpose(1, 2), encoded_lengths, before)
        if not return_hypotheses:
            return [self.vocabulary.ids_to_text(path.tokens) for path in paths], None
        return [self._hypothesis(path) for path in paths], None

    def _beam_predictions(
        self, search: BeamRNNTSearch, encoded: Tensor, lengths: Tensor, return_hypotheses: bool
    ) -> tuple[list[Any], list[Any] | None]:
        ranked = search.search(encoded, lengths)
        found = [
            [self._of_beam(hypothesis, length) for hypothesis in hypotheses]
            for hypotheses, length in zip(ranked, lengths.tolist(), strict=True)
        ]
        best: list[Any] = [each[0] if return_hypotheses else str(each[0]) for each in found]
        if self.cfg.beam.return_best_hypothesis:
            return best, None
        return best, [NBestHypotheses(each) if return_hypotheses else [str(one) for one in each] for each in found]

    def _of_beam(self, found: Hypothesis, frames: int) -> Hypothesis:
        tokens, starts = _as_list(found.y_sequence), found.timestep
        path = TransducerPath(
            tokens, [] if isinstance(starts, dict) else _as_list(starts), [0] * len(tokens), float(found.score), frames
        )
        hypothesis = self._hypothesis(path)
        # the original's beam searches begin with the blank and leave it there
        hypothesis.y_sequence = torch.tensor([self.blank_id, *tokens])
        return hypothesis

    def decode_tokens_to_str(self, tokens: Sequence[int]) -> str:
        """Text of token ids; blanks, which the tokens of beam search begin with, say nothing."""
        return self.vocabulary.ids_to_text([token for token in tokens if token != self.blank_id])

    def decode_ids_to_tokens(self, tokens: Sequence[int]) -> list[str]:
        """Token ids as they stand in the vocabulary."""
        return self.vocabulary.ids_to_tokens(tokens)

    # ------------------------------------------------------------------------------------------------------ hypotheses

    def _hypothesis(self, path: TransducerPath) -> Hypothesis:
        hypothesis = Hypothesis(
            score=path.score,
            y_sequence=torch.tensor(path.tokens, dtype=torch.long),
            text=self.vocabulary.ids_to_text(path.tokens),
            dec_state=path if path.state is not None else None,
            timestep=[*path.starts],
            alignments=path.alignment,
            length=path.frames,
        )
        if isinstance(self.moves, DurationMoves):
            hypothesis.token_duration = [*path.durations]
        if self.cfg.compute_hypothesis_token_set:
            hypothesis.tokens = self.vocabulary.ids_to_tokens(path.tokens)
        if self.compute_timestamps:
            hypothesis.timestep = compute_timestamps(
                folded(path),
                self.vocabulary,
                self.cfg.rnnt_timestamp_type,
                self.cfg.segment_seperators,
                self.cfg.segment_gap_threshold,
            )
        if path.confidences is not None:
            self._add_confidence(hypothesis, path, path.confidences)
        return hypothesis

    def _add_confidence(self, hypothesis: Hypothesis, path: TransducerPath, frames: list[list[float]]) -> None:
        """A token's confidence is that of the move that wrote it; the moves after it up to the next are blanks."""
        hypothesis.frame_confidence = frames
        if not self.preserve_token_confidence:
            return
        moves = [value for frame in frames for value in frame]
        before = [0]  # moves before each frame
        for frame in frames:
            before.append(before[-1] + len(frame))
        written: dict[int, int] = {}  # tokens of each frame so far; a frame's tokens are written before its blank
        places = []
        for start in path.starts:
            places.append(before[start] + written.get(start, 0))
            written[start] = written.get(start, 0) + 1
        ends = [place + 1 for place in places]
        exclude_blank = self.cfg.confidence_cfg.exclude_blank
        tokens = token_confidences(moves, places, ends, self._aggregate, exclude_blank)
        hypothesis.token_confidence = tokens
        if self.preserve_word_confidence:
            spans = self.vocabulary.word_spans(path.tokens)
            hypothesis.word_confidence = word_confidences(tokens, spans, self._aggregate)


class RNNTBPEDecoding(RNNTDecoding):
    """Transducer decoding over the pieces of a tokenizer.

    Args:
        decoding_cfg: as for :class:`RNNTDecoding`.
        decoder: the prediction network.
        joint: the joint network.
        tokenizer: a ``TokenizerSpec``. With an aggregate tokenizer, hypotheses have the languages of their tokens,
            `langs` and `langs_chars`.
        closes_up_punctuation: as for :class:`RNNTDecoding`.
        nemo_version: as for :class:`RNNTDecoding`.
    """

    def __init__(
        self,
        decoding_cfg: Any,
        decoder: Any,
        joint: Any,
        tokenizer: Any,
        *,
        closes_up_punctuation: bool = False,
        nemo_version: str | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        cfg = with_defaults(RNNTBPEDecodingConfig, decoding_cfg, where="decoding", also=KEYS_OF_RELEASE_2)
        self._setup(cfg, decoder, joint, SubwordVocabulary(tokenizer, closes_up_punctuation), nemo_version)

    def _hypothesis(self, path: TransducerPath) -> Hypothesis:
        """As for characters; an aggregate tokenizer adds the languages."""
        hypothesis = super()._hypothesis(path)
        if isinstance(self.tokenizer, AggregateTokenizer):
            hypothesis.langs = self.tokenizer.ids_to_lang(path.tokens)
            hypothesis.langs_chars = self.tokenizer.ids_to_text_and_langs(path.tokens)
        return hypothesis


def folded(path: TransducerPath) -> FoldedPath:
    """Tokens with their frames; a token lasts as long as TDT says, and one frame at least."""
    ends = [start + max(1, duration) for start, duration in zip(path.starts, path.durations, strict=True)]
    return FoldedPath([*path.tokens], [*path.starts], ends)


def _path_of(hypothesis: Hypothesis | None) -> TransducerPath | None:
    """Where the search of a stream stopped."""
    if hypothesis is None or hypothesis.dec_state is None:
        return None
    if not isinstance(hypothesis.dec_state, TransducerPath):
        raise ConfigError(
            f"partial_hypotheses has a dec_state of type {type(hypothesis.dec_state).__name__}; expected the "
            "hypotheses that rnnt_decoder_predictions_tensor(..., return_hypotheses=True) gave for the frames before, "
            "unchanged."
        )
    return hypothesis.dec_state


def _as_list(values: Tensor | Sequence[int]) -> list[int]:
    return [int(value) for value in values]
