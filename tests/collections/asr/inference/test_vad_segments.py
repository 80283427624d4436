import numpy as np
import pytest
import torch

from nemo.collections.asr.inference.segment_files.rttm import format_rttm
from nemo.collections.asr.inference.vad_segments import (
    SpeechThresholds,
    convert_labels_to_speech_segments,
    get_frame_labels,
    get_nonspeech_segments,
    load_speech_segments_from_rttm,
    speech_segments,
)
from nemo.utils.exceptions import ConfigError


def stretches(values, **thresholds):
    """Segments of frames of one second."""
    found = speech_segments(torch.tensor(values), 1.0, SpeechThresholds(**thresholds))
    return [(round(segment.start, 3), round(segment.end, 3)) for segment in found]


@pytest.mark.parametrize(
    ("values", "thresholds", "expected"),
    [
        ([0.9, 0.9, 0.1, 0.8], {}, [(0, 2), (3, 4)]),
        ([0.1, 0.1], {}, []),
        ([0.9, 0.9], {}, [(0, 2)]),
        ([0.5, 0.6, 0.5], {}, [(1, 3)]),  # above begins, below ends
        ([0.4, 0.8, 0.4, 0.2], {"onset": 0.7, "offset": 0.3}, [(1, 3)]),
        ([0.1, 0.9, 0.1, 0.1], {"pad_onset": 0.5, "pad_offset": 0.25}, [(0.5, 2.25)]),
        ([0.9, 0.1, 0.9], {"pad_onset": 2, "pad_offset": 2}, [(0, 3)]),
        ([0.9, 0.1, 0.9, 0.9], {"pad_offset": -1}, [(2, 3)]),
        ([0.9, 0.1, 0.9, 0.9], {"min_duration_on": 2}, [(2, 4)]),
        ([0.9, 0.9, 0.1, 0.9, 0.9], {"min_duration_off": 2}, [(0, 5)]),
        ([0.9, 0.1, 0.9], {"min_duration_on": 2, "min_duration_off": 2}, []),
        ([0.9, 0.1, 0.9], {"min_duration_on": 2, "min_duration_off": 2, "filter_speech_first": False}, [(0, 3)]),
    ],
)
def test_segments_by_hand(values, thresholds, expected):
    assert stretches(values, **thresholds) == expected


def test_segments_cover_exactly_the_frames_above_one_threshold():
    values = np.random.default_rng(0).random(500)
    found = speech_segments(torch.from_numpy(values), 0.02)
    covered = np.zeros(500, bool)
    for segment in found:
        first, end = round(segment.start / 0.02), round(segment.end / 0.02)
        covered[first:end] = True
        assert segment.confidence == pytest.approx(values[first:end].mean())
    assert (covered == (values > 0.5)).all()


def test_rttm_there_and_back(tmp_path):
    found = speech_segments(torch.tensor([0.9, 0.1, 0.8, 0.7]), 0.5)
    (tmp_path / "a.rttm").write_text(format_rttm(found, "a b"))
    assert "SPEAKER a_b 1 0.000 0.500 <NA> <NA> speech" in (tmp_path / "a.rttm").read_text()
    assert load_speech_segments_from_rttm(tmp_path / "a.rttm") == [[0.0, 0.5], [1.0, 2.0]]


def test_pauses_labels_and_segments_belong_together():
    segments = [[0.5, 1.0], [1.5, 2.0], [0.75, 1.25]]
    assert get_nonspeech_segments(segments, 3.0) == [[0.0, 0.5], [1.25, 1.5], [2.0, 3.0]]
    labels = get_frame_labels(segments, 0.25, 0.0, 3.0)
    assert labels == "0 0 1 1 1 0 1 1 0 0 0 0"
    assert convert_labels_to_speech_segments(labels.split(), 0.25) == [[0.5, 1.25], [1.5, 2.0]]
    assert get_frame_labels(segments, 0.25, 1.5, 0.5, as_str=False) == [1, 1]


def test_faults_are_named():
    with pytest.raises(ConfigError, match="offset is 0.6 and onset 0.5"):
        stretches([0.1], offset=0.6)
    with pytest.raises(ConfigError, match=r"shape \[1, 2\]"):
        speech_segments(torch.zeros(1, 2), 0.01)
