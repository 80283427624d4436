"""Greedy transducer search: every utterance of a batch gets what a search frame by frame gives it alone."""

import pytest
import torch

from nemo.collections.asr.decoding.rnnt_greedy import GreedyTransducerSearch
from nemo.collections.asr.decoding.transducer_moves import build_moves
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.decoding.transducers import KINDS, TOKENS, batch, frame_by_frame, networks

LENGTHS = [9, 0, 23, 1, 16, 23]


def search(kind, decoder, joint, **options):
    section = KINDS[kind]
    moves = build_moves(kind, TOKENS, section.get("durations"), section.get("big_blank_durations"))
    return GreedyTransducerSearch(decoder, joint, moves, **options)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("max_symbols", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_ragged_batch_gives_what_each_utterance_gets_frame_by_frame(kind, max_symbols, seed):
    decoder, joint = networks(kind, seed, stateless=seed % 3 == 2, layers=1 + seed % 2)
    encoded, lengths = batch(LENGTHS, seed)
    found = search(kind, decoder, joint, max_symbols=max_symbols).search(encoded.transpose(1, 2), lengths)
    for row, length in enumerate(LENGTHS):
        expected = frame_by_frame(kind, decoder, joint, encoded[row, :, :length], max_symbols)
        assert (found[row].tokens, found[row].starts, found[row].durations) == expected[:3]
        assert found[row].score == pytest.approx(expected[3], abs=1e-4)
        assert found[row].frames == length
    assert sum(len(path.tokens) for path in found) > 3


@pytest.mark.parametrize("window", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("kind", KINDS)
def test_the_window_changes_nothing(kind, window):
    decoder, joint = networks(kind)
    encoded, lengths = batch(LENGTHS)
    searches = [search(kind, decoder, joint, max_symbols=4) for _ in range(2)]
    searches[1].window = window
    one, two = (each.search(encoded.transpose(1, 2), lengths) for each in searches)
    assert [(path.tokens, path.starts) for path in one] == [(path.tokens, path.starts) for path in two]


@pytest.mark.parametrize("pieces", [[23], [1] * 23, [4, 0, 7, 2, 10]])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_in_pieces_gives_what_one_piece_gives(kind, pieces):
    for seed in range(4):
        decoder, joint = networks(kind, seed, stateless=seed == 3)
        encoded, lengths = batch(LENGTHS, seed)
        frames = encoded.transpose(1, 2)
        searching = search(kind, decoder, joint, max_symbols=6)
        whole = searching.search(frames, lengths)
        paths, begin = None, 0
        for size in pieces:
            part = (lengths - begin).clamp(0, size)
            paths = searching.search(frames[:, begin : begin + size], part, paths)
            begin += size
        assert [vars(path) | {"state": 0, "place": 0, "score": 0, "ahead": 0} for path in paths] == [
            vars(path) | {"state": 0, "place": 0, "score": 0, "ahead": 0} for path in whole
        ]
        for path, expected in zip(paths, whole, strict=True):
            assert path.score == pytest.approx(expected.score, abs=1e-4)
            torch.testing.assert_close(path.place, expected.place)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_evaluated_at_each_frame_is_kept_when_asked_for(kind):
    decoder, joint = networks(kind)
    encoded, lengths = batch(LENGTHS)
    found = search(kind, decoder, joint, max_symbols=3, keeps_alignments=True).search(encoded.transpose(1, 2), lengths)
    for row, length in enumerate(LENGTHS):
        visited = frame_by_frame(kind, decoder, joint, encoded[row, :, :length], 3)[4]
        assert [[int(label) for _, label in frame] for frame in found[row].alignment] == visited
        for frame in found[row].alignment:
            assert all(
                int(scores[: TOKENS + 1 + 2 * (kind == "multiblank")].argmax()) == label for scores, label in frame
            )


def test_scores_are_normalised_where_the_joint_network_does_not():
    decoder, joint = networks("rnnt")
    encoded, lengths = batch(LENGTHS)
    scores = []
    for log_softmax in (None, False):
        joint.log_softmax = log_softmax
        paths = search("rnnt", decoder, joint).search(encoded.transpose(1, 2), lengths)
        scores.append([path.score for path in paths])
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_a_temperature_changes_scores_and_not_tokens():
    decoder, joint = networks("rnnt")
    frames, lengths = batch(LENGTHS)
    plain, hot = (
        search("rnnt", decoder, joint, temperature=value).search(frames.transpose(1, 2), lengths)
        for value in (1.0, 3.0)
    )
    assert [path.tokens for path in plain] == [path.tokens for path in hot]
    assert plain[2].score != pytest.approx(hot[2].score, abs=1e-2)


def test_an_empty_batch_gives_no_paths():
    decoder, joint = networks("rnnt")
    assert search("rnnt", decoder, joint).search(torch.zeros(0, 5, 6), torch.zeros(0, dtype=torch.long)) == []


@pytest.mark.parametrize(
    ("kind", "durations", "big", "word"),
    [("ctc", [], [], "model_type"), ("tdt", [], [], "durations"), ("multiblank", [], [1], "big_blank_durations")],
)
def test_kinds_without_what_they_need_are_refused(kind, durations, big, word):
    with pytest.raises(ConfigError, match=word):
        build_moves(kind, 5, durations, big)
