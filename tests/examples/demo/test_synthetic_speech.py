import array
import wave

import pytest

from examples.demo import synthetic_speech
from examples.demo.errors import DemoError
from examples.demo.synthetic_speech import VOICES, EspeakVoices, make_synthetic_speech


def test_every_sentence_is_said_by_every_voice(tmp_path, monkeypatch):
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("Hello world.\nThe train leaves at seven.\n")
    monkeypatch.setattr(synthetic_speech, "SENTENCES", sentences)
    speech = make_synthetic_speech(tmp_path / "data")
    assert len(speech) == 2 * len(VOICES)
    contents = set()
    for recording, _ in speech:
        with wave.open(str(recording)) as file:
            samples = array.array("h", file.readframes(file.getnframes()))
        assert 0.5 < len(samples) / 22050 < 4.0
        assert max(samples) > 2000, "the recording is silent"
        contents.add(samples.tobytes())
    assert len(contents) == len(speech), "two voices sound the same"


def test_unknown_voice_is_named():
    with pytest.raises(DemoError, match="'xx-none'"):
        EspeakVoices().say("hello", "xx-none", 150)
