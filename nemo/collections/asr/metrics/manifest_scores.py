"""Scores of a manifest that has what was recognised beside what was said; each line gets its own, too."""

from __future__ import annotations

import os
import string
from collections.abc import Mapping, Sequence
from typing import Any

from nemo.collections.asr.metrics.text_forms import PunctuationCapitalization
from nemo.collections.asr.metrics.wer import word_error_rate, word_error_rate_detail
from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.collections.common.data.parsers import ENCharParser
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.common.metrics.punct_er import punctuation_error_rate
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

PathLike = str | os.PathLike[str]

DEFAULT_TEXT, DEFAULT_PREDICTION = "text", "pred_text"
MARKS = (".", ",", "?")
TEXT_METRICS = {"bleu": "BLEU", "chrf": "CHRF", "ter": "TER"}
"""Name -> class of sacrebleu.metrics."""
SAMPLE_METRICS = ("wer", "cer", "punct_er")

Scores = dict[str, Any]


def cal_write_wer(
    pred_manifest: PathLike,
    pred_text_attr_name: str | None = None,
    gt_text_attr_name: str = DEFAULT_TEXT,
    clean_groundtruth_text: bool = False,
    langid: str = "en",
    use_cer: bool = False,
    output_filename: PathLike | None = None,
    ignore_capitalization: bool = False,
    ignore_punctuation: bool = False,
) -> tuple[str, Scores, str]:
    """Error rates of a manifest and of each of its lines.

    Args:
        pred_manifest: the manifest; each line has what was said and what was recognised.
        pred_text_attr_name: key of what was recognised; None: `pred_text`.
        gt_text_attr_name: key of what was said.
        clean_groundtruth_text: write out numbers and abbreviations in what was said, small and without marks.
        langid: language of that; only ``en``.
        use_cer: count characters and not words.
        output_filename: manifest to write; None: the name of the first with `_with_wer`.
        ignore_capitalization: compare in small letters.
        ignore_punctuation: compare without ``.``, ``,`` and ``?``.

    Returns:
        The path of the new manifest, whose lines also have ``wer`` (or ``cer``), ``tokens``, ``ins_rate``, ``del_rate``
        and ``sub_rate``; the same of all together, with ``samples``; and ``wer`` or ``cer``.

    Raises:
        ManifestError: a line lacks one of the texts.
    """
    name = "cer" if use_cer else "wer"
    entries = read_manifest_objects(pred_manifest)
    hypotheses, references = _texts(
        pred_manifest, entries, pred_text_attr_name or DEFAULT_PREDICTION, gt_text_attr_name
    )
    if clean_groundtruth_text:
        references = _cleaned(references, langid)
    forms = PunctuationCapitalization("".join(MARKS))
    if ignore_capitalization:
        hypotheses, references = forms.do_lowercase(hypotheses), forms.do_lowercase(references)
    if ignore_punctuation:
        hypotheses, references = forms.rm_punctuation(hypotheses), forms.rm_punctuation(references)
    scored = [
        entry | _error_rates([hypothesis], [reference], use_cer)
        for entry, hypothesis, reference in zip(entries, hypotheses, references, strict=True)
    ]
    path = _written(pred_manifest, output_filename, name, scored)
    return path, {"samples": len(entries)} | _error_rates(hypotheses, references, use_cer), name


def cal_write_text_metric(
    pred_manifest: PathLike,
    pred_text_attr_name: str | None = None,
    gt_text_attr_name: str = DEFAULT_TEXT,
    clean_groundtruth_text: bool = False,
    langid: str = "en",
    metric: str = "bleu",
    metric_args: Mapping[str, Any] | None = None,
    output_filename: PathLike | None = None,
) -> tuple[str, Scores, str]:
    """A score of translations of a manifest and of each of its lines; see :func:`cal_write_wer`.

    Args:
        pred_manifest: the manifest.
        pred_text_attr_name: key of what was recognised; None: `pred_text`.
        gt_text_attr_name: key of the reference.
        clean_groundtruth_text: clean the references.
        langid: their language; only ``en``.
        metric: a key of :data:`TEXT_METRICS`.
        metric_args: arguments of sacrebleu's class.
        output_filename: manifest to write; None: the name of the first with the metric's.

    Returns:
        The path of the new manifest, ``{"samples": ..., metric: ...}`` of all together, and `metric`. BLEU and chrF are
        between 0 and 100; of one line BLEU is smoothed (``effective_order``).

    Raises:
        ConfigError: no such metric.
        ManifestError: a line lacks one of the texts.
    """
    if metric not in TEXT_METRICS:
        raise ConfigError(f"metric is {metric!r}; it may be {', '.join(TEXT_METRICS)}. Choose one.")
    metrics = require("sacrebleu.metrics", extra="nlp", purpose="Scores of translations")
    arguments = dict(metric_args or {})
    score = getattr(metrics, TEXT_METRICS[metric])(**arguments)
    alone = {"effective_order": True} if metric == "bleu" else {}
    score_of_line = getattr(metrics, TEXT_METRICS[metric])(**(arguments | alone))
    entries = read_manifest_objects(pred_manifest)
    hypotheses, references = _texts(
        pred_manifest, entries, pred_text_attr_name or DEFAULT_PREDICTION, gt_text_attr_name
    )
    if clean_groundtruth_text:
        references = _cleaned(references, langid)
    scored = [
        entry | {metric: score_of_line.sentence_score(hypothesis, [reference]).score}
        for entry, hypothesis, reference in zip(entries, hypotheses, references, strict=True)
    ]
    path = _written(pred_manifest, output_filename, metric, scored)
    return path, {"samples": len(entries), metric: score.corpus_score(hypotheses, [references]).score}, metric


