r"""Reorders the hypotheses of a recogniser by a neural language model, and finds the best weights.

    python eval_neural_rescorer.py --lm_model lm.nemo --beams_file beams.tsv --beam_size 16 \
        --eval_manifest dev.json --alpha 0 0.2 0.4 0.8 --beta 0 0.5 1

The file of hypotheses has text<TAB>score on each line, beam_size lines for each line of the manifest, the best first.
"""

from __future__ import annotations

import argparse
import logging

from nemo.collections.asr.metrics.wer import word_error_rate
from nemo.collections.common.data.manifest import read_manifest
from nemo.collections.nlp.inference.rescoring import best_weights, read_hypotheses
from nemo.collections.nlp.models import TransformerLMModel

logger = logging.getLogger("nemo.scripts")


def main() -> None:
    """Reads the arguments, and logs the error rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lm_model", required=True, help="a .nemo archive of a TransformerLMModel")
    parser.add_argument("--beams_file", required=True)
    parser.add_argument("--beam_size", type=int, required=True)
    parser.add_argument("--eval_manifest", required=True, help="manifest with the true texts")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--alpha", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.4, 0.8], help="language model")
    parser.add_argument("--beta", type=float, nargs="+", default=[0.0, 0.5, 1.0, 2.0], help="number of words")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    model = TransformerLMModel.restore_from(options.lm_model)
    found = read_hypotheses(
        options.beams_file, options.beam_size, lambda texts: model.score(texts, options.batch_size, verbose=True)
    )
    truth = [entry.text or "" for entry in read_manifest(options.eval_manifest)]
    if len(truth) != len(found):
        parser.error(f"{options.eval_manifest} has {len(truth)} recordings and {options.beams_file} {len(found)}.")
    first = word_error_rate([each.texts[0] for each in found], truth)
    alpha, beta, rate = best_weights(found, lambda texts: word_error_rate(texts, truth), options.alpha, options.beta)
    logger.info(
        "error rate of words: %.2f %% before, %.2f %% with alpha %g, beta %g", 100 * first, 100 * rate, alpha, beta
    )


if __name__ == "__main__":
    main()
