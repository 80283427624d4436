"""A made-up voice: every letter is a tone of its own."""

import json

import numpy as np
import soundfile

SAMPLE_RATE = 8000
SECONDS_A_LETTER = 0.12
PITCHES = {"a": 150.0, "b": 200.0, "c": 300.0, " ": 0.0}


def spoken(text):
    """The audio of a text, with three harmonics a letter."""
    time = np.arange(int(SECONDS_A_LETTER * SAMPLE_RATE)) / SAMPLE_RATE
    tones = [sum(0.2 / k * np.sin(2 * np.pi * PITCHES[letter] * k * time) for k in (1, 2, 3)) for letter in text]
    return np.concatenate(tones)


def write_voice(folder, texts=("abab", "bcc", "cab", "aab"), **extra):
    """Recordings of texts and their manifest, whose path is returned; `extra` has a list of values for each key."""
    lines = []
    for number, text in enumerate(texts):
        name = f"{number}.wav"
        audio = spoken(f" {text} ")
        soundfile.write(folder / name, audio, SAMPLE_RATE)
        line = {"audio_filepath": name, "duration": len(audio) / SAMPLE_RATE, "text": text}
        lines.append(line | {key: values[number] for key, values in extra.items()})
    path = folder / "manifest.json"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)
