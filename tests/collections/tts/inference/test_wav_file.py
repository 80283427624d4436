"""16-bit WAV files, read back by another library."""

import io

import numpy as np
import pytest
import soundfile

from nemo.collections.tts.inference.wav_file import wav_bytes, write_wav
from nemo.utils.exceptions import NonFiniteError


def test_what_is_written_is_what_is_read_to_half_a_step(tmp_path):
    audio = np.sin(np.arange(1000) / 9).astype(np.float32)
    write_wav(tmp_path / "a.wav", audio, 22050)
    found, rate = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert rate == 22050 and soundfile.info(tmp_path / "a.wav").subtype == "PCM_16"
    np.testing.assert_allclose(found / 32767, audio, atol=0.5 / 32767 + 1e-7)
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_what_is_too_loud_is_clipped_and_told(caplog):
    content = wav_bytes(np.array([0.5, 2.0, -3.0]), 8000)
    assert soundfile.read(io.BytesIO(content), dtype="int16")[0].tolist() == [16384, 32767, -32767]
    assert "2 of 3 samples are louder than full scale" in caplog.text


def test_what_is_not_finite_is_refused_and_the_old_file_stays(tmp_path):
    write_wav(tmp_path / "a.wav", np.zeros(4), 8000)
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(NonFiniteError, match="1 of 2 samples are NaN or infinite"):
        write_wav(tmp_path / "a.wav", np.array([0.0, np.nan]), 8000)
    assert (tmp_path / "a.wav").read_bytes() == before
    with pytest.raises(OSError, match="missing"):
        write_wav(tmp_path / "missing" / "a.wav", np.zeros(4), 8000)
