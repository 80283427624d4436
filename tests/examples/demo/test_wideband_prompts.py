import gzip

import pytest
import soundfile

from examples.demo import wideband_prompts
from examples.demo.errors import DemoError
from examples.demo.g722 import decode_g722
from examples.demo.telephone_prompts import AUDIO_ROOT, TEXT_FILE
from examples.demo.wideband_prompts import BYTES_PER_SECOND, LONGEST_SECONDS, get_wideband_prompts
from tests.examples.demo.test_debian_package import make_package

TEXTS = b"hello: Hello.\ndigits/1: one\nlong: A speech.\nlost: This one has no recording.\n"


def offer(recordings, tmp_path, monkeypatch):
    audio, text = tmp_path / "audio.deb", tmp_path / "text.deb"
    audio.write_bytes(make_package({f"{AUDIO_ROOT}/{name}.g722": content for name, content in recordings.items()}))
    text.write_bytes(make_package({str(TEXT_FILE): gzip.compress(TEXTS)}))
    monkeypatch.setattr(wideband_prompts, "fetch_packages", lambda names, folder: [audio, text])


def test_prompts_are_decoded_to_16_khz(tmp_path, monkeypatch):
    long = bytes(int(LONGEST_SECONDS * BYTES_PER_SECOND) + 1)
    offer({"hello": b"\x5a" * 80, "digits/1": b"\xa3\x01", "long": long, "no text": b"1"}, tmp_path, monkeypatch)
    prompts = get_wideband_prompts(tmp_path / "data")
    assert [(path.name, text) for path, text in prompts] == [("hello.wav", "Hello."), ("digits_1.wav", "one")]
    samples, rate = soundfile.read(prompts[0][0], dtype="int16")
    assert rate == 16000
    assert samples.tolist() == decode_g722([b"\x5a" * 80])[0].tolist()


def test_a_package_without_recordings_is_named(tmp_path, monkeypatch):
    offer({"other": b"1"}, tmp_path, monkeypatch)
    with pytest.raises(DemoError, match=r"audio.deb holds no recordings below usr/share"):
        get_wideband_prompts(tmp_path / "data")
