import math

import numpy as np
import pytest
import torch

from nemo.collections.asr.inference.forced_aligner import ForcedAligner
from nemo.collections.asr.inference.segments import segments_of
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.asr.models import EncDecCTCModel, EncDecCTCModelBPE
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny

QUIET = TranscribeConfig(batch_size=2, verbose=False)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return EncDecCTCModel(cfg=tiny.config(nemo_version="3.0.0"))


def test_what_the_model_hears_is_aligned_where_it_hears_it(model):
    audio = [tiny.signal(seconds, 300.0) for seconds in (0.31, 0.77, 0.5)]
    heard = model.transcribe(audio, timestamps=True, verbose=False)
    aligned = ForcedAligner(model, QUIET).align(audio, [str(text) for text in heard])
    for ours, theirs in zip(aligned, heard, strict=True):
        # the best path of all is that of its text; spaces at its ends are dropped, and with them no words
        assert ours.words == theirs.words
        if theirs.text == theirs.text.strip() and "  " not in theirs.text:
            assert ours.timestamp == theirs.timestamp
            assert ours.score == pytest.approx(theirs.score, abs=1e-3)


def test_another_text_has_its_words_in_order_within_the_recording(model):
    audio = tiny.signal(0.9)
    (aligned,) = ForcedAligner(model, QUIET).align(audio, ["ab ca  bab"])
    assert aligned == "ab ca bab"
    assert aligned.duration == pytest.approx(0.9)
    words = aligned.timestamp["word"]
    assert [word["word"] for word in words] == ["ab", "ca", "bab"]
    times = [time for word in words for time in (word["start"], word["end"])]
    assert times == sorted(times) and times[-1] <= 0.9
    assert all(0 < confidence < 1 for confidence in aligned.word_confidence)
    (segment,) = segments_of(aligned)
    assert [word.confidence for word in segment.words] == aligned.word_confidence
    heard = model.transcribe(audio, return_hypotheses=True, verbose=False)[0].alignments[0].exp()
    first = aligned.timestamp["char"][0]
    mean_log = heard[first["start_offset"] : first["end_offset"], 1].log().mean()
    assert aligned.token_confidence[0] == pytest.approx(math.exp(mean_log), abs=1e-5)


def test_words_are_spelt_as_in_the_text(model):
    (aligned,) = ForcedAligner(model, QUIET).align(tiny.signal(0.9), ["Ab, cA bab!"])
    assert aligned == "Ab, cA bab!"
    assert [word["word"] for word in aligned.timestamp["word"]] == ["Ab,", "cA", "bab!"]
    assert [each["segment"] for each in aligned.timestamp["segment"]] == ["Ab, cA bab!"]


def test_long_recordings_are_aligned_like_short_ones(model):
    audio = np.random.default_rng(0).standard_normal(3 * tiny.SAMPLE_RATE).astype(np.float32) / 10
    at_once, cut = (
        ForcedAligner(model, TranscribeConfig(verbose=False, max_seconds=limit)).align(audio, ["ab abc ca"])[0]
        for limit in (None, 0.7)
    )
    assert at_once.timestamp == cut.timestamp


def test_what_cannot_be_aligned_says_why_and_the_others_are_done(model, tmp_path, caplog):
    audio = [str(tmp_path / "missing.wav"), tiny.signal(0.1), tiny.signal(0.5), tiny.signal(0.3)]
    with caplog.at_level("ERROR", logger="nemo"):
        results = ForcedAligner(model, QUIET).align(audio, ["a", "aabbcc", "ab", ""])
    assert "missing.wav" in results[0].error
    assert "is 6 tokens, which need 9 frames; the recording has 5" in results[1].error
    assert results[1].score == -math.inf
    assert results[2].error is None and results[2].timestamp["word"]
    assert results[3].error is None and results[3].timestamp["word"] == []
    assert "2 of 4 recordings were not aligned" in caplog.text


def test_subwords_make_words(tmp_path):
    torch.manual_seed(0)
    config = tiny.config(nemo_version="3.0.0", tokenizer={"dir": tiny.tokenizer_folder(tmp_path / "t"), "type": "bpe"})
    config["decoder"]["vocabulary"] = []
    del config["labels"]
    (aligned,) = ForcedAligner(EncDecCTCModelBPE(cfg=config), QUIET).align(tiny.signal(0.9), ["abc ab c"])
    assert [word["word"] for word in aligned.timestamp["word"]] == ["abc", "ab", "c"]
    assert len(aligned.token_confidence) == len(aligned.y_sequence) >= 3


def test_each_recording_needs_a_text(model):
    with pytest.raises(ConfigError, match="got 1 recordings and 2 texts"):
        ForcedAligner(model, QUIET).align(tiny.signal(0.3), ["a", "b"])
