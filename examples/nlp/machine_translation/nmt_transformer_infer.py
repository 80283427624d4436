r"""Translates a file of sentences with one model, or several of one pair of languages together.

    python nmt_transformer_infer.py --model en_de.nemo --srctext news.en --tgtout news.de
    python nmt_transformer_infer.py --model a.nemo,b.nemo --srctext news.en --tgtout news.de --beam_size 6

--write_scores writes the score of each translation before it, and all translations of the beam.
--lm_model lm.nemo --fusion_coef 0.1 gives a language model of the target (TransformerLMModel) a say.
"""

import argparse
import logging

from nemo.collections.nlp.data.text_lines import read_lines
from nemo.collections.nlp.inference.ensemble import EnsembleTranslator
from nemo.collections.nlp.models import MTEncDecModel, TransformerLMModel
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger("nemo.examples")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a .nemo file, or several with commas between")
    parser.add_argument("--srctext", required=True, help="sentences, one a line")
    parser.add_argument("--tgtout", required=True, help="gets the translations")
    parser.add_argument("--beam_size", type=int, help="translations that go on together; the model's if not given")
    parser.add_argument("--len_pen", type=float, help="exponent of the length penalty; the model's if not given")
    parser.add_argument("--max_delta_length", type=int, help="tokens beyond those of the source; the model's")
    parser.add_argument("--source_lang", help="the model's if not given")
    parser.add_argument("--target_lang", help="the model's if not given")
    parser.add_argument("--lm_model", help="a .nemo file of a TransformerLMModel")
    parser.add_argument("--fusion_coef", type=float, default=0.07, help="how much it counts")
    parser.add_argument("--write_scores", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Translates."""
    args = parse()
    models = [MTEncDecModel.restore_from(path) for path in args.model.split(",")]
    if not models:
        raise ConfigError("--model names no file. Expected the path of a .nemo file.")
    language_model = TransformerLMModel.restore_from(args.lm_model) if args.lm_model else None
    translator = EnsembleTranslator(
        models,
        beam_size=args.beam_size,
        len_pen=args.len_pen,
        max_generation_delta=args.max_delta_length,
        language_model=language_model,
        fusion_coef=args.fusion_coef,
    )
    sentences = [line.text for line in read_lines(args.srctext)]
    found = translator.translate(sentences, args.source_lang, args.target_lang)
    with atomic_write(args.tgtout) as path, open(path, "w", encoding="utf-8") as file:
        for translation in found:
            if not args.write_scores:
                file.write(translation.texts[0] + "\n")
                continue
            for text, score in zip(translation.texts, translation.scores.tolist(), strict=True):
                file.write(f"{score:.4f}\t{text}\n")
    logger.info("%d translations in %s", len(found), args.tgtout)


if __name__ == "__main__":
    main()
