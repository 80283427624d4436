"""Manifest -> padded batches: 500 WAV files of 1 to 4 s, batch 16, no workers; files a second, and its setup.

The reference is the original toolkit's release 1.23 on two cores of the same kind: 163 ms for the 500 files. A second
line compares with the bare work: soundfile.read and copies into a padded tensor. A third reads a long manifest.
Run: ``python -m benchmarks.dataloader``.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.measure import compare, emit, emit_ratio, measure
from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.common.data.manifest import read_manifest

FILES, BATCH, SAMPLE_RATE = 500, 16, 16000
ORIGINAL_FILES_A_SECOND = 2772
ORIGINAL_SETUP_SECONDS = 0.0132
LABELS = list(" abcdefghijklmnopqrstuvwxyz'")
MANIFEST_LINES = 100_000


def make_corpus(folder: Path) -> Path:
    generator = np.random.default_rng(0)
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "then", "it", "went", "home", "to", "sleep"]
    lines = []
    for index in range(FILES):
        seconds = float(generator.uniform(1, 4))
        path = folder / f"{index:04d}.wav"
        soundfile.write(path, generator.normal(size=int(seconds * SAMPLE_RATE)) * 0.1, SAMPLE_RATE, subtype="PCM_16")
        text = " ".join(generator.choice(words, max(1, int(seconds * 2))))
        lines.append(json.dumps({"audio_filepath": str(path), "duration": seconds, "text": text}))
    (folder / "manifest.json").write_text("\n".join(lines) + "\n")
    return folder / "manifest.json"


def bare(paths: list[str]) -> int:
    """The same batches by soundfile alone."""
    count = 0
    for start in range(0, len(paths), BATCH):
        signals = [soundfile.read(path, dtype="float32")[0] for path in paths[start : start + BATCH]]
        batch = torch.zeros(len(signals), max(map(len, signals)))
        for row, signal in zip(batch, signals, strict=True):
            row[: len(signal)] = torch.from_numpy(signal)
        count += len(batch)
    return count


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        manifest = make_corpus(Path(folder))
        section = {
            "manifest_filepath": str(manifest),
            "sample_rate": SAMPLE_RATE,
            "labels": LABELS,
            "batch_size": BATCH,
            "max_duration": 20.0,
            "min_duration": 0.05,
        }
        loader = build_audio_to_text_loader(section)
        paths = [str(entry.audio_file) for entry in read_manifest(manifest)]
        timings = compare(
            {"ours": lambda: sum(len(batch[0]) for batch in loader), "bare": lambda: bare(paths)}, repetitions=9
        )
        setup = measure(lambda: build_audio_to_text_loader(section))
        emit(
            "dataloader_500",
            FILES / timings["ours"].median,
            unit="files/s",
            limit=ORIGINAL_FILES_A_SECOND,
            reference="release 1.23: 2772",
            timing=timings["ours"],
            at_least=True,
            files_per_cpu_second=FILES / timings["ours"].cpu,
            setup_seconds=setup.median,
            setup_seconds_of_the_original=ORIGINAL_SETUP_SECONDS,
        )
        emit_ratio("dataloader_500_over_soundfile", timings["ours"], timings["bare"], limit=1.0)
        long = Path(folder) / "long.json"
        long.write_text(manifest.read_text() * (MANIFEST_LINES // FILES))
        reading = measure(lambda: read_manifest(long), repetitions=3)
        emit(
            "manifest_100000",
            MANIFEST_LINES / reading.median,
            unit="lines/s",
            limit=50_000,
            timing=reading,
            at_least=True,
        )


if __name__ == "__main__":
    main()
