from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.timestamps import add_seconds, compute_timestamps
from nemo.collections.asr.decoding.vocabulary import LabelVocabulary
from nemo.collections.asr.inference.segments import Segment, Word, segment_of_words, segments_of, split_segments
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.inference.examples import some

LABELS = LabelVocabulary([" ", "a", "b", "."])


@st.composite
def transcripts(draw):
    """Tokens at rising frames of 40 ms, as a search gives them."""
    tokens, starts, ends, frame = [], [], [], 0
    for token in draw(st.lists(st.integers(0, 3), max_size=30)):
        starts.append(frame + draw(st.integers(0, 4)))
        frame = starts[-1] + draw(st.integers(1, 3))
        tokens.append(token)
        ends.append(frame)
    duration = (frame + draw(st.integers(0, 3))) * 0.04
    kind = draw(st.sampled_from(["all", "word", "segment"]))
    stamps = compute_timestamps(FoldedPath(tokens, starts, ends), LABELS, kind, segment_gap_threshold=4)
    add_seconds(stamps, 0.04, duration)
    hypothesis = Hypothesis(score=0.0, y_sequence=tokens, text=LABELS.ids_to_text(tokens), timestep=stamps)
    return hypothesis, duration


@some
@given(transcripts())
def test_segments_are_in_order_within_the_audio_and_cover_the_text(transcript):
    hypothesis, duration = transcript
    segments = segments_of(hypothesis)
    assert " ".join(segment.text for segment in segments).split() == hypothesis.words
    clock = 0.0
    for segment in segments:
        assert clock <= segment.start < segment.end <= duration + 1e-4
        clock = segment.start
        for word in segment.words:
            assert clock <= word.start < word.end <= segment.end
            clock = word.end
        clock = segment.end
    if "word" in hypothesis.timestamp:
        assert [word.text for segment in segments for word in segment.words] == hypothesis.words


@some
@given(transcripts(), st.floats(0.1, 3), st.integers(1, 20), st.floats(0.1, 1))
def test_split_segments_keep_the_words_and_the_limits(transcript, max_seconds, max_characters, max_pause):
    segments = segments_of(transcript[0])
    parts = split_segments(segments, max_seconds, max_characters, max_pause)
    assert [word for part in parts for word in part.words] == [word for each in segments for word in each.words]
    for part in parts:
        if len(part.words) > 1:
            assert part.end - part.start <= max_seconds
            assert len(part.text) <= max_characters
            pairs = zip(part.words, part.words[1:], strict=False)
            assert all(after.start - before.end < max_pause for before, after in pairs)


def test_confidences_of_words_make_those_of_segments():
    stamps = {
        "word": [{"word": "a", "start": 0.0, "end": 0.5}, {"word": "b", "start": 0.5, "end": 1.0}],
        "segment": [{"segment": "a b", "start": 0.0, "end": 1.0}],
    }
    hypothesis = Hypothesis(score=0.0, y_sequence=[], text="a b", timestep=stamps, word_confidence=[0.5, 0.75])
    words = (Word("a", 0.0, 0.5, 0.5), Word("b", 0.5, 1.0, 0.75))
    assert segments_of(hypothesis) == [Segment("a b", 0.0, 1.0, words, confidence=0.625)]
    hypothesis.word_confidence = None
    assert segments_of(hypothesis)[0].confidence is None


def test_transcripts_without_times_are_refused_and_empty_ones_have_no_segments():
    with pytest.raises(ConfigError, match=r"'a b' has no times.*timestamps=True"):
        segments_of(Hypothesis(score=0.0, y_sequence=[], text="a b"))
    assert segments_of(Hypothesis(score=0.0, y_sequence=[], text="")) == []


def test_segments_without_words_are_not_split():
    long = Segment("very " * 50, 0.0, 100.0)
    assert split_segments([long]) == [long]
    assert split_segments([replace(segment_of_words([Word("a", 0.0, 9.0)]), speaker="x")])[0].speaker == "x"
