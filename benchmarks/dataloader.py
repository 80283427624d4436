"""Manifest -> padded batches: 500 WAV files of 1 to 4 s, batch 16, no workers; files a second, and its setup.

The reference is the original toolkit's release 1.23 on two cores of the same kind: 163 ms for the 500 files. A second
line compares with the bare work: soundfile.read and copies into a padded tensor. A third reads a long manifest, a
fourth plans an epoch of buckets for as many recordings and says how much of the batches is padding, without buckets and
with them.
Run: ``python -m benchmarks.dataloader``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.measure import compare, emit, emit_ratio, measure
from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.common.data.bucketing import LengthBuckets
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


def padding_share(lengths: np.ndarray, batches: Iterable[Sequence[int]]) -> float:
    """Part of all batches that is padding."""
    padded = sum(lengths[list(batch)].max() * len(batch) for batch in batches)
    return float(1 - lengths.sum() / padded)


def bucket_lengths() -> None:
    """Durations as of read books, 1.5 to 35 s with most near 14: mixed as they come, or in buckets."""
    draw = np.random.default_rng(0)
    lengths = np.clip(
        np.where(
            draw.random(MANIFEST_LINES) < 0.7,
            draw.normal(14.5, 1.5, MANIFEST_LINES),
            draw.gamma(3.0, 3.0, MANIFEST_LINES),
        ),
        1.5,
        35.0,
    )
    order = draw.permutation(MANIFEST_LINES).tolist()
    mixed = [order[start : start + BATCH] for start in range(0, MANIFEST_LINES, BATCH)]
    plan = LengthBuckets(lengths, batch_size=BATCH, num_buckets=30)
    dynamic = LengthBuckets(lengths, max_total=15.0 * BATCH, num_buckets=30)
    planning = measure(lambda: list(plan.batches(0, 0, 0, 1)), repetitions=3)
    emit(
        "bucketing_100000",
        MANIFEST_LINES / planning.median,
        unit="samples planned/s",
        limit=100_000,
        timing=planning,
        at_least=True,
        padding_mixed=round(padding_share(lengths, mixed), 4),
        padding_30_buckets=round(padding_share(lengths, plan.batches(0, 0, 0, 1)), 4),
        padding_30_buckets_of_240_seconds=round(padding_share(lengths, dynamic.batches(0, 0, 0, 1)), 4),
    )


def main() -> None:
    bucket_lengths()
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
