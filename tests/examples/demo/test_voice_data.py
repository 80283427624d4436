import json

import pytest
import soundfile

from examples.demo import voice_data
from examples.demo.errors import DemoError
from examples.demo.manifests import read_entries
from examples.demo.voice_data import pitch_statistics, prepare_voice
from tests.collections.tts.data.voices import SAMPLE_RATE, spoken


def recordings(folder, texts):
    entries = []
    for number, text in enumerate(texts):
        samples = spoken(text)
        soundfile.write(folder / f"{text}{number}.wav", samples, SAMPLE_RATE)
        duration = len(samples) / SAMPLE_RATE
        entries.append({"audio_filepath": f"{text}{number}.wav", "duration": duration, "text": text})
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def test_a_folder_of_recordings_is_taken_over_with_longer_pieces_for_the_recogniser(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "train.json").write_text(recordings(tmp_path / "mine", ["aaaa", "bbbb", "abab"]))
    (tmp_path / "mine" / "dev.json").write_text(recordings(tmp_path / "mine", ["cc"]))
    data = prepare_voice(str(tmp_path / "mine"), tmp_path / "demo_data")
    assert data.train.parent == tmp_path / "demo_data" / "voice_mine"
    assert [entry["text"] for entry in read_entries(data.held_out)] == ["cc"]
    assert all(str(entry["audio_filepath"]).startswith(str(tmp_path)) for entry in read_entries(data.train))
    said = " ".join(str(entry["text"]) for entry in read_entries(data.joined)).split()
    assert sorted(set(said)) == ["aaaa", "abab", "bbbb"]
    mean, deviation = pitch_statistics(data.train, tmp_path / "features")
    assert 150 <= mean <= 200  # tones of 150 and 200 Hz
    assert 5 < deviation < 30
    assert list((tmp_path / "features").rglob("*.*"))


def test_a_sentence_in_both_parts_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in ("train", "held_out"):
        (tmp_path / "mine" / f"{name}.json").write_text(recordings(tmp_path / "mine", ["ab"]))
    with pytest.raises(DemoError, match=r"1 sentences of .*held_out.json are in .*train.json too, such as 'ab'"):
        prepare_voice(str(tmp_path / "mine"), tmp_path / "demo_data")


def test_a_folder_without_manifests_is_named(tmp_path):
    with pytest.raises(DemoError, match=f"{tmp_path.name} has no train.json"):
        prepare_voice(str(tmp_path), tmp_path / "demo_data")


def test_prompts_up_to_half_a_minute_are_used(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "long.wav", spoken("a" * 200), SAMPLE_RATE)
    soundfile.write(tmp_path / "short.wav", spoken("bcb"), SAMPLE_RATE)
    monkeypatch.setattr(voice_data, "get_wideband_prompts", lambda folder: [
        (tmp_path / "long.wav", "Pound sign"), (tmp_path / "short.wav", "goodbye")
    ])  # fmt: skip
    monkeypatch.setattr("examples.demo.manifests.is_held_out", lambda text: text == "goodbye")
    data = prepare_voice("prompts", tmp_path / "demo_data")
    assert [entry["duration"] for entry in read_entries(data.train)] == [24.0]
