"""Conformer-small (16 layers of width 176, 28 characters) against what the original needed for the same work.

A training step of 8 x 8 s (forward, CTC, backward, AdamW), and transcription of 40 files of 4 to 11 s, five minutes in
all, in batches of 8. The original's seconds were measured with its releases 1.23.0 and 3.0.0, PyTorch 2.13 for CPUs, on
two cores of an AMD EPYC (Zen 4) with two threads, medians of three runs; the better release counts. Ours run on one
thread, and on two where there are two cores. On a busy machine the CPU seconds of one thread are the better guide:
they are more than the wall seconds of two threads. Run: ``python -m benchmarks.conformer_small``.
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import torch

from benchmarks.measure import emit, measure
from benchmarks.transcribe import recordings

MODULES = "nemo.collections.asr.modules"
LABELS = list(" abcdefghijklmnopqrstuvwxyz'")
SAMPLE_RATE = 16000
ORIGINAL_TRAIN_SECONDS = 2.33971
ORIGINAL_TRANSCRIBE_SECONDS = 4.62298
LIMIT = 0.70


def config() -> dict[str, Any]:
    """The model section of the original's measurement."""
    return {
        "sample_rate": SAMPLE_RATE,
        "labels": LABELS,
        "log_prediction": False,
        "preprocessor": {
            "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
            "sample_rate": SAMPLE_RATE, "normalize": "per_feature", "window_size": 0.025, "window_stride": 0.01,
            "window": "hann", "features": 80, "n_fft": 512, "dither": 1e-5, "pad_to": 0,
        },
        "spec_augment": {
            "_target_": f"{MODULES}.SpectrogramAugmentation",
            "freq_masks": 2, "time_masks": 5, "freq_width": 27, "time_width": 0.05,
        },
        "encoder": {
            "_target_": f"{MODULES}.ConformerEncoder",
            "feat_in": 80, "n_layers": 16, "d_model": 176, "subsampling": "striding", "subsampling_factor": 4,
            "subsampling_conv_channels": 176, "n_heads": 4, "conv_kernel_size": 31, "dropout": 0.1,
            "dropout_emb": 0.0, "dropout_att": 0.1,
        },
        "decoder": {"_target_": f"{MODULES}.ConvASRDecoder", "feat_in": 176, "num_classes": 28, "vocabulary": LABELS},
        "optim": {"name": "adamw", "lr": 1e-3, "betas": [0.9, 0.98], "weight_decay": 1e-3},
    }  # fmt: skip


def conformer() -> Any:
    from nemo.collections.asr.models import EncDecCTCModel

    torch.manual_seed(0)
    return EncDecCTCModel(cfg=config())


def train_step(model: Any) -> Any:
    """A function that does one step."""
    model.train()
    signal, lengths = 0.1 * torch.randn(8, 8 * SAMPLE_RATE), torch.full((8,), 8 * SAMPLE_RATE)
    targets, target_lengths = torch.randint(1, 28, (8, 60)), torch.full((8,), 60)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

    def step() -> None:
        optimizer.zero_grad()
        log_probs, frames, _ = model(input_signal=signal, input_signal_length=lengths)
        model.loss(log_probs=log_probs, targets=targets, input_lengths=frames, target_lengths=target_lengths).backward()
        optimizer.step()

    return step


def emit_to_original(name: str, function: Any, original: float, repetitions: int) -> None:
    for threads in sorted({1, min(2, os.cpu_count() or 1)}):
        torch.set_num_threads(threads)
        timing = measure(function, repetitions=repetitions)
        emit(
            f"conformer_small_{name}_{threads}_threads",
            min(timing.wall_seconds) / original,
            unit="ratio",
            limit=LIMIT,
            reference=original,
            timing=timing,
            cpu_ratio=min(timing.cpu_seconds) / original,
            best_seconds=min(timing.wall_seconds),
            best_cpu_seconds=min(timing.cpu_seconds),
        )


def main() -> None:
    logging.getLogger("nemo").setLevel(logging.ERROR)
    model = conformer()
    emit_to_original("train_step", train_step(model), ORIGINAL_TRAIN_SECONDS, repetitions=5)
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        paths = [path for path, _ in recordings(Path(folder))]
        emit_to_original(
            "transcribe",
            lambda: model.transcribe(paths, batch_size=8, verbose=False),
            ORIGINAL_TRANSCRIBE_SECONDS,
            repetitions=3,
        )


if __name__ == "__main__":
    main()
