"""Short recordings joined to longer ones, so that a batch is filled with speech and not with padding.

Prompts last from half a second to fifteen, so most of a batch would be zeros. Joined in a random order to nearly equal
lengths they train faster, and each neighbour is a new context. Much longer ones learn slowly: CTC has to find where in
them each character is.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from examples.demo.manifests import Entry
from nemo.utils.optional import require

JOINED_SECONDS = 6.0
LONGEST_PAUSE_SECONDS = 0.4
ROUNDS = 4
"""How often each recording is joined, every time to others; one epoch then hears it this often."""


def plan(seconds: list[float], longest: float, order: random.Random) -> list[list[int]]:
    """Groups of indices, in random order, whose lengths with pauses stay below `longest` seconds, or alone."""
    waiting = list(range(len(seconds)))
    order.shuffle(waiting)
    groups: list[list[int]] = []
    rooms: list[float] = []
    for index in waiting:
        need = seconds[index] + LONGEST_PAUSE_SECONDS
        fitting = next((number for number, room in enumerate(rooms) if room >= need), None)
        if fitting is None:
            groups.append([index])
            rooms.append(longest - need)
        else:
            groups[fitting].append(index)
            rooms[fitting] -= need
    return groups


def join_recordings(entries: list[Entry], folder: Path, longest: float, rounds: int = ROUNDS) -> list[Entry]:
    """Writes joined recordings to `folder` and gives their manifest entries.

    Args:
        entries: manifest entries; all recordings have one sample rate.
        folder: where the wav files go.
        longest: seconds that a joined recording has at most.
        rounds: how often each recording is used.
    """
    soundfile = require("soundfile", extra="asr", purpose="joining recordings")
    folder.mkdir(parents=True, exist_ok=True)
    order = random.Random(0)
    joined: list[Entry] = []
    for number in range(rounds):
        for group in plan([float(entry["duration"]) for entry in entries], longest, order):
            pieces: list[np.ndarray] = []
            rate = 0
            for index in group:
                samples, rate = soundfile.read(str(entries[index]["audio_filepath"]), dtype="int16")
                pause = order.uniform(0.05, LONGEST_PAUSE_SECONDS)
                pieces += [samples, np.zeros(int(pause * rate), dtype=np.int16)]
            recording = np.concatenate(pieces)
            path = folder / f"{number}_{len(joined):04d}.wav"
            soundfile.write(str(path), recording, rate)
            joined.append(
                {
                    "audio_filepath": str(path.resolve()),
                    "duration": round(len(recording) / rate, 3),
                    "text": " ".join(str(entries[index]["text"]) for index in group),
                }
            )
    return joined
