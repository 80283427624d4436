r"""Speaks held-out sentences in five ways and has a recogniser write down what it hears.

    python -m examples.demo.spoken_sentences --fastpitch=voice.nemo --hifigan=vocoder.nemo --recogniser=ctc.nemo \
        --held-out=dev.json --output=spoken

The folder of output gets the audio of each way, a manifest of it, and scores.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from examples.demo.manifests import read_entries, write_manifest
from examples.demo.report import transcribe_manifest
from nemo.utils.atomic import atomic_write

WAYS = {
    "recorded": "the recordings themselves",
    "griffin_lim": "recorded spectrograms, Griffin-Lim",
    "hifigan": "recorded spectrograms, HiFi-GAN",
    "fastpitch_hifigan": "text, FastPitch, HiFi-GAN",
    "fastpitch_griffin_lim": "text, FastPitch, Griffin-Lim",
}
SHOWN = 4


def speak(fastpitch: Path, hifigan: Path, held_out: Path, output: Path) -> dict[str, Path]:
    """Writes the audio of all ways to `output`; the manifest of each."""
    from nemo.collections.tts.inference.voices import griffin_lim_vocoder
    from nemo.collections.tts.models import FastPitchModel, HifiGanModel

    voice = FastPitchModel.restore_from(str(fastpitch), map_location="cpu").eval()
    vocoder = HifiGanModel.restore_from(str(hifigan), map_location="cpu").eval()
    phases = griffin_lim_vocoder(voice)
    vocoders: dict[str, Callable[[Tensor], Tensor]] = {
        "griffin_lim": lambda mel: phases.convert_spectrogram_to_audio(spec=mel),
        "hifigan": lambda mel: vocoder.convert_spectrogram_to_audio(spec=mel),
    }
    manifests: dict[str, list[dict[str, str | float]]] = {name: [] for name in WAYS}
    torch.manual_seed(0)
    for number, entry in enumerate(read_entries(held_out)):
        manifests["recorded"].append(entry)
        for way, audio in _ways(str(entry["text"]), str(entry["audio_filepath"]), voice, vocoders):
            path = output / way / f"{number:03d}.wav"
            seconds = _write(path, audio, vocoder.sample_rate)
            manifests[way].append({"audio_filepath": str(path), "duration": seconds, "text": entry["text"]})
    paths = {name: output / f"{name}.json" for name in WAYS}
    for name, entries in manifests.items():
        write_manifest(paths[name], entries)
    return paths


@torch.no_grad()
def _ways(
    text: str, recording: str, voice: Any, vocoders: dict[str, Callable[[Tensor], Tensor]]
) -> Iterator[tuple[str, Tensor]]:
    """Name and audio [T] of every way but the first."""
    from nemo.collections.common.audio.io import load_audio

    audio = torch.from_numpy(load_audio(recording, voice.cfg.preprocessor.sample_rate))[None]
    recorded, _ = voice.preprocessor(input_signal=audio, length=torch.tensor([audio.shape[1]]))
    predicted = voice.generate_spectrogram(tokens=voice.parse(text))
    for name, vocoder in vocoders.items():
        yield name, vocoder(recorded)[0]
        yield f"fastpitch_{name}", vocoder(predicted)[0]


def _write(path: Path, audio: Tensor, sample_rate: int) -> float:
    from nemo.collections.tts.inference.wav_file import write_wav

    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, audio.numpy().astype(np.float32), sample_rate)
    return round(len(audio) / sample_rate, 3)


def score(recogniser: Path, manifests: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Error rates and transcripts of each way; `range` is the middle 90 % of the CER if other sentences were drawn."""
    from nemo.collections.asr.metrics.wer import count_errors, word_error_rate

    scores: dict[str, dict[str, Any]] = {}
    for name, manifest in manifests.items():
        references, transcripts = transcribe_manifest(recogniser, manifest)
        errors, characters = count_errors(transcripts, references, True)
        scores[name] = {
            "cer": sum(errors) / sum(characters),
            "range": bootstrap_range(errors, characters),
            "wer": word_error_rate(hypotheses=transcripts, references=references),
            "references": references,
            "transcripts": transcripts,
        }
    return scores


def bootstrap_range(errors: Sequence[int], characters: Sequence[int], draws: int = 5000) -> tuple[float, float]:
    """Where the error rate lies in 90 % of draws of as many sentences, with replacement (Efron, 1979)."""
    chosen = np.random.default_rng(0).integers(0, len(errors), (draws, len(errors)))
    rates = np.asarray(errors)[chosen].sum(axis=1) / np.asarray(characters)[chosen].sum(axis=1)
    low, high = np.quantile(rates, (0.05, 0.95))
    return float(low), float(high)


def print_scores(scores: dict[str, dict[str, Any]]) -> None:
    """A table of error rates, then what was heard of the longest sentences."""
    print(f"  {'what the recogniser heard':40} {'CER':>7} {'90 % of draws':>15} {'WER':>7}")
    for name, found in scores.items():
        low, high = found["range"]
        print(f"  {WAYS[name]:40} {found['cer']:7.1%} {low:7.0%} to {high:4.0%} {found['wer']:7.1%}")
    references = scores["recorded"]["references"]
    for index in sorted(range(len(references)), key=lambda number: -len(references[number]))[1 : SHOWN + 1]:
        print(f"\n  said                   {references[index]}")
        for name in ("recorded", "hifigan", "fastpitch_hifigan"):
            print(f"  {name:22} {scores[name]['transcripts'][index]}")


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("fastpitch", "hifigan", "recogniser"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a .nemo file")
    parser.add_argument("--held-out", type=Path, required=True, help="JSON lines with audio_filepath and text")
    parser.add_argument("--output", type=Path, required=True, help="folder")
    chosen = parser.parse_args(arguments)
    chosen.output.mkdir(parents=True, exist_ok=True)
    scores = score(chosen.recogniser, speak(chosen.fastpitch, chosen.hifigan, chosen.held_out, chosen.output))
    with atomic_write(chosen.output / "scores.json") as temporary:
        temporary.write_text(json.dumps(scores, indent=1), encoding="utf-8")
    print_scores(scores)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
