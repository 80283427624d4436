"""Battery M2: files that are cut, lie, or are no audio at all: read rightly, or an error that names the file.

Nothing may hang, or ask for the memory that a header promises.
"""

import json
import os
import signal
import struct

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr.data.loader import build_audio_to_text_loader
from nemo.collections.common.audio.bad_audio import BadAudioPolicy
from nemo.collections.common.audio.io import AudioBytes, audio_duration, load_audio
from nemo.collections.common.exceptions import AudioFileError
from nemo.utils.exceptions import ConfigError
from tests.collections.common.audio.test_io import RATE, TONE, saved, wav_bytes

SECONDS = 30


@pytest.fixture(autouse=True)
def _nothing_hangs():
    def hung(_number, _frame):
        raise TimeoutError(f"still reading after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


FORMATS = {
    "pcm16.wav": {"subtype": "PCM_16"},
    "pcm24.wav": {"subtype": "PCM_24"},
    "float.wav": {"subtype": "FLOAT"},
    "lossless.flac": {},
}


def places(size):
    """Twenty places in a file: its first bytes, its header, and here and there to its last byte."""
    return [0, 1, 3, 4, 8, 11, 12, 16, 20, 30, 40, 43, *(size * part // 8 for part in range(1, 7)), size - 9, size - 2]


@pytest.mark.battery("M2")
@pytest.mark.parametrize("place", range(20))
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_is_cut_is_named(tmp_path, name, place):
    content = saved(tmp_path, name, **FORMATS[name]).read_bytes()
    path = tmp_path / f"cut-{name}"
    path.write_bytes(content[: places(len(content))[place]])
    for source in (path, AudioBytes(str(path), path.read_bytes())):
        with pytest.raises(AudioFileError, match=f"cut-{name}"):
            load_audio(source)


@pytest.mark.parametrize("name", ["lossy.ogg", "lossy.mp3"])
def test_a_cut_lossy_file_is_named_or_gives_its_beginning(tmp_path, name):
    whole = saved(tmp_path, name, np.tile(TONE, 8))
    content, samples = whole.read_bytes(), load_audio(whole)
    for place in places(len(content)):
        path = tmp_path / f"cut-{name}"
        path.write_bytes(content[:place])
        read = read_or_error(path)
        if isinstance(read, AudioFileError):
            assert f"cut-{name}" in str(read)
        else:
            assert 0 < len(read) <= len(samples)
            settled = len(read) - 2304  # the last frames of mp3 overlap with what is not there
            np.testing.assert_allclose(read[:settled], samples[:settled], atol=1e-4)


def read_or_error(path):
    try:
        return load_audio(path)
    except AudioFileError as error:
        return error


NAN = np.array([0.0, np.nan, 0.1], dtype="<f4").tobytes()
INFINITE = np.array([0.0, np.inf, 0.1], dtype="<f4").tobytes()
SPOILT = {
    "empty": (b"", "is empty"),
    "text": (b"hello, I am no recording\n" * 20, "not audio"),
    "json": (b'{"audio_filepath": "a.wav"}', "not audio"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", "not audio"),
    "zeros": (b"\0" * 5000, "not audio"),
    "ones": (b"\xff" * 5000, r"spoilt\.wav"),
    "random": (np.random.default_rng(0).bytes(5000), r"spoilt\.wav"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 200, "not audio"),
    "zip": (b"PK\x03\x04" + b"\0" * 200, "not audio"),
    "gzip": (b"\x1f\x8b\x08" + b"\0" * 200, "not audio"),
    "m4a": (b"\0\0\0\x20ftypM4A " + b"\0" * 200, "ffmpeg"),
    "webm": (b"\x1a\x45\xdf\xa3" + b"\0" * 200, "not audio"),
    "riff of another kind": (b"RIFF\x24\0\0\0AVI LIST" + b"\0" * 200, "not audio"),
    "riff without chunks": (b"RIFF\x04\0\0\0WAVE", r"spoilt\.wav"),
    "no samples": (wav_bytes(b""), "no samples"),
    "rate 0": (wav_bytes(rate=0), "0 Hz"),
    "channels 0": (wav_bytes(channels=0), "0 channels"),
    "bits 0": (wav_bytes(bits=0), r"spoilt\.wav"),
    "unknown encoding": (wav_bytes(encoding=0x1234), "not audio"),
    "promises 1 GB": (wav_bytes(declared=2**30), "cut short"),
    "promises one more": (wav_bytes(declared=2002), "cut short"),
    "NaN": (wav_bytes(NAN, encoding=3, bits=32), "1 samples that are NaN"),
    "infinite": (wav_bytes(INFINITE, encoding=3, bits=32), "NaN or infinite"),
    "promises 4 GB": (wav_bytes(declared=0x7FFFEFFF), "cut short"),
    "rate 1 Hz": (wav_bytes(rate=1), "1 Hz"),
    "rate 4 GHz": (wav_bytes(rate=0xFFFFFFFF), "4294967295 Hz"),
    "rate 0 of floats": (wav_bytes(NAN, encoding=3, bits=32, rate=0), "0 Hz"),
    "65535 channels": (wav_bytes(channels=65535), "no samples"),
    "NaN of 64 bits": (wav_bytes(np.array([np.nan, 0.1]).tobytes(), encoding=3, bits=64), "1 samples that are NaN"),
    "all NaN": (wav_bytes(np.full(9, np.nan, "<f4").tobytes(), encoding=3, bits=32), "9 samples that are NaN"),
    "one space": (b" ", r"spoilt\.wav"),
    "flac marker only": (b"fLaC", r"spoilt\.wav"),
    "flac header only": (b"fLaC\0\0\0\x22" + b"\0" * 34, r"spoilt\.wav"),
    "ogg marker only": (b"OggS" + b"\0" * 100, r"spoilt\.wav"),
    "id3 only": (b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10, r"spoilt\.wav"),
    "sph header only": (b"NIST_1A\n   1024\n" + b" " * 1008, r"spoilt\.wav"),
}


@pytest.mark.battery("M2")
@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_file_is_named(tmp_path, name):
    content, said = SPOILT[name]
    path = tmp_path / "spoilt.wav"
    path.write_bytes(content)
    for source in (path, AudioBytes(str(path), content)):
        with pytest.raises(AudioFileError, match=said) as caught:
            load_audio(source)
        assert "spoilt.wav" in str(caught.value)


def promising(flac, samples):
    """A FLAC file whose header promises so many samples (36 bits at byte 21 of the file)."""
    word = int.from_bytes(flac[18:26], "big")
    return flac[:18] + ((word >> 36 << 36) | samples).to_bytes(8, "big") + flac[26:]


@pytest.mark.battery("M2")
@pytest.mark.parametrize("samples", [2**36 - 1, 2**33, 2**27, len(TONE) + 1])
def test_a_header_that_promises_too_much_does_not_get_the_memory(tmp_path, samples):
    path = tmp_path / "lies.flac"
    path.write_bytes(promising(saved(tmp_path, "a.flac").read_bytes(), samples))
    with pytest.raises(AudioFileError, match=r"lies\.flac"):
        load_audio(path)


@pytest.mark.battery("M2")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for read in (load_audio, audio_duration):
        with pytest.raises(AudioFileError, match=r"pipe\.wav is a pipe"):
            read(tmp_path / "pipe.wav")


def mulaw(code):
    """ITU-T G.711, by its definition."""
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return (-magnitude if code & 0x80 else magnitude) / 2**15


WHOLE = np.round(TONE * 127) / 128
UNUSUAL = {
    # name -> (bytes of the file, the samples that they are)
    "silence": (wav_bytes(b"\0\0" * 50), np.zeros(50)),
    "constant": (wav_bytes(struct.pack("<h", 16384) * 50), np.full(50, 0.5)),
    "one sample": (wav_bytes(struct.pack("<h", -16384)), np.array([-0.5])),
    "8 bits": (wav_bytes((WHOLE * 128 + 128).astype("u1").tobytes(), bits=8), WHOLE),
    "24 bits": (wav_bytes(b"".join(struct.pack("<i", int(v * 2**31))[1:] for v in WHOLE), bits=24), WHOLE),
    "32 bits": (wav_bytes((WHOLE * 2.0**31).astype("<i4").tobytes(), bits=32), WHOLE),
    "floats": (wav_bytes(WHOLE.astype("<f4").tobytes(), encoding=3, bits=32), WHOLE),
    "doubles": (wav_bytes(WHOLE.astype("<f8").tobytes(), encoding=3, bits=64), WHOLE),
    "mu-law": (wav_bytes(bytes(range(256)), encoding=7, bits=8), np.array([mulaw(code) for code in range(256)])),
    "6 channels": (wav_bytes(np.arange(60, dtype="<i2").tobytes(), channels=6), np.arange(60).reshape(-1, 6) / 2**15),
    "255 channels": (wav_bytes(b"\0\0" * 510, channels=255), np.zeros((2, 255))),
    "96 kHz": (wav_bytes((WHOLE * 2**15).astype("<i2").tobytes(), rate=96000), WHOLE),
    "wrong byte rate": (wav_bytes(b"\1\0" * 20)[:28] + b"\0\0\0\0" + wav_bytes(b"\1\0" * 20)[32:], np.full(20, 2**-15)),
    "bytes after the samples": (wav_bytes(b"\1\0" * 20) + b"LIST\4\0\0\0abcd", np.full(20, 2**-15)),
    "half a sample more": (wav_bytes(b"\1\0" * 20 + b"\1"), np.full(20, 2**-15)),
}


@pytest.mark.battery("M2")
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_files_are_read_rightly(tmp_path, name):
    content, samples = UNUSUAL[name]
    path = tmp_path / "unusual.wav"
    path.write_bytes(content)
    for source in (path, AudioBytes("unusual.wav", content)):
        np.testing.assert_allclose(load_audio(source), samples, atol=1e-7)


@pytest.mark.battery("M2")
@pytest.mark.parametrize("tag", [b"", b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10], ids=["plain", "ID3"])
def test_an_mp3_called_wav_is_read_by_its_content(tmp_path, tag):
    mp3 = saved(tmp_path, "a.mp3", np.tile(TONE, 4))
    expected, _ = soundfile.read(mp3, dtype="float32")
    path = tmp_path / "b.wav"
    path.write_bytes(tag + mp3.read_bytes())
    np.testing.assert_allclose(load_audio(path), expected, atol=1e-6)


@pytest.fixture
def section(tmp_path):
    """Eight recordings, of which the third is text and the sixth is cut."""
    lines = []
    for number in range(8):
        path = saved(tmp_path, f"{number}.wav", TONE[: 1000 + 10 * number], subtype="PCM_16")
        lines.append(json.dumps({"audio_filepath": path.name, "duration": 0.06, "text": "abcdefgh"[number]}))
    (tmp_path / "2.wav").write_bytes(b"no audio")
    (tmp_path / "5.wav").write_bytes((tmp_path / "5.wav").read_bytes()[:500])
    (tmp_path / "m.json").write_text("\n".join(lines))
    return {"manifest_filepath": str(tmp_path / "m.json"), "sample_rate": RATE, "labels": [*"abcdefgh"]}


def texts(loader):
    return [["abcdefgh"[row[0]] for row in batch[2].tolist()] for batch in loader]


@pytest.mark.battery("M2")
@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_reaches_the_main_process_with_file_and_line(section, workers):
    loader = build_audio_to_text_loader({**section, "batch_size": 4, "num_workers": workers})
    with pytest.raises(AudioFileError, match=r"(?s)m\.json line 3.*2\.wav is not audio"):
        list(loader)


@pytest.mark.battery("M2")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("action", "read"),
    [("skip", [["a", "b", "d"], ["e", "g", "h"]]), ("replace", [["a", "b", "d", "d"], ["e", "g", "g", "h"]])],
)
def test_bad_recordings_are_left_out_or_replaced(section, caplog, workers, action, read):
    loader = build_audio_to_text_loader({**section, "batch_size": 4, "num_workers": workers, "on_bad_audio": action})
    assert texts(loader) == read
    assert texts(loader) == read
    if workers == 0:
        named = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert len(named) == 2, "each is named once, not in every epoch"
        assert "m.json line 3" in named[0]
        assert "m.json line 6" in named[1]


def test_a_batch_of_bad_recordings_only_is_an_error(section):
    loader = build_audio_to_text_loader({**section, "batch_size": 1, "on_bad_audio": "skip"})
    with pytest.raises(AudioFileError, match="None of the 1 recordings of a batch can be read.*replace"):
        list(loader)


def test_replacing_gives_up_where_nothing_can_be_read():
    def read(key):
        raise AudioFileError(f"{key} is no audio")

    with pytest.raises(AudioFileError, match="7 is no audio .nor could 20 others"):
        BadAudioPolicy("replace").read(7, range(100), read)


def test_an_unknown_action_is_named(section):
    with pytest.raises(ConfigError, match="on_bad_audio is 'ignore'. Expected one of raise, skip, replace"):
        build_audio_to_text_loader({**section, "batch_size": 4, "on_bad_audio": "ignore"})


def test_augmentation_of_others_is_the_same_whatever_is_left_out(section):
    section |= {"batch_size": 8, "augmentor": {"white_noise": {"prob": 1.0}}, "on_bad_audio": "skip"}
    torch.manual_seed(1)
    (with_bad,) = build_audio_to_text_loader(section)
    torch.manual_seed(1)
    (again,) = build_audio_to_text_loader(section)
    assert torch.equal(with_bad[0], again[0])
    assert len(with_bad[0]) == 6
