import json

import pytest

from nemo.cli import transcribe
from nemo.cli.main import main


class FakeTranscript(str):
    def __new__(cls, text, error=None, timestamp=None):
        made = super().__new__(cls, text)
        made.error, made.timestamp = error, timestamp or []
        return made


class FakeModel:
    def transcribe(self, audio, batch_size, timestamps, verbose):
        times = {"word": [{"word": "hello", "start": 0.1, "end": 0.5, "start_offset": 5}]} if timestamps else None
        return [
            FakeTranscript("", error=f"AudioFileError: {path} is empty")
            if "bad" in path
            else FakeTranscript("hello", timestamp=times)
            for path in audio
        ]


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch):
    monkeypatch.setattr(transcribe, "load_model", lambda name, device: FakeModel())


def test_one_line_for_each_recording(capsys):
    assert main(["transcribe", "--model", "m.nemo", "a.wav", "b.wav"]) == 0
    assert capsys.readouterr().out == "a.wav\thello\nb.wav\thello\n"


def test_json_lines_are_a_manifest(capsys):
    assert main(["transcribe", "--model", "m.nemo", "--json", "--timestamps", "a.wav"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "audio_filepath": "a.wav",
        "pred_text": "hello",
        "words": [{"word": "hello", "start": 0.1, "end": 0.5}],
    }


def test_words_with_times(capsys):
    assert main(["transcribe", "--model", "m.nemo", "--timestamps", "a.wav"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["0.10", "0.50", "hello"]


def test_bad_recording_gives_status_1_and_the_others_are_printed(capsys):
    assert main(["transcribe", "--model", "m.nemo", "bad.wav", "a.wav"]) == 1
    assert capsys.readouterr().out == "a.wav\thello\n"


def test_missing_model_is_named(capsys, monkeypatch):
    monkeypatch.undo()
    assert main(["transcribe", "--model", "missing.nemo", "a.wav"]) == 1
    assert "missing.nemo" in capsys.readouterr().err
