"""Transducer decoding: hypotheses with text, times, confidences; what does not fit is refused."""

import pytest
import torch

from nemo.collections.asr.decoding.confidence import max_prob_confidence
from nemo.collections.asr.decoding.rnnt import RNNTDecoding
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.asr.decoding.transducers import KINDS, LABELS, batch, decoding, frame_by_frame, networks

LENGTHS = [9, 23, 16]
MAX_PROB = {"name": "max_prob", "alpha": 1.0}


def predictions(kind, seed=0, greedy=None, **section):
    decoder, joint = networks(kind, seed)
    encoded, lengths = batch(LENGTHS, seed)
    found = decoding(kind, decoder, joint, greedy={"max_symbols": 3, **(greedy or {})}, **section)
    return found.rnnt_decoder_predictions_tensor(encoded, lengths, return_hypotheses=True)[0]


def references(kind, seed=0):
    decoder, joint = networks(kind, seed)
    encoded, lengths = batch(LENGTHS, seed)
    rows = zip(encoded, lengths, strict=True)
    return [frame_by_frame(kind, decoder, joint, row[:, :length], 3) for row, length in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_hypotheses_hold_text_tokens_frames_and_score(kind):
    for hypothesis, (tokens, times, durations, score, _) in zip(predictions(kind), references(kind), strict=True):
        assert hypothesis == hypothesis.text == "".join(LABELS[token] for token in tokens)
        assert hypothesis.y_sequence.tolist() == tokens and hypothesis.timestep == times
        assert hypothesis.score == pytest.approx(score, abs=1e-4)
        assert hypothesis.token_duration == (durations if kind == "tdt" else None)
        assert hypothesis.alignments is None and hypothesis.frame_confidence is None


def test_plain_strings_are_given_when_no_hypotheses_are_asked_for():
    decoder, joint = networks("rnnt")
    encoded, lengths = batch(LENGTHS)
    texts, everything = decoding("rnnt", decoder, joint).rnnt_decoder_predictions_tensor(encoded, lengths)
    assert all(type(text) is str for text in texts) and everything is None


@pytest.mark.parametrize("kind", KINDS)
def test_times_begin_where_tokens_were_written_and_last_as_tdt_says(kind):
    for hypothesis, (tokens, times, durations, _, _) in zip(
        predictions(kind, compute_timestamps=True), references(kind), strict=True
    ):
        stamps = hypothesis.timestep
        assert stamps["timestep"] == times
        assert [entry["start_offset"] for entry in stamps["char"]] == times
        ends = [time + max(1, duration) for time, duration in zip(times, durations, strict=True)]
        assert [entry["end_offset"] for entry in stamps["char"]] == ends
        assert "".join(entry["char"] for entry in stamps["char"]) == "".join(LABELS[token] for token in tokens)
        assert [entry["word"] for entry in stamps["word"]] == hypothesis.words


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_as_sure_as_the_move_that_wrote_it(kind):
    section = {"preserve_word_confidence": True, "method_cfg": MAX_PROB, "aggregation": "mean"}
    found = predictions(kind, confidence_cfg=section, preserve_alignments=True)
    classes = len(LABELS) + 1 + 2 * (kind == "multiblank")
    for hypothesis, (tokens, _, _, _, visited) in zip(found, references(kind), strict=True):
        assert [len(frame) for frame in hypothesis.frame_confidence] == [len(frame) for frame in visited]
        moves = [move for frame in hypothesis.alignments for move in frame]
        values = [max_prob_confidence(scores[:classes].log_softmax(dim=-1)).item() for scores, _ in moves]
        assert hypothesis.token_confidence == pytest.approx(
            [value for value, (_, label) in zip(values, moves, strict=True) if label < len(LABELS)]
        )
        assert len(hypothesis.token_confidence) == len(tokens)
        assert len(hypothesis.word_confidence) == len(hypothesis.words)


def test_blanks_after_a_token_count_when_they_are_not_excluded():
    section = {"preserve_token_confidence": True, "exclude_blank": False, "aggregation": "mean", "method_cfg": MAX_PROB}
    with_blanks = predictions("rnnt", confidence_cfg=section)
    without = predictions("rnnt", confidence_cfg=section | {"exclude_blank": True})
    moves = sum(len(frame) for frame in with_blanks[1].frame_confidence)
    assert len(with_blanks[1].token_confidence) == len(without[1].token_confidence) < moves
    assert with_blanks[1].token_confidence != without[1].token_confidence


def test_partial_hypotheses_go_on_with_times_of_the_whole_stream():
    decoder, joint = networks("tdt")
    encoded, lengths = batch(LENGTHS)
    searching = decoding(
        "tdt", decoder, joint, compute_timestamps=True, confidence_cfg={"preserve_token_confidence": True}
    )
    whole, _ = searching.rnnt_decoder_predictions_tensor(encoded, lengths, return_hypotheses=True)
    partial = None
    for begin in range(0, 23, 5):
        part = encoded[:, :, begin : begin + 5], (lengths - begin).clamp(0, 5)
        partial, _ = searching.rnnt_decoder_predictions_tensor(
            *part, return_hypotheses=True, partial_hypotheses=partial or [None] * 3
        )
    assert partial == whole
    assert [each.timestep for each in partial] == [each.timestep for each in whole]
    assert [len(each.frame_confidence) for each in partial] == LENGTHS
    for one, two in zip(partial, whole, strict=True):
        assert one.token_confidence == pytest.approx(two.token_confidence, abs=1e-5)


def test_tdt_of_release_1_23_goes_in_step_with_its_batch_and_alone_as_everywhere():
    decoder, joint = networks("tdt", seed=1)
    encoded, lengths = batch(LENGTHS, seed=1)
    section = {**KINDS["tdt"], "strategy": "greedy_batch", "greedy": {"max_symbols": 3}}

    def tokens(rows, version, **greedy):
        section["greedy"] |= greedy
        found = RNNTDecoding(section, decoder, joint, LABELS, nemo_version=version)
        best, _ = found.rnnt_decoder_predictions_tensor(encoded[rows], lengths[rows], return_hypotheses=True)
        return [each.y_sequence.tolist() for each in best]

    everyone = slice(None)
    exact = tokens(everyone, None)
    assert tokens(everyone, "1.24.0") == tokens(everyone, "3.0.0") == exact
    assert tokens(everyone, "1.23.0") != exact
    assert tokens(slice(1, 2), "1.23.0") == exact[1:2]
    assert tokens(everyone, "1.23.0", loop_labels=True) == exact


def test_the_decoding_must_fit_the_joint_network():
    decoder, joint = networks("tdt")
    with pytest.raises(ConfigError, match=r"the joint network has 13 outputs; decoding.model_type rnnt needs 9"):
        decoding("rnnt", decoder, joint)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"strategy": "wfst"}, "decoding.strategy is 'wfst'"),
        ({"rnnt_timestamp_type": "line"}, "rnnt_timestamp_type is 'line'"),
        ({"greedy": {"max_symbols": 0}}, "max_symbols is 0"),
    ],
)
def test_settings_that_are_not_possible_are_named(section, message):
    decoder, joint = networks("rnnt")
    with pytest.raises(ConfigError, match=message):
        decoding("rnnt", decoder, joint, **section)


def test_frames_of_another_form_are_refused():
    decoder, joint = networks("rnnt")
    with pytest.raises(ShapeError, match=r"encoder_output \[6, 4\]"):
        decoding("rnnt", decoder, joint).rnnt_decoder_predictions_tensor(torch.zeros(6, 4), torch.tensor([4]))
