import json
import wave

import pytest

from examples.demo.errors import DemoError
from examples.demo.manifests import describe, is_held_out, write_manifests


def write_silence(path, seconds):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * int(8000 * seconds)))
    return path


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_sentence_is_in_one_part_only(tmp_path):
    recordings = [(write_silence(tmp_path / f"{i}.wav", 0.5), f"Sentence number {i % 30}.") for i in range(60)]
    train, held_out = map(read, write_manifests(recordings, tmp_path))
    assert len(train) + len(held_out) == 60
    assert not {entry["text"] for entry in train} & {entry["text"] for entry in held_out}
    assert all(entry["duration"] == 0.5 for entry in train)


def test_wordless_and_too_long_recordings_are_left_out(tmp_path):
    kept = [(write_silence(tmp_path / f"{i}.wav", 0.5), f"word {i}") for i in range(40)]
    dropped = [
        (write_silence(tmp_path / "beep.wav", 1.0), "[beep]"),
        (write_silence(tmp_path / "long.wav", 15.5), "long"),
        (write_silence(tmp_path / "short.wav", 0.1), "short"),
    ]
    train, held_out = map(read, write_manifests([*kept, *dropped], tmp_path))
    assert len(train) + len(held_out) == 40


def test_about_one_text_in_ten_is_held_out():
    share = sum(is_held_out(f"sentence {i}") for i in range(5000)) / 5000
    assert share == pytest.approx(0.1, abs=0.015)  # three standard deviations


def test_nothing_usable_is_an_error(tmp_path):
    with pytest.raises(DemoError, match="Only 0 usable recordings"):
        write_manifests([], tmp_path)


def test_description_counts_recordings_and_minutes(tmp_path):
    manifest = tmp_path / "m.json"
    manifest.write_text('{"duration": 90.0}\n{"duration": 30.0}\n')
    assert describe(manifest) == "2 recordings, 2.0 minutes"
