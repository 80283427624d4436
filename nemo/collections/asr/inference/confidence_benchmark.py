"""How good a model's confidences are on recordings whose texts are known.

transcripts with confidences + references -> right or wrong, for each token or word -> metrics/confidence.py
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf, open_dict

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.metrics.confidence import auc_nt, auc_pr, auc_roc, auc_yc, ece, nce
from nemo.collections.asr.metrics.confidence_plots import (
    save_confidence_hist,
    save_custom_confidence_curve,
    save_nt_curve,
    save_pr_curve,
    save_roc_curve,
)
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

LEVELS = ("auto", "word", "token")
METHOD_KEYS = ("name", "alpha", "entropy_type", "entropy_norm")
CONFIDENCE_KEYS = ("exclude_blank", "aggregation")


def get_correct_marks(r: Sequence[Any], h: Sequence[Any]) -> list[bool]:
    """For each item of a hypothesis `h` whether it is right: unchanged on the shortest way from `h` to `r`."""
    levenshtein = require("rapidfuzz.distance.Levenshtein", extra="asr", purpose="The marks of transcripts")
    marks = [False] * len(h)
    for operation in levenshtein.opcodes(list(h), list(r)):
        if operation.tag == "equal":
            marks[operation.src_start : operation.src_end] = [True] * (operation.src_end - operation.src_start)
    return marks


def get_token_targets_with_confidence(hyp: Hypothesis) -> list[tuple[int, float]]:
    """The tokens of a hypothesis, each with its confidence."""
    tokens = hyp.y_sequence.tolist() if isinstance(hyp.y_sequence, torch.Tensor) else hyp.y_sequence
    return list(zip(tokens, _known(hyp.token_confidence, "token"), strict=True))


def get_word_targets_with_confidence(hyp: Hypothesis) -> list[tuple[str, float]]:
    """The words of a hypothesis, each with its confidence."""
    return list(zip(hyp.words, _known(hyp.word_confidence, "word"), strict=True))


def apply_confidence_parameters(decoding_cfg: DictConfig, hp: Mapping[str, Any]) -> DictConfig:
    """A `decoding` section with other confidences.

    Args:
        decoding_cfg: the section, which stays as it is.
        hp: some of `exclude_blank`, `aggregation`, `name`, `alpha`, `entropy_type` and `entropy_norm`.

    Raises:
        ConfigError: a key that is none of these.
    """
    unknown = sorted(set(hp) - {*CONFIDENCE_KEYS, *METHOD_KEYS})
    if unknown:
        raise ConfigError(f"hp has {', '.join(unknown)}. Expected some of {', '.join(CONFIDENCE_KEYS + METHOD_KEYS)}.")
    changed: DictConfig = OmegaConf.merge(decoding_cfg, {})  # type: ignore[assignment]
    with open_dict(changed):
        for key in hp:
            place = f"confidence_cfg.{key}" if key in CONFIDENCE_KEYS else f"confidence_cfg.method_cfg.{key}"
            OmegaConf.update(changed, place, hp[key], force_add=True)
    return changed


def run_confidence_benchmark(
    model: Any,
    target_level: str,
    filepaths: Sequence[str],
    reference_texts: Sequence[str],
    batch_size: int = 8,
    num_workers: int = 4,
    plot_dir: str | os.PathLike[str] | None = None,
    autocast: Any = None,
) -> dict[str, tuple[float, ...]]:
    """Transcribes recordings and measures the confidences of their tokens, words, or both.

    Args:
        model: its decoding keeps the confidences that are asked for (`preserve_token_confidence: true` ...).
        target_level: token, word, or auto for both.
        filepaths: the recordings.
        reference_texts: what is said in each.
        batch_size: recordings computed together.
        num_workers: threads that read them.
        plot_dir: folder for the curves, in `token` and `word`; None: nothing is drawn.
        autocast: makes a context to transcribe in, such as ``torch.cuda.amp.autocast``.

    Returns:
        level -> (auc_roc, auc_pr, auc_nt, nce, ece, auc_yc, std_yc, max_yc).

    Raises:
        ConfigError: another level, or a decoding without these confidences.
    """
    if target_level not in LEVELS:
        raise ConfigError(f"target_level is {target_level!r}; it may be {', '.join(LEVELS)}.")
    if len(filepaths) != len(reference_texts):
        raise ConfigError(f"There are {len(filepaths)} recordings and {len(reference_texts)} texts; give one for each.")
    with autocast() if autocast is not None else contextlib.nullcontext():
        hypotheses = model.transcribe(
            list(filepaths), batch_size=batch_size, num_workers=num_workers, return_hypotheses=True
        )
    results = {}
    for level in ("token", "word") if target_level == "auto" else (target_level,):
        marks: list[bool] = []
        scores: list[float] = []
        for hypothesis, text in zip(hypotheses, reference_texts, strict=True):
            found, reference = _targets(model, level, hypothesis, text)
            marks += get_correct_marks(reference, [item for item, _ in found])
            scores += [float(score) for _, score in found]
        results[level] = _measured(marks, scores, None if plot_dir is None else os.path.join(plot_dir, level))
    return results


def _targets(
    model: Any, level: str, hypothesis: Hypothesis, text: str
) -> tuple[list[tuple[Any, float]], Sequence[Any]]:
    """What was recognised, with confidences, and what was said."""
    if hypothesis.error is not None:
        return [], []
    if level == "word":
        return [*get_word_targets_with_confidence(hypothesis)], text.split()
    found = get_token_targets_with_confidence(hypothesis)
    tokenizer = getattr(model, "tokenizer", None)
    if tokenizer is not None:
        return [*found], tokenizer.text_to_ids(text)
    spelled = model.decoding.vocabulary.ids_to_tokens([token for token, _ in found])
    return [(token, score) for token, (_, score) in zip(spelled, found, strict=True)], text


def _measured(marks: Sequence[bool], scores: Sequence[float], plot_dir: str | None) -> tuple[float, ...]:
    area: Any = auc_yc(marks, scores, return_std_maximum=True, return_curve=True)
    error: Any = ece(marks, scores, return_curve=True)
    if plot_dir is not None:
        save_confidence_hist(scores, plot_dir, "confidence_hist")
        save_roc_curve(marks, scores, plot_dir)
        save_pr_curve(marks, scores, plot_dir)
        save_nt_curve(marks, scores, plot_dir)
        thresholds, values = area[3]
        save_custom_confidence_curve(thresholds, values, plot_dir, "yc", "threshold", "true - false positive rate")
        middles, gaps = error[1]
        save_custom_confidence_curve(middles, gaps, plot_dir, "ece", "confidence", "calibration error")
    areas = auc_roc(marks, scores), auc_pr(marks, scores), auc_nt(marks, scores)
    return (*areas, nce(marks, scores), error[0], *area[:3])


def _known(confidences: list[float] | None, level: str) -> list[float]:
    if confidences is None:
        raise ConfigError(
            f"the hypothesis has no {level} confidences. Set decoding.confidence_cfg.preserve_{level}_confidence to "
            "true with model.change_decoding_strategy(...) before transcribing."
        )
    return confidences
