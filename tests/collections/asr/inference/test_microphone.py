"""A microphone that is none."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from nemo.collections.asr.inference.microphone import microphone_chunks
from nemo.utils.exceptions import MissingDependencyError


class FakeMicrophone:
    """Gives counted samples; the second piece comes too late."""

    def __init__(self, **options):
        self.options, self.position = options, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_closed = True

    def read(self, frames):
        self.position += frames
        return np.arange(self.position - frames, self.position, dtype=np.float32)[:, None], self.position == 2 * frames


def test_pieces_follow_each_other(monkeypatch, caplog):
    made = []
    fake = SimpleNamespace(InputStream=lambda **options: made.append(FakeMicrophone(**options)) or made[0])
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    chunks = microphone_chunks(16000, chunk_seconds=0.01, device="usb")
    assert np.concatenate([next(chunks) for _ in range(3)]).tolist() == list(range(480))
    chunks.close()
    assert made[0].is_closed and made[0].options["samplerate"] == 16000 and made[0].options["device"] == "usb"
    assert caplog.text.count("too slow") == 1


def test_the_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingDependencyError, match="microphone"):
        next(microphone_chunks(16000))
