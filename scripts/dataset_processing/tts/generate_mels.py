r"""Writes the spectrograms that a synthesis model makes of recordings' texts, with the timing of the recordings.

    python generate_mels.py --fastpitch-model-ckpt voice.nemo --input-json-manifests train.json dev.json \
        --output-json-manifest-root predicted

For each manifest, predicted/NAME_mel.json has its lines with `mel_filepath`; the spectrograms lie beside it. A vocoder
is fine-tuned on them by examples/tts/hifigan_finetune.py. Models: FastPitch, Mixer-TTS, Tacotron 2.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from nemo.collections.common.data.manifest import read_manifest_objects, write_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.inference.load import load_acoustic_model
from nemo.collections.tts.inference.predicted_spectrograms import predicted_spectrograms, recordings_for
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fastpitch-model-ckpt", "--model", required=True, dest="model", help="a .nemo file")
    parser.add_argument("--input-json-manifests", nargs="+", required=True, type=Path, help="recordings with texts")
    parser.add_argument("--output-json-manifest-root", required=True, type=Path, help="folder to write to")
    parser.add_argument("--durations-file", help="durations of tokens, for a FastPitch that did not learn alignments")
    parser.add_argument("--cpu", action="store_true", help="do not use a GPU")
    return parser.parse_args(argv)


def generate(model: object, manifest: Path, folder: Path, durations_file: str | None = None) -> Path:
    """Writes the spectrograms of one manifest's recordings; returns the new manifest."""
    recordings = recordings_for(model, str(manifest), durations_file)
    entries = read_manifest_objects(manifest)
    mels = folder / f"{manifest.stem}_mels"
    mels.mkdir(parents=True, exist_ok=True)
    spectrograms = tqdm(predicted_spectrograms(model, recordings), desc=manifest.name, unit="file", total=len(entries))
    for number, (entry, utterance, mel) in enumerate(zip(entries, recordings.data, spectrograms, strict=True)):
        file = mels / f"{number:06d}_{utterance.stem}.npy"
        with atomic_write(file) as temporary, open(temporary, "wb") as stream:
            np.save(stream, mel.cpu().numpy().astype(np.float32))
        entry["audio_filepath"] = str(Path(utterance.audio_file).resolve())  # relative ones began at the old manifest
        entry["mel_filepath"] = str(file.relative_to(folder))
    output = folder / f"{manifest.stem}_mel{manifest.suffix}"
    write_manifest(output, entries, ensure_ascii=False)
    return output


def main(argv: Sequence[str] | None = None) -> int:
    """Generates; returns the exit status."""
    args = arguments(argv)
    device = "cuda" if torch.cuda.is_available() and not args.cpu else "cpu"
    try:
        model = load_acoustic_model(args.model, device)
        for manifest in args.input_json_manifests:
            written = generate(model, manifest, args.output_json_manifest_root, args.durations_file)
            sys.stdout.write(f"{written}\n")
    except (AudioFileError, ConfigError, ManifestError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
