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

HELD_OUT_SHARE = 0.1
LONGEST_SECONDS = 15.0
SHORTEST_SECONDS = 0.3


@dataclass(frozen=True)
class DemoData:
    """The two manifests of a demo and what they hold."""

    train: Path
    held_out: Path
    description: str


def is_held_out(text: str) -> bool:
    """True for about one text in ten, always the same; a sentence that is said twice is never in both parts."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    return number < HELD_OUT_SHARE * 2**32


def write_manifests(recordings: Iterable[tuple[Path, str]], folder: Path) -> tuple[Path, Path]:
    """Writes `folder`/train.json and `folder`/held_out.json, one JSON object a line.

    Left out: recordings without spoken words, and those shorter than 0.3 or longer than 15 seconds.

    Raises:
        DemoError: nothing is left for one of the two.
    """
    soundfile = require("soundfile", extra="asr", purpose="reading recordings")
    entries: dict[bool, list[dict[str, str | float]]] = {False: [], True: []}
    left_out = 0
    for recording, printed in recordings:
        text, seconds = spoken_text(printed), soundfile.info(str(recording)).duration
        if not text or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            left_out += 1
            continue
        entry = {"audio_filepath": str(recording.resolve()), "duration": round(seconds, 3), "text": text}
        entries[is_held_out(text)].append(entry)
    if not entries[False] or not entries[True]:
        raise DemoError(f"Only {sum(map(len, entries.values()))} usable recordings in {folder}; delete it, run again.")
    logger.info("%d recordings left out: no words, or not between 0.3 and 15 seconds", left_out)
    train, held_out = folder / "train.json", folder / "held_out.json"
    for path, part in ((train, entries[False]), (held_out, entries[True])):
        with atomic_write(path) as temporary:
            temporary.write_text("".join(json.dumps(entry) + "\n" for entry in part), encoding="utf-8")
    return train, held_out


def describe(manifest: Path) -> str:
    """How much a manifest holds: ``477 recordings, 19.6 minutes``."""
    entries = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return f"{len(entries)} recordings, {sum(entry['duration'] for entry in entries) / 60:.1f} minutes"
