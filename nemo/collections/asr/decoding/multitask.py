"""Decoding of attention encoder-decoders: the encoder's states -> tokens, one after the other -> text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.attention_times import attention_paths
from nemo.collections.asr.decoding.hypothesis import Hypothesis, NBestHypotheses
from nemo.collections.asr.decoding.timestamps import compute_timestamps
from nemo.collections.asr.decoding.vocabulary import SubwordVocabulary, Vocabulary
from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer
from nemo.collections.common.transformer.generation.beam import BeamSearchSequenceGenerator
from nemo.collections.common.transformer.generation.generator import SequenceGenerator
from nemo.collections.common.transformer.generation.greedy import GreedySequenceGenerator
from nemo.core.config.schema import with_defaults
from nemo.utils.exceptions import ConfigError

STRATEGIES = ("greedy", "greedy_batch", "beam")
KEYS_OF_RELEASE_2 = (
    "confidence_cfg",
    "return_xattn_scores",
    "segment_seperators",
    "segment_gap_threshold",
    *(f"beam.{key}" for key in ("ngram_lm_model", "ngram_lm_alpha", "boosting_tree", "boosting_tree_alpha")),
    *(f"greedy.{key}" for key in ("confidence_method_cfg", "preserve_token_confidence", "n_samples")),
)
"""In archives of newer releases; not used."""


@dataclass
class AEDGreedyInferConfig:
    """`decoding.greedy` section."""

    temperature: float | None = None
    """None: that of the whole section."""
    max_generation_delta: int = 20
    """A text has so many tokens more than there are encoder frames, at most; negative: any number."""
    preserve_alignments: bool = False


@dataclass
class AEDBeamInferConfig:
    """`decoding.beam` section."""

    beam_size: int = 1
    """Texts that go on together; 1 is greedy search."""
    search_type: str = "default"
    len_pen: float = 1.0
    """Exponent of the length penalty; 0: none, and short texts are preferred."""
    max_generation_delta: int = 20
    """A text has so many tokens more than there are encoder frames, at most; negative: any number."""
    return_best_hypothesis: bool = True
    """False: transcripts are lists of all texts of the beam."""
    preserve_alignments: bool = False


@dataclass
class MultiTaskDecodingConfig:
    """`decoding` section of an attention encoder-decoder."""

    strategy: str = "beam"
    """greedy, greedy_batch (the same) or beam."""
    compute_hypothesis_token_set: bool = False
    """Keep the tokens as strings, in ``hypothesis.tokens``."""
    preserve_alignments: bool | None = None
    compute_langs: bool = False
    """Say the language of each token, with a tokenizer of several languages."""
    greedy: AEDGreedyInferConfig = field(default_factory=AEDGreedyInferConfig)
    beam: AEDBeamInferConfig = field(default_factory=AEDBeamInferConfig)
    temperature: float = 1.0
    """Divides the log-probabilities before they are normalised again."""


class MultiTaskDecoding:
    """Decodes with a transformer decoder.

    Args:
        decoding_cfg: a :class:`MultiTaskDecodingConfig`, DictConfig or dict; what it lacks takes its default.
        transformer_decoder: has ``embedding``, ``decoder`` and ``max_sequence_length``.
        log_softmax_module: states -> log-probabilities of tokens.
        tokenizer: with `bos_id`, `eos_id` and `pad_id`.

    Raises:
        ConfigError: a value that is not possible.
    """

    def __init__(self, decoding_cfg: Any, transformer_decoder: Any, log_softmax_module: Any, tokenizer: Any) -> None:
        self.cfg = with_defaults(MultiTaskDecodingConfig, decoding_cfg, where="decoding", also=KEYS_OF_RELEASE_2)
        if self.cfg.strategy not in STRATEGIES:
            raise ConfigError(f"decoding.strategy is {self.cfg.strategy!r}. Expected one of {', '.join(STRATEGIES)}.")
        self.tokenizer = tokenizer
        self.vocabulary = SubwordVocabulary(tokenizer)
        self.transformer_decoder = transformer_decoder
        self.preserve_alignments = bool(self.cfg.preserve_alignments)
        self._special_ids = frozenset(_special_ids(tokenizer))
        self.search = self._build_search(transformer_decoder, log_softmax_module)

    def _build_search(self, decoder: Any, classifier: Any) -> SequenceGenerator:
        greedy, beam = self.cfg.greedy, self.cfg.beam
        is_beam = self.cfg.strategy == "beam"
        options: dict[str, Any] = {
            "pad": max(0, _role(self.tokenizer, "pad_id")),
            "bos": _role(self.tokenizer, "bos_id"),
            "eos": _role(self.tokenizer, "eos_id"),
            "max_sequence_length": decoder.max_sequence_length,
            "max_delta_length": beam.max_generation_delta if is_beam else greedy.max_generation_delta,
        }
        parts = (decoder.embedding, decoder.decoder, classifier)
        search: SequenceGenerator
        if is_beam and beam.beam_size != 1:
            search = BeamSearchSequenceGenerator(*parts, beam_size=beam.beam_size, len_pen=beam.len_pen, **options)
        else:
            search = GreedySequenceGenerator(*parts, **options)
        search.temperature = self.cfg.temperature if is_beam else greedy.temperature or self.cfg.temperature
        return search

    def decode_predictions_tensor(
        self,
        encoder_hidden_states: Tensor,
        encoder_input_mask: Tensor,
        decoder_input_ids: Tensor | None = None,
        return_hypotheses: bool = False,
        partial_hypotheses: Any = None,
    ) -> tuple[list[Any], list[Any] | None]:
        """Decodes a batch.

        Args:
            encoder_hidden_states: [B, S, H].
            encoder_input_mask: [B, S], 1 where there is no padding.
            decoder_input_ids: [B, P] prompts, all of one length; None: the start token.
            return_hypotheses: give :class:`Hypothesis` objects.
            partial_hypotheses: not used, as in the original.

        Returns:
            The best transcript of each utterance, and all of each (None, if the best is all that the config asks for):
            plain ``str``, or hypotheses and :class:`NBestHypotheses`.
        """
        n_best = self.search_states(encoder_hidden_states, encoder_input_mask, decoder_input_ids)
        best: list[Any] = [hypotheses[0] for hypotheses in n_best]
        if not return_hypotheses:
            best = [str(hypothesis) for hypothesis in best]
        if self.cfg.beam.return_best_hypothesis or self.cfg.strategy != "beam":
            return best, None
        if return_hypotheses:
            return best, [NBestHypotheses(hypotheses) for hypotheses in n_best]
        return best, [[str(hypothesis) for hypothesis in hypotheses] for hypotheses in n_best]

    def search_states(self, states: Tensor, mask: Tensor, prompts: Tensor | None = None) -> list[list[Hypothesis]]:
        """All hypotheses of each utterance, the best first; see :meth:`decode_predictions_tensor`."""
        self._check_ends()
        found = self.search.generate(states, mask, prompts)
        first = 1 if prompts is None else prompts.shape[1]
        frames = mask.long().sum(dim=1).tolist()
        rows = zip(found.tokens.tolist(), found.lengths.tolist(), found.scores.tolist(), frames, strict=True)
        return [
            [
                self._hypothesis(tokens[first : first + length], score, frame_count)
                for tokens, length, score in zip(texts, lengths, scores, strict=True)
                if score > float("-inf")
            ]
            for texts, lengths, scores, frame_count in rows
        ]

    def decode_tokens_to_str(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones are left out."""
        return str(self.tokenizer.ids_to_text(self.without_special(tokens)))

    def without_special(self, tokens: Sequence[int]) -> list[int]:
        """The tokens that stand for text."""
        known = int(self.tokenizer.vocab_size)  # the classifier has some classes more, which no token belongs to
        return [int(token) for token in tokens if int(token) not in self._special_ids and int(token) < known]

    def _hypothesis(self, tokens: Sequence[int], score: float, frames: int) -> Hypothesis:
        own = self.without_special(tokens)
        hypothesis = Hypothesis(
            score=score,
            y_sequence=torch.tensor(own, dtype=torch.long),
            text=str(self.tokenizer.ids_to_text(own)),
            length=frames,
        )
        if self.cfg.compute_hypothesis_token_set:
            hypothesis.tokens = self.tokenizer.ids_to_tokens(own)
        if self.cfg.compute_langs and isinstance(self.tokenizer, AggregateTokenizer):
            hypothesis.langs = self.tokenizer.ids_to_lang(own)
            hypothesis.langs_chars = self.tokenizer.ids_to_text_and_langs(own)
        return hypothesis

    def _check_ends(self) -> None:
        missing = [name for name in ("bos_id", "eos_id") if _role(self.tokenizer, name) < 0]
        if missing:
            raise ConfigError(
                f"The model's tokenizer has no {' and no '.join(missing)}. Expected tokens that begin and end a text; "
                "train the tokenizer with --spe_bos --spe_eos --spe_pad."
            )


