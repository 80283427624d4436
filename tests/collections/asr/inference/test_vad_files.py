import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr.inference.vad import VADConfig, detect_speech, smoothed, speech_probabilities
from nemo.collections.asr.inference.vad_files import (
    generate_overlap_vad_seq,
    generate_vad_frame_pred,
    generate_vad_segment_table,
)
from nemo.collections.asr.inference.vad_segments import (
    align_labels_to_frames,
    get_vad_stream_status,
    load_speech_overlap_segments_from_rttm,
    load_speech_segments_from_rttm,
)
from nemo.collections.asr.models import EncDecClassificationModel
from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from tests.collections.asr.models import tiny, tiny_classifier


def test_the_files_are_those_of_one_pass(tmp_path):
    torch.manual_seed(0)
    model = EncDecClassificationModel(cfg=tiny_classifier.config(labels=["background", "speech"])).eval()
    tone = np.concatenate([tiny.signal(0.4), np.zeros(3200, np.float32), tiny.signal(0.3, 500.0)])
    soundfile.write(tmp_path / "a.wav", tone, tiny.SAMPLE_RATE)
    manifest = tmp_path / "m.json"
    manifest.write_text(f'{{"audio_filepath": "{tmp_path}/a.wav", "duration": 0.9, "text": ""}}\n')
    frames = generate_vad_frame_pred(model, 0.15, 0.05, manifest, tmp_path / "frames")
    (expected,) = speech_probabilities(model, str(tmp_path / "a.wav"), VADConfig(0.15, 0.05))
    assert np.loadtxt(tmp_path / "frames" / "a.frame") == pytest.approx(expected.numpy(), abs=1e-6)
    smooth = generate_overlap_vad_seq(frames, "median", 0.5, 0.15, 0.05, num_workers=2)
    assert np.loadtxt(f"{smooth}/a.median") == pytest.approx(smoothed(expected, 3, 0.5, "median").numpy(), abs=1e-6)
    middle = float(expected.median())
    config = VADConfig(0.15, 0.05)
    config.postprocessing.onset = config.postprocessing.offset = middle
    (segments,) = detect_speech(model, str(tmp_path / "a.wav"), config)
    assert segments
    thresholds = {"onset": middle, "offset": middle}
    table = generate_vad_segment_table(frames, thresholds, 0.05, out_dir=tmp_path / "table")
    rows = np.loadtxt(f"{table}/a.txt", usecols=(0, 1), ndmin=2)
    assert rows[:, 0] == pytest.approx([segment.start for segment in segments])
    assert rows.sum(axis=1) == pytest.approx([segment.end for segment in segments])
    table = generate_vad_segment_table(frames, thresholds, 0.05, use_rttm=True)
    found = load_speech_segments_from_rttm(f"{table}/a.rttm")
    assert found == [pytest.approx([segment.start, segment.end], abs=1e-3) for segment in segments]


def test_faults_are_told(tmp_path):
    with pytest.raises(ConfigError, match="has no files"):
        generate_overlap_vad_seq(tmp_path, "mean", 0.5, 0.63, 0.01)
    with pytest.raises(ConfigError, match="has onsets"):
        generate_vad_segment_table(tmp_path, {"onsets": 0.5}, 0.01)
    with pytest.raises(NotYetSupportedError, match="use_feat"):
        generate_vad_frame_pred(None, 0.63, 0.01, "m.json", tmp_path, use_feat=True)


def test_speech_of_several_is_where_their_turns_overlap(tmp_path):
    path = tmp_path / "a.rttm"
    turns = [(0.0, 2.0, "x"), (1.5, 1.0, "y"), (4.0, 1.0, "x"), (4.5, 1.0, "x"), (2.25, 0.75, "z")]
    path.write_text("".join(f"SPEAKER a 1 {at} {lasts} <NA> <NA> {who} <NA> <NA>\n" for at, lasts, who in turns))
    speech, together = load_speech_overlap_segments_from_rttm(path)
    assert speech == [[0.0, 3.0], [4.0, 5.5]]
    assert together == [[1.5, 2.0], [2.25, 2.5]]


def test_labels_go_to_the_frames_that_they_cover():
    assert align_labels_to_frames([0.5] * 2, [0, 0, 1, 1]) == [0, 1]
    assert align_labels_to_frames([0.5] * 4, [0, 1]) == [0, 0, 1, 1]
    assert align_labels_to_frames([0.5] * 3, [1, 0, 0, 0, 0]) == [1, 0, 0]
    labels, fine = [1, 0, 1, 1, 0, 0, 1], 7 * 30
    expected = [
        int(np.mean([labels[place * 7 // fine] for place in range(frame * fine // 5, (frame + 1) * fine // 5)]) > 0.4)
        for frame in range(5)
    ]
    assert align_labels_to_frames(torch.zeros(5), labels, threshold=0.4) == expected
    assert align_labels_to_frames([0.5], []) == [0]


def test_neighbours_of_one_path_are_parts():
    found = get_vad_stream_status(["a", "b", "b", "b", "c", "c", "d"])
    assert found == ["single", "start", "next", "end", "start", "end", "single"]
    assert get_vad_stream_status([]) == []
