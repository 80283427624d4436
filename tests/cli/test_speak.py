import io
import sys

import numpy as np
import pytest
import soundfile

from nemo.cli import speak
from nemo.cli.main import main
from nemo.collections.tts.inference import Spoken
from nemo.utils.exceptions import ConfigError


class FakeSynthesizer:
    """Says silence, a second a word, and remembers how it was asked."""

    def __init__(self):
        self.asked = []

    def speak(self, text, speaker, **manner):
        if "?" in text:
            raise ConfigError(f"The text {text!r} has nothing that can be spoken.")
        self.asked.append({"text": text, "speaker": speaker, **manner})
        return Spoken(text, np.zeros(8000 * len(text.split()), np.float32), 8000, [text])


@pytest.fixture(autouse=True)
def synthesizer(monkeypatch):
    fake = FakeSynthesizer()
    monkeypatch.setattr(speak, "load_synthesizer", lambda chosen: fake)
    return fake


def command(*arguments):
    return main(["speak", *arguments, "--model", "m.nemo"])


def test_a_text_becomes_a_file_and_a_line(tmp_path, capsys, synthesizer):
    path = tmp_path / "out.wav"
    assert command("good\nday", "-o", str(path), "--pace", "0.8", "--pitch", "-2", "--speaker", "3") == 0
    assert capsys.readouterr().out == f"{path}\t2.00\tgood day\n"
    assert soundfile.info(path).frames == 16000
    manner = {"pace": 0.8, "pitch": -2.0, "volume": 1.0, "normalize": True}
    assert synthesizer.asked == [{"text": "good\nday", "speaker": 3, **manner}]


def test_lines_of_standard_input_become_files_and_the_wrong_one_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n\n?\nthree words here\n"))
    assert command("-", "--output-dir", str(tmp_path / "out")) == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"1.wav", "3.wav"}
    captured = capsys.readouterr()
    assert captured.err == "nemo speak: line 2: The text '?' has nothing that can be spoken.\n"
    assert captured.out.splitlines()[1].endswith("3.wav\t3.00\tthree words here")


def test_audio_goes_to_standard_output(capsysbinary):
    assert command("one", "-o", "-") == 0
    found, rate = soundfile.read(io.BytesIO(capsysbinary.readouterr().out))
    assert (len(found), rate) == (8000, 8000)


def test_what_fails_is_said_in_one_line(tmp_path, capsys):
    assert command("?", "-o", str(tmp_path / "a.wav")) == 1
    assert capsys.readouterr().err == "nemo speak: The text '?' has nothing that can be spoken.\n"
    assert not list(tmp_path.iterdir())


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit):
        main(["speak", "--help"])
    assert "nemo speak - --model vits.nemo -o book.wav < chapter.txt" in capsys.readouterr().out
