"""Recordings and their printed texts to a training and a held-out manifest."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from examples.demo.errors import DemoError
from examples.demo.spoken_text import spoken_text
from nemo.utils.atomic import atomic_write
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

Entry = dict[str, str | float]
"""A manifest line: audio_filepath, duration in seconds, text."""

HELD_OUT_SHARE = 0.1
LONGEST_SECONDS = 15.0
SHORTEST_SECONDS = 0.3


@dataclass(frozen=True)
class DemoData:
    """The manifests of a demo, and how to train on them."""

    train: Path
    """What the training script gets."""
    held_out: Path
    description: str
    overrides: tuple[str, ...] = ()
    """``key=value`` for the training script: what suits this much data."""
    spoken: Path | None = None
    """The recordings as they were made, where `train` holds them joined."""


def is_held_out(text: str) -> bool:
    """True for about one text in ten, always the same; a sentence that is said twice is never in both parts."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return number < HELD_OUT_SHARE * 2**32


def write_manifests(
    recordings: Iterable[tuple[Path, str]], folder: Path, longest: float = LONGEST_SECONDS
) -> tuple[Path, Path]:
    """Writes `folder`/train.json and `folder`/held_out.json, one JSON object a line.

    Left out: recordings without spoken words, and those shorter than 0.3 or longer than `longest` seconds.

    Raises:
        DemoError: nothing is left for one of the two.
    """
    soundfile = require("soundfile", extra="asr", purpose="reading recordings")
    entries: dict[bool, list[Entry]] = {False: [], True: []}
    left_out = 0
    for recording, printed in recordings:
        text, seconds = spoken_text(printed), soundfile.info(str(recording)).duration
        if not text or not SHORTEST_SECONDS <= seconds <= longest:
            left_out += 1
            continue
        entry: Entry = {"audio_filepath": str(recording.resolve()), "duration": round(seconds, 3), "text": text}
        entries[is_held_out(text)].append(entry)
    if not entries[False] or not entries[True]:
        raise DemoError(f"Only {sum(map(len, entries.values()))} usable recordings in {folder}; delete it, run again.")
    logger.info("%d recordings left out: no words, or not between 0.3 and %g seconds", left_out, longest)
    train, held_out = folder / "train.json", folder / "held_out.json"
    write_manifest(train, entries[False])
    write_manifest(held_out, entries[True])
    return train, held_out


def write_manifest(path: Path, entries: Iterable[Entry]) -> None:
    """Writes a manifest, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")


def read_entries(path: Path) -> list[Entry]:
    """The entries of a manifest that we wrote."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def describe(manifest: Path) -> str:
    """How much a manifest holds: ``477 recordings, 19.6 minutes``."""
    seconds = [float(entry["duration"]) for entry in read_entries(manifest)]
    return f"{len(seconds)} recordings, {sum(seconds) / 60:.1f} minutes"
