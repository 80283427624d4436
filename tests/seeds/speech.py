"""A few seconds of made-up speech and a config small enough to train on it in a second."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

TINY_BLOCK = {
    "filters": 16,
    "repeat": 1,
    "kernel": [11],
    "stride": [2],
    "dilation": [1],
    "dropout": 0.0,
    "residual": False,
}
TINY_OVERRIDES = (
    "model.encoder.jasper=[{filters:16,repeat:1,kernel:[11],stride:[2],dilation:[1],dropout:0.0,residual:false}]",
    "model.decoder.feat_in=16",
    "model.train_ds.batch_size=2",
    "model.validation_ds.batch_size=2",
    "model.train_ds.num_workers=0",
    "model.validation_ds.num_workers=0",
)


def write_manifest(folder: Path, count: int = 4, sample_rate: int = 16000) -> Path:
    """Tones of 0.6 to 1 s with short texts; gives the manifest's path."""
    generator = np.random.default_rng(0)
    lines = []
    for index in range(count):
        seconds = 0.6 + 0.1 * (index % 5)
        time = np.arange(int(seconds * sample_rate)) / sample_rate
        tone = 0.3 * np.sin(2 * np.pi * (200 + 50 * index) * time) + 0.01 * generator.standard_normal(len(time))
        soundfile.write(folder / f"{index}.wav", tone, sample_rate)
        lines.append({"audio_filepath": f"{index}.wav", "duration": seconds, "text": "ab c"[: 2 + index % 3]})
    manifest = folder / "manifest.json"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return manifest
