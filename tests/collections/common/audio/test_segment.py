"""Pieces of audio."""

import numpy as np
import pytest
import soundfile

from nemo.collections.common.audio.segment import AudioSegment

RATE = 8000
NOISE = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, NOISE, RATE, subtype="FLOAT")
    return str(path)


def test_a_file_is_read_in_parts_and_at_another_rate(file):
    whole = AudioSegment.from_file(file)
    np.testing.assert_array_equal(whole.samples, NOISE)
    assert (whole.sample_rate, whole.num_samples, whole.num_channels, whole.duration) == (RATE, RATE, 1, 1.0)
    part = AudioSegment.from_file(file, offset=0.25, duration=0.5)
    np.testing.assert_array_equal(part.samples, NOISE[2000:6000])
    again = AudioSegment.from_file(file, target_sr=16000, orig_sr=4000)
    assert (again.sample_rate, again.num_samples, again.orig_sr) == (16000, 16000, 4000)
    assert AudioSegment.from_file(file) == whole
    assert part != whole


def test_integers_are_scaled():
    for kind in (np.int16, np.int32, np.int8):
        top = np.iinfo(kind).max
        np.testing.assert_allclose(AudioSegment(np.array([0, top], kind), RATE).samples, [0, 1], atol=0.01)
    with pytest.raises(TypeError, match="uint8"):
        AudioSegment(np.zeros(3, np.uint8), RATE)


def test_whole_numbers_of_a_file_give_the_same_audio(tmp_path):
    soundfile.write(tmp_path / "i.wav", NOISE, RATE, subtype="PCM_16")
    ints = AudioSegment.from_file(tmp_path / "i.wav", int_values=True)
    np.testing.assert_allclose(ints.samples, AudioSegment.from_file(tmp_path / "i.wav").samples, atol=1e-7)


def test_several_files_become_channels(tmp_path, file):
    soundfile.write(tmp_path / "b.wav", -NOISE, RATE, subtype="FLOAT")
    both = AudioSegment.from_file([file, str(tmp_path / "b.wav")])
    np.testing.assert_array_equal(both.samples, np.stack([NOISE, -NOISE], axis=1))
    one = AudioSegment.from_file([file, str(tmp_path / "b.wav")], channel_selector=1)
    np.testing.assert_array_equal(one.samples, -NOISE)
    soundfile.write(tmp_path / "c.wav", NOISE[:50], RATE)
    with pytest.raises(ValueError, match="same length"):
        AudioSegment.from_file([file, str(tmp_path / "c.wav")])


def test_levels():
    segment = AudioSegment(np.full(100, 0.1, np.float32), RATE)
    assert segment.rms_db == pytest.approx(-20.0, abs=1e-5)
    segment.gain_db(6.0)
    assert segment.rms_db == pytest.approx(-14.0, abs=1e-5)
    segment.normalize_db(-30.0)
    assert segment.rms_db == pytest.approx(-30.0, abs=1e-4)
    assert AudioSegment(NOISE, RATE, normalize_db=-25).rms_db == pytest.approx(-25.0, abs=1e-4)
    silence = AudioSegment(np.zeros(10, np.float32), RATE, normalize_db=-25)
    assert silence.is_empty()
    assert silence.rms_db == -np.inf
    stereo = AudioSegment(np.stack([NOISE, NOISE / 10], axis=1), RATE)
    assert stereo.rms_db[0] - stereo.rms_db[1] == pytest.approx(20.0, abs=1e-4)
    stereo.normalize_db(-20.0, ref_channel=1)
    assert stereo.rms_db[1] == pytest.approx(-20.0, abs=1e-4)


def test_padding_and_parts():
    segment = AudioSegment(NOISE, RATE)
    segment.pad(10)
    assert segment.num_samples == RATE + 10
    segment.pad(5, symmetric=True)
    assert (segment.num_samples, np.abs(segment.samples[:5]).max()) == (RATE + 20, 0)
    segment = AudioSegment(NOISE, RATE)
    segment.subsegment(0.25, -0.25)
    np.testing.assert_array_equal(segment.samples, NOISE[2000:6000])
    for start, end in ((0.4, 0.2), (0.0, 2.0), (-9.0, 0.1)):
        with pytest.raises(ValueError, match="Cannot keep"):
            segment.subsegment(start, end)


def test_samples_are_a_copy():
    segment = AudioSegment(NOISE, RATE)
    segment.samples[:] = 0
    assert not segment.is_empty()


def test_silence_is_trimmed():
    padded = np.concatenate([np.zeros(4096, np.float32), NOISE, np.zeros(4096, np.float32)])
    segment = AudioSegment(padded, RATE, trim=True, trim_top_db=40)
    assert RATE <= segment.num_samples <= RATE + 4 * 512


def test_a_random_part_has_the_length_asked_for(file):
    starts = set()
    for _ in range(5):
        segment = AudioSegment.segment_from_file(file, target_sr=RATE, n_segments=800)
        assert segment.num_samples == 800
        starts.add(segment.samples[0])
    assert len(starts) > 1
    assert AudioSegment.segment_from_file(file, target_sr=RATE, n_segments=99999).num_samples == RATE
    fixed = AudioSegment.segment_from_file(file, target_sr=RATE, n_segments=100, offset=0.5)
    np.testing.assert_array_equal(fixed.samples, NOISE[4000:4100])