def compute_metrics_per_sample(
    manifest_path: PathLike,
    reference_field: str = DEFAULT_TEXT,
    hypothesis_field: str = DEFAULT_PREDICTION,
    metrics: Sequence[str] = ("wer",),
    punctuation_marks: Sequence[str] = MARKS,
    output_manifest_path: PathLike | None = None,
) -> dict[str, float]:
    """Error rates, in percent, of each line of a manifest and of all together.

    Args:
        manifest_path: the manifest.
        reference_field: key of what was said.
        hypothesis_field: key of what was recognised.
        metrics: some of :data:`SAMPLE_METRICS`.
        punctuation_marks: those that ``punct_er`` is about.
        output_manifest_path: manifest to write, whose lines have the rates too; None: none is written.

    Returns:
        metric -> rate of all together.

    Raises:
        ConfigError: no such metric.
        ManifestError: a line lacks one of the texts.
    """
    unknown = sorted(set(metrics) - set(SAMPLE_METRICS))
    if unknown:
        raise ConfigError(f"metrics has {', '.join(unknown)}; it may have {', '.join(SAMPLE_METRICS)}.")
    entries = read_manifest_objects(manifest_path)
    hypotheses, references = _texts(manifest_path, entries, hypothesis_field, reference_field)
    scored = [dict(entry) for entry in entries]
    totals = {}
    for metric in metrics:
        for entry, hypothesis, reference in zip(scored, hypotheses, references, strict=True):
            entry[metric] = _percent(metric, [hypothesis], [reference], punctuation_marks)
        totals[metric] = _percent(metric, hypotheses, references, punctuation_marks)
    if output_manifest_path is not None:
        write_manifest(output_manifest_path, scored, ensure_ascii=False)
    return totals


def _percent(metric: str, hypotheses: list[str], references: list[str], marks: Sequence[str]) -> float:
    if metric == "punct_er":
        return round(100 * punctuation_error_rate(references, hypotheses, list(marks)), 2)
    return round(100 * word_error_rate(hypotheses, references, use_cer=metric == "cer"), 2)


def _error_rates(hypotheses: Sequence[str], references: Sequence[str], use_cer: bool) -> Scores:
    rate, tokens, insertions, deletions, substitutions = word_error_rate_detail(hypotheses, references, use_cer)
    if tokens == 0 and not any(hypothesis.split() for hypothesis in hypotheses):
        rate = insertions = deletions = substitutions = 0.0  # nothing was said, and nothing recognised
    name = "cer" if use_cer else "wer"
    return {name: rate, "tokens": tokens, "ins_rate": insertions, "del_rate": deletions, "sub_rate": substitutions}


def _texts(
    path: PathLike, entries: Sequence[Mapping[str, Any]], hypothesis_key: str, reference_key: str
) -> tuple[list[str], list[str]]:
    for number, entry in enumerate(entries, start=1):
        for key in (reference_key, hypothesis_key):
            if not isinstance(entry.get(key), str):
                raise ManifestError(
                    f'{path}: object {number} has no text under "{key}"; it has {", ".join(entry) or "no keys"}. Write '
                    "it, or name another key."
                )
    return [entry[hypothesis_key] for entry in entries], [entry[reference_key] for entry in entries]


def _cleaned(texts: Sequence[str], language: str) -> list[str]:
    if language != "en":
        raise ConfigError(
            f"langid is {language!r}; only English texts (en) are cleaned. Set clean_groundtruth_text to false."
        )
    labels = [" ", "'", *string.ascii_lowercase]
    parser = ENCharParser(labels)
    return ["".join(labels[place] for place in parser(text) or []) for text in texts]


def _written(path: PathLike, output: PathLike | None, name: str, entries: Sequence[Mapping[str, Any]]) -> str:
    stem, suffix = os.path.splitext(os.fspath(path))
    target = os.fspath(output) if output is not None else f"{stem}_with_{name}{suffix}"
    write_manifest(target, entries, ensure_ascii=False)
    return target
