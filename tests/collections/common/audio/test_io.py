"""Reading recordings: formats, parts, channels; what is no recording is in test_corrupted_audio.py."""

import struct

import numpy as np
import pytest
import soundfile
import soxr

from nemo.collections.common.audio.io import audio_duration, load_audio, read_samples
from nemo.collections.common.exceptions import AudioFileError

RATE = 16000
TONE = (0.4 * np.sin(np.arange(RATE // 4) * 2 * np.pi * 440 / RATE)).astype(np.float32)  # a quarter of a second


def saved(folder, name="a.wav", samples=TONE, rate=RATE, **options):
    path = folder / name
    soundfile.write(path, samples, rate, **options)
    return path


def wav_bytes(samples=b"\0\0" * 1000, *, encoding=1, channels=1, rate=RATE, bits=16, declared=None):
    size = len(samples) if declared is None else declared
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", encoding, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(samples))
        + b"WAVEfmt \x10\0\0\0"
        + form
        + b"data"
        + struct.pack("<I", size)
        + samples
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.wav", {"subtype": "PCM_24"}),
        ("a.wav", {"subtype": "PCM_32"}),
        ("a.wav", {"subtype": "PCM_U8"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.wav", {"subtype": "DOUBLE"}),
        ("a.wav", {"subtype": "ULAW"}),
        ("a.wav", {"format": "WAVEX", "subtype": "PCM_16"}),
        ("a.wav", {"format": "RF64"}),
        ("a.flac", {}),
        ("a.sph", {"format": "NIST", "endian": "BIG"}),
        ("a.aiff", {}),
        ("a.ogg", {}),
        ("a.mp3", {}),
    ],
)
def test_formats_give_what_soundfile_gives(tmp_path, name, options):
    path = saved(tmp_path, name, **options)
    theirs, rate = soundfile.read(path, dtype="float32")
    ours, our_rate = read_samples(path)
    np.testing.assert_allclose(ours, theirs, atol=1e-6 if name == "a.mp3" else 0)  # its decoder rounds by alignment
    assert (our_rate, ours.dtype) == (rate, np.float32)
    assert audio_duration(path) == pytest.approx(len(theirs) / rate)


def test_only_the_part_asked_for_is_read(tmp_path):
    for name in ("a.wav", "a.flac"):
        path = saved(tmp_path, name)
        whole = load_audio(path)
        np.testing.assert_array_equal(load_audio(path, offset=0.1, duration=0.05), whole[1600:2400])
        np.testing.assert_array_equal(load_audio(path, offset=0.2), whole[3200:])
        np.testing.assert_array_equal(load_audio(path, offset=0.2, duration=100.0), whole[3200:])
        assert len(load_audio(path, duration=0)) == len(whole)


def test_channels_are_selected(tmp_path):
    stereo = np.stack([TONE, -TONE / 2, np.zeros_like(TONE)], axis=1)
    path = saved(tmp_path, samples=stereo, subtype="PCM_16")
    whole = load_audio(path)
    assert whole.shape == (len(TONE), 3)
    np.testing.assert_array_equal(load_audio(path, channel_selector=1), whole[:, 1])
    np.testing.assert_array_equal(load_audio(path, channel_selector=[2, 0]), whole[:, [2, 0]])
    np.testing.assert_array_equal(load_audio(path, channel_selector=[1]), whole[:, 1])
    np.testing.assert_allclose(load_audio(path, channel_selector="average"), whole.mean(1), atol=1e-7)
    mono = saved(tmp_path, "mono.wav")
    np.testing.assert_array_equal(load_audio(mono, channel_selector="average"), load_audio(mono))
    for wrong in (3, -1, [0, 9], "left"):
        with pytest.raises(AudioFileError, match="has 3 channels, and channel_selector asks for"):
            load_audio(path, channel_selector=wrong)
    with pytest.raises(AudioFileError, match="has 1 channel, "):
        load_audio(mono, channel_selector=1)


def test_the_rate_is_changed_on_request(tmp_path):
    path = saved(tmp_path, rate=8000)
    ours = load_audio(path, sample_rate=16000)
    assert len(ours) == 2 * len(TONE)
    np.testing.assert_array_equal(ours, soxr.resample(load_audio(path), 8000, 16000))
    assert len(load_audio(path, sample_rate=11025)) == int(np.ceil(len(TONE) * 11025 / 8000))


def test_integers_are_given_on_request(tmp_path):
    path = saved(tmp_path, subtype="PCM_16")
    assert load_audio(path, dtype="int16").dtype == np.int16
    for kind in (path, saved(tmp_path, "f.wav", subtype="FLOAT")):
        np.testing.assert_allclose(load_audio(kind, dtype="int32") / 2.0**31, load_audio(kind), atol=1e-9)


def test_headers_written_to_a_pipe_promise_nothing(tmp_path):
    samples = (TONE * 32767).astype("<i2").tobytes()
    for declared in (0, 0xFFFFFFFF, 0x7FFFF000, 0x7FFFFFFF):
        (tmp_path / "pipe.wav").write_bytes(wav_bytes(samples, declared=declared))
        assert len(load_audio(tmp_path / "pipe.wav")) == len(TONE)


def test_one_sample_silence_and_a_constant_are_recordings(tmp_path):
    assert load_audio(saved(tmp_path, samples=TONE[:1])).shape == (1,)
    assert load_audio(saved(tmp_path, samples=np.zeros(100))).max() == 0
    assert load_audio(saved(tmp_path, samples=np.full(100, 0.5))).min() == 0.5
    assert load_audio(saved(tmp_path, samples=np.zeros((100, 6)), rate=96000)).shape == (100, 6)


def test_many_channels_and_odd_bytes_are_read(tmp_path):
    path = tmp_path / "odd.wav"
    path.write_bytes(wav_bytes(b"\0\0" * 255 * 4, channels=255))
    assert load_audio(path).shape == (4, 255)
    path.write_bytes(wav_bytes(b"\1" * 101))
    assert load_audio(path).shape == (50,)


def test_missing_files_folders_and_wrong_offsets_are_named(tmp_path):
    with pytest.raises(AudioFileError, match=r"gone\.wav does not exist"):
        load_audio(tmp_path / "gone.wav")
    with pytest.raises(AudioFileError, match="is a folder"):
        load_audio(tmp_path)
    for name in ("a.wav", "a.flac"):
        path = saved(tmp_path, name)
        with pytest.raises(AudioFileError, match=r"0\.25 s long and ends before the offset of 0\.25 s"):
            load_audio(path, offset=0.25)
        with pytest.raises(AudioFileError, match=r"offset is -1\.0 s"):
            load_audio(path, offset=-1.0)
