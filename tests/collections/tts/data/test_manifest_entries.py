from pathlib import Path

import numpy as np
import pytest
import soundfile

from nemo.collections.tts.data.manifest_entries import filter_dataset_by_duration, get_audio_filepaths, load_audio


def test_lines_are_chosen_by_seconds_and_counted_in_hours():
    entries = [{"duration": seconds} for seconds in (1.0, 1800.0, 3600.0)]
    kept, hours, kept_hours = filter_dataset_by_duration(entries, 2.0, 2000.0)
    assert kept == entries[1:2]
    assert hours == pytest.approx(5401 / 3600)
    assert kept_hours == 0.5
    assert filter_dataset_by_duration(entries, None, None)[0] == entries


def test_a_line_names_its_recording_and_the_part_of_it(tmp_path):
    samples = np.linspace(-0.5, 0.5, 8000)
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")
    entry = {"audio_filepath": "a.wav", "offset": 0.25, "duration": 0.5}
    assert get_audio_filepaths(entry, tmp_path) == (tmp_path / "a.wav", Path("a.wav"))
    audio, absolute, relative = load_audio(entry, tmp_path)
    assert (absolute, relative) == (tmp_path / "a.wav", Path("a.wav"))
    np.testing.assert_allclose(audio, samples[2000:6000], atol=1e-6)
    whole = {"audio_filepath": str(tmp_path / "a.wav"), "duration": 1.0}
    loud, _, _ = load_audio(whole, tmp_path, max_duration=0.5, volume_norm=True)
    np.testing.assert_allclose(loud, samples[:4000] * 0.95 / 0.5, atol=1e-6)
