r"""Writes into a manifest which pronunciation of each heteronym was spoken, as a trained aligner hears it.

    python aligner_heteronym_disambiguation.py --model=aligner.nemo --manifest=train.json --out=disambiguated.json

Each line gets `disambiguated_text`: its text, with words that have several pronunciations in the model's dictionary
written as the phonemes that fit the recording best: `I |L IH1 V| here.` Other words stay as they are, and so does a
heteronym whose best pronunciation is better than the next by less than --confidence.
"""

import argparse
import logging
from pathlib import Path

import torch

from nemo.collections.common.audio.io import load_audio
from nemo.collections.common.data.manifest import ManifestEntry, read_manifest, read_manifest_objects, write_manifest
from nemo.collections.tts.models import AlignerModel

logger = logging.getLogger("nemo.examples")


@torch.no_grad()
def fit(model: AlignerModel, spec: torch.Tensor, text: str) -> float:
    """How well a text fits a spectrogram [1, D, F]: the mean score of its tokens along the best alignment."""
    tokens = model.parse(text, normalize=False)
    lengths = [torch.tensor([each], device=model.device) for each in (spec.shape[2], tokens.shape[1])]
    inputs = {"spec": spec, "spec_len": lengths[0], "text": tokens, "text_len": lengths[1]}
    durations = model.durations(**inputs)[0]
    _, scores = model(**inputs)
    token_of_frame = torch.arange(len(durations), device=model.device).repeat_interleave(durations)
    return float(scores[0, 0, torch.arange(spec.shape[2], device=model.device), token_of_frame].mean())


def disambiguated(model: AlignerModel, spec: torch.Tensor, text: str, confidence: float = 0.0) -> str:
    """The text with the pronunciations of its heteronyms, chosen one after the other."""
    g2p = model.tokenizer.g2p
    pieces = [
        ("|" + " ".join(words) + "|" if len(words) > 1 and stays else words[0], stays)
        for words, stays in g2p.word_tokenize_func(text)
    ]
    chosen = [piece for piece, _ in pieces]
    for place, (word, stays) in enumerate(pieces):
        pronunciations = [] if stays else g2p.phoneme_dict.get(word.lower(), [])
        if len(pronunciations) < 2:
            continue
        candidates = ["|" + " ".join(symbols) + "|" for symbols in pronunciations]
        found = [fit(model, spec, "".join([*chosen[:place], each, *chosen[place + 1 :]])) for each in candidates]
        best, second = sorted(range(len(found)), key=found.__getitem__, reverse=True)[:2]
        if found[best] - found[second] >= confidence:
            chosen[place] = candidates[best]
    return "".join(chosen)


def heard(model: AlignerModel, entry: ManifestEntry, confidence: float) -> str:
    """The same of a line of a manifest."""
    rate = int(model.cfg.preprocessor.sample_rate)
    samples = torch.from_numpy(load_audio(str(entry.audio_file), rate))[None].to(model.device)
    lengths = torch.tensor([samples.shape[1]], device=model.device)
    with torch.no_grad():
        spec, _ = model.preprocessor(input_signal=samples, length=lengths)
    return disambiguated(model, spec, entry.text, confidence)


def main() -> None:
    """Reads the arguments and writes the manifest."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a .nemo file of an aligner with a pronunciation dictionary")
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path, help="manifest to write")
    parser.add_argument("--confidence", default=0.0, type=float, help="least advantage of the best pronunciation")
    given = parser.parse_args()

    model = AlignerModel.restore_from(given.model).eval()
    model.tokenizer.g2p.phoneme_probability = None  # every other word by its one pronunciation
    lines = read_manifest_objects(given.manifest)
    for line, entry in zip(lines, read_manifest(str(given.manifest), require_duration=False), strict=True):
        line["disambiguated_text"] = heard(model, entry, given.confidence)
    write_manifest(given.out, lines, ensure_ascii=False)
    logger.info("%d lines are in %s", len(lines), given.out)


if __name__ == "__main__":
    main()
