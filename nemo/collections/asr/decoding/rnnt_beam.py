"""Beam search of transducers: the searches by their names, utterance by utterance.

encoded [B, D, T] -> joint network's projection -> search (rnnt_beam_*.py) over prefixes (rnnt_prefixes.py) -> N best
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.language_model import TokenLanguageModel, load_token_language_model
from nemo.collections.asr.decoding.rnnt_beam_alsd import AlignmentLengthSynchronousSearch
from nemo.collections.asr.decoding.rnnt_beam_default import DefaultBeamSearch
from nemo.collections.asr.decoding.rnnt_beam_maes import AdaptiveExpansionSearch
from nemo.collections.asr.decoding.rnnt_beam_tsd import TimeSynchronousSearch
from nemo.collections.asr.decoding.rnnt_config import BeamRNNTInferConfig
from nemo.collections.asr.decoding.rnnt_prefixes import Prefix, PrefixScores
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

DEFAULT_MAX_SYMBOLS = 50


def _max_symbols(config: BeamRNNTInferConfig) -> int:
    named = config.tsd_max_sym_exp_per_step if config.tsd_max_sym_exp is None else config.tsd_max_sym_exp
    return DEFAULT_MAX_SYMBOLS if named is None else named


def _default(config: BeamRNNTInferConfig) -> DefaultBeamSearch:
    return DefaultBeamSearch(config.beam_size, _max_symbols(config))


def _tsd(config: BeamRNNTInferConfig) -> TimeSynchronousSearch:
    return TimeSynchronousSearch(config.beam_size, _max_symbols(config))


def _alsd(config: BeamRNNTInferConfig) -> AlignmentLengthSynchronousSearch:
    return AlignmentLengthSynchronousSearch(config.beam_size, config.alsd_max_target_len)


def _maes(config: BeamRNNTInferConfig) -> AdaptiveExpansionSearch:
    return AdaptiveExpansionSearch(
        config.beam_size,
        config.maes_num_steps,
        config.maes_prefix_alpha,
        config.maes_expansion_gamma,
        config.maes_expansion_beta,
    )


SEARCHES: dict[str, Callable[[Any], Any]] = {
    "beam": _default,
    "default": _default,
    "tsd": _tsd,
    "alsd": _alsd,
    "maes": _maes,
}


class BeamRNNTSearch:
    """Finds the most probable transcripts of a batch.

    Args:
        decoder: the prediction network.
        joint: the joint network, without durations or big blanks.
        blank: class of the blank, the last.
        config: a :class:`~nemo.collections.asr.decoding.rnnt_config.BeamRNNTInferConfig`, or a section like it.
        strategy: tsd, alsd or maes; beam: the one that `config.search_type` names.
        tokens: the recogniser's vocabulary; needed with `config.ngram_lm_model` only.

    Raises:
        ConfigError: a value that is not possible.
        NotYetSupportedError: a search or an option of the original that this release lacks.
        LanguageModelError: the n-gram model cannot be used.
    """

    def __init__(
        self,
        decoder: Any,
        joint: Any,
        blank: int,
        config: Any,
        strategy: str = "beam",
        tokens: list[str] | None = None,
    ) -> None:
        self._decoder, self._joint = decoder, joint
        self._blank = blank
        self._score_norm = bool(config.score_norm)
        self._temperature = float(config.softmax_temperature)
        name = str(config.search_type) if strategy == "beam" else strategy
        _check(config, name)
        self._search = SEARCHES[name](config)
        self._lm_weight = float(config.ngram_lm_alpha)
        self._language_model: TokenLanguageModel | None = None
        if config.ngram_lm_model is not None and self._lm_weight != 0.0:
            self._language_model = load_token_language_model(config.ngram_lm_model, tokens or [])

    @torch.no_grad()
    def search(self, encoded: Tensor, lengths: Tensor) -> list[list[Hypothesis]]:
        """Searches each utterance of a batch.

        Args:
            encoded: [B, D, T] of the encoder.
            lengths: [B] valid frames.

        Returns:
            For each utterance its hypotheses, the best first, at least one: tokens (without the blank that the
            original's begin with), the frame of each, and the score, which is not divided by the length.
        """
        frames = self._joint.project_encoder(encoded.transpose(1, 2))
        return [
            self._utterance(rows[:length]) if length > 0 else [Hypothesis(score=0.0, y_sequence=[], timestep=[])]
            for rows, length in zip(frames, lengths.tolist(), strict=True)
        ]

    def _utterance(self, frames: Tensor) -> list[Hypothesis]:
        scores = PrefixScores(
            self._decoder,
            self._joint,
            frames,
            self._blank,
            self._temperature,
            self._language_model,
            self._lm_weight,
        )
        found = sorted(self._search.search(scores), key=self._rank, reverse=True)
        return [
            Hypothesis(score=each.score, y_sequence=[*each.tokens], timestep=[*each.starts], length=len(frames))
            for each in found
        ]

    def _rank(self, prefix: Prefix) -> float:
        # the original counts the blank that its hypotheses begin with
        return prefix.score / (len(prefix.tokens) + 1) if self._score_norm else prefix.score


def _check(config: Any, name: str) -> None:
    if name == "nsc":
        raise NotYetSupportedError(
            "beam.search_type is 'nsc' (N-step constrained search), which neither this release nor the original has. "
            "Set it to maes, its successor."
        )
    if name not in SEARCHES:
        raise ConfigError(f"beam.search_type is {name!r}; it may be {', '.join(SEARCHES)}.")
    if config.hat_subtract_ilm:
        raise NotYetSupportedError(
            "beam.hat_subtract_ilm is true; this release cannot take off the internal language model. Set it to false."
        )
    if config.language_model is not None:
        raise NotYetSupportedError(
            "beam.language_model is set; this release has n-gram models in beam search. Set ngram_lm_model instead."
        )
    least = {"beam_size": 1, "maes_num_steps": 1, "maes_prefix_alpha": 0, "maes_expansion_beta": 0}
    for key, minimum in least.items():
        if getattr(config, key) < minimum:
            raise ConfigError(f"beam.{key} is {getattr(config, key)}; expected at least {minimum}.")
    if _max_symbols(config) < 1:
        raise ConfigError(f"beam.tsd_max_sym_exp_per_step is {_max_symbols(config)}; expected at least 1.")
    if config.softmax_temperature <= 0 or config.maes_expansion_gamma < 0 or config.alsd_max_target_len <= 0:
        raise ConfigError(
            f"beam has softmax_temperature {config.softmax_temperature}, maes_expansion_gamma "
            f"{config.maes_expansion_gamma} and alsd_max_target_len {config.alsd_max_target_len}; expected above 0, "
            "0 or more, and above 0."
        )
