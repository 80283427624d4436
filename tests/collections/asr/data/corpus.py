"""A small corpus of noise: WAV files, manifests of all and of parts, and tar files."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import soundfile

RATE = 8000
LABELS = [*"abcdefghijklmnopqrstuvwxyz"]


def write_corpus(folder: Path, count: int = 12, tars: int = 3) -> Path:
    """Recording i is 50 ms and 5 ms more for each before it; its text is the i-th letter.

    `m.json` lists all, `m_0.json` ... those of `audio_0.tar` ..., dealt out in turn.
    """
    lines = []
    for number in range(count):
        samples = np.random.default_rng(number).standard_normal(400 + 40 * number) * 0.1
        name = f"{number}.wav"
        soundfile.write(folder / name, samples, RATE, subtype="PCM_16")
        lines.append({"audio_filepath": name, "duration": len(samples) / RATE, "text": LABELS[number]})
    (folder / "m.json").write_text("\n".join(map(json.dumps, lines)))
    for part in range(tars):
        own = lines[part::tars]
        (folder / f"m_{part}.json").write_text("\n".join(map(json.dumps, own)))
        with tarfile.open(folder / f"audio_{part}.tar", "w") as tar:
            for line in own:
                content = (folder / line["audio_filepath"]).read_bytes()
                member = tarfile.TarInfo(line["audio_filepath"])
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return folder


def letters(batch) -> list[str]:
    """The texts of a batch."""
    return ["".join(LABELS[index] for index in row[:size]) for row, size in zip(batch[2], batch[3], strict=True)]
