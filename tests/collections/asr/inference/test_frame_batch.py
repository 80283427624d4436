"""The original's names for reading recordings by windows."""

import pytest

from nemo.collections.asr.inference.frame_batch import (
    BatchedFrameASRRNNT,
    FrameBatchASR,
    LongestCommonSubsequenceBatchedFrameASRRNNT,
    get_buffered_pred_feat,
    get_buffered_pred_feat_rnnt,
)
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference.test_buffered import convolutional
from tests.collections.asr.models import tiny


def test_texts_of_files_are_those_of_the_whole(tmp_path):
    model = convolutional()
    paths, _ = tiny.recordings(tmp_path)
    expected = [str(text) for text in model.transcribe(paths, batch_size=1, verbose=False)]
    one = FrameBatchASR(model, frame_len=0.2, total_buffer=0.8)
    for path, text in zip(paths, expected, strict=True):
        one.reset()
        one.read_audio_file(path, 0, 0.02)
        assert one.transcribe(10, 5) == text
    for kind in (BatchedFrameASRRNNT, LongestCommonSubsequenceBatchedFrameASRRNNT):
        several = kind(model, frame_len=0.2, total_buffer=0.8)
        several.read_audio_file(paths)
        assert several.transcribe() == expected


def test_recordings_of_a_manifest_or_of_paths(tmp_path):
    model = convolutional()
    paths, manifest = tiny.recordings(tmp_path)
    expected = [str(text) for text in model.transcribe(paths, batch_size=1, verbose=False)]
    one = FrameBatchASR(model, frame_len=0.2, total_buffer=0.8)
    assert get_buffered_pred_feat(one, 0.2, 10, 5, None, 0.02, "cpu", manifest=manifest) == expected
    several = BatchedFrameASRRNNT(model, frame_len=0.2, total_buffer=0.8)
    assert get_buffered_pred_feat_rnnt(several, 10, 5, 0.02, batch_size=2, filepaths=paths) == expected
    with pytest.raises(ConfigError, match="Give one of them"):
        get_buffered_pred_feat_rnnt(several, 10, 5, 0.02, batch_size=2)


def test_what_is_missing_is_told():
    with pytest.raises(ConfigError, match="nothing to transcribe"):
        FrameBatchASR(convolutional()).transcribe()
    with pytest.raises(ConfigError, match="total_buffer is 1"):
        FrameBatchASR(convolutional(), frame_len=2, total_buffer=1)
