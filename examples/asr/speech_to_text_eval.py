"""Measures the error rate of a model on a manifest with texts, or of the pred_text that a manifest already has.

    python speech_to_text_eval.py model_path=model.nemo dataset_manifest=test.json output_filename=transcripts.json
    python speech_to_text_eval.py dataset_manifest=transcripts.json only_score_manifest=true use_cer=true

With tolerance=0.1 the program ends with an error when the rate is above it.
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING
from transcribe_speech import TranscriptionConfig, transcribe  # beside this script

from nemo.collections.asr.metrics.wer import word_error_rate_detail, word_error_rate_per_utt
from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.core.config import hydra_runner

logger = logging.getLogger("nemo.examples")


@dataclass
class EvaluationConfig(TranscriptionConfig):
    """As for transcription, and what to measure."""

    dataset_manifest: str = MISSING
    output_filename: str | None = "evaluation_transcripts.json"
    use_cer: bool = False
    tolerance: float | None = None  # highest rate that is accepted
    only_score_manifest: bool = False  # the manifest has pred_text already
    scores_per_sample: bool = False  # write the rate of each recording too


@hydra_runner(config_name="EvaluationConfig", schema=EvaluationConfig)
def main(cfg: EvaluationConfig) -> Any:
    """Prints the rates as one JSON line and returns the configuration."""
    rows = read_manifest_objects(cfg.dataset_manifest) if cfg.only_score_manifest else transcribe(cfg)[0]
    lacking = [key for key in (cfg.gt_text_attr_name, "pred_text") if any(key not in row for row in rows)]
    if lacking:
        raise ValueError(f"{cfg.dataset_manifest}: not every line has {' and '.join(lacking)}, which scoring needs.")
    hypotheses, references = [row["pred_text"] for row in rows], [row[cfg.gt_text_attr_name] for row in rows]
    metric = "cer" if cfg.use_cer else "wer"
    rate, units, insertions, deletions, substitutions = word_error_rate_detail(hypotheses, references, cfg.use_cer)
    if cfg.scores_per_sample:
        for row, score in zip(rows, word_error_rate_per_utt(hypotheses, references, cfg.use_cer)[0], strict=True):
            row[metric] = score
    if cfg.output_filename is not None and (cfg.scores_per_sample or not cfg.only_score_manifest):
        write_manifest(cfg.output_filename, rows, ensure_ascii=False)
    parts = {"insertions": insertions, "deletions": deletions, "substitutions": substitutions}
    print(json.dumps({"metric": metric, "value": rate, "units": units, **parts, "recordings": len(rows)}))
    if cfg.tolerance is not None and rate > cfg.tolerance:
        raise ValueError(f"{metric} is {rate:.4f}, above the tolerance of {cfg.tolerance}.")
    return cfg


if __name__ == "__main__":
    main()
