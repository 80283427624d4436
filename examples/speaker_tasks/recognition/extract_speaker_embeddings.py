r"""Writes the embeddings of the recordings of a manifest; with trials, the equal error rate of verification as well.

    python extract_speaker_embeddings.py --manifest=test.json --model_path=titanet.nemo --embedding_dir=embeddings

`embeddings/test_embeddings.npz` then has `paths` [N] and `embeddings` [N, E], in the manifest's order; numpy.load reads
it. With --trials=trials.txt, a file of lines `1 one.wav other.wav` (one speaker) and `0 one.wav other.wav` (two) whose
recordings are those of the manifest, the error rate is reported.
"""

import argparse
import logging
from pathlib import Path

import numpy as np
import torch

from nemo.collections.asr.inference.speakers import similarity
from nemo.collections.asr.metrics.equal_error_rate import equal_error_rate
from nemo.collections.asr.models import EncDecSpeakerLabelModel
from nemo.collections.common.data.manifest import read_manifest
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger("nemo.examples")


def error_rate_of_trials(trials: Path, embeddings: dict[str, torch.Tensor]) -> tuple[float, float]:
    """Equal error rate and its threshold; files are told by their names without folders."""
    scores, same = [], []
    for number, line in enumerate(trials.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split()
        names = [Path(word).name for word in words[1:]]
        if len(words) != 3 or words[0] not in ("0", "1") or not set(names) <= set(embeddings):
            raise ConfigError(f"{trials} line {number} is {line!r}. Expected 0 or 1 and two files of the manifest.")
        scores.append(float(similarity(embeddings[names[0]], embeddings[names[1]])))
        same.append(words[0] == "1")
    return equal_error_rate(scores, same)


def main() -> None:
    """Reads the arguments and writes the file."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--model_path", required=True, help="a .nemo file, or the name of a published model")
    parser.add_argument("--embedding_dir", default="embeddings", type=Path)
    parser.add_argument("--batch_size", default=32, type=int)
    parser.add_argument("--trials", default=None, type=Path)
    given = parser.parse_args()

    kind = EncDecSpeakerLabelModel
    is_file = given.model_path.endswith(".nemo")
    model = kind.restore_from(given.model_path) if is_file else kind.from_pretrained(given.model_path)
    embeddings, _, _, _ = model.batch_inference(str(given.manifest), given.batch_size, model.sample_rate)
    paths = [str(entry.audio_file) for entry in read_manifest(str(given.manifest), require_duration=False)]
    target = given.embedding_dir / f"{given.manifest.stem}_embeddings.npz"
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as temporary, temporary.open("wb") as file:
        np.savez(file, paths=np.array(paths), embeddings=embeddings)
    logger.info("%d embeddings are in %s", len(paths), target)
    if given.trials is not None:
        by_name = {Path(path).name: torch.from_numpy(row) for path, row in zip(paths, embeddings, strict=True)}
        rate, threshold = error_rate_of_trials(given.trials, by_name)
        logger.info("equal error rate %.2f %% at the threshold %.3f", 100 * rate, threshold)


if __name__ == "__main__":
    main()