def _role(tokenizer: Any, name: str) -> int:
    """Id of a special token; -1 where the tokenizer has none."""
    index = getattr(tokenizer, name, None)
    return index if isinstance(index, int) else -1


def _special_ids(tokenizer: Any) -> list[int]:
    if isinstance(tokenizer, CanaryTokenizer):
        return list(tokenizer.special_tokens.values())
    return [_role(tokenizer, name) for name in ("bos_id", "eos_id", "pad_id")]


@dataclass(frozen=True)
class PromptedDecoding:
    """A decoding, and the prompt of the recordings that it is used for."""

    decoding: MultiTaskDecoding
    prompt: tuple[int, ...] | None = None
    """Ids; None: the start token alone."""
    timestamps: bool = False
    """Say when the tokens were spoken, as far as attention tells."""

    def decode_tokens_to_str(self, tokens: Sequence[int]) -> str:
        """The text of tokens; special ones are left out."""
        return self.decoding.decode_tokens_to_str(tokens)

    def best(self, states: Tensor, mask: Tensor) -> list[Hypothesis]:
        """The best hypothesis of each utterance, from states [B, S, H] and their mask [B, S]."""
        prompts = None
        if self.prompt is not None:
            prompts = torch.tensor(self.prompt, device=states.device).expand(len(states), -1)
        best = [hypotheses[0] for hypotheses in self.decoding.search_states(states, mask, prompts)]
        if self.timestamps:
            self._add_times(best, states, mask)
        return best

    @property
    def vocabulary(self) -> Vocabulary:
        """Makes text of tokens, and groups them into words."""
        return self.decoding.vocabulary

    def _add_times(self, hypotheses: Sequence[Hypothesis], states: Tensor, mask: Tensor) -> None:
        prompt = self.prompt or (_role(self.decoding.tokenizer, "bos_id"),)
        texts = [[int(token) for token in hypothesis.y_sequence] for hypothesis in hypotheses]
        paths = attention_paths(self.decoding.transformer_decoder, states, mask, prompt, texts)
        for hypothesis, path in zip(hypotheses, paths, strict=True):
            hypothesis.timestep = compute_timestamps(path, self.decoding.vocabulary)
