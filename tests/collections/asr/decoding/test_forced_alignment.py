import itertools
import math

import pytest
import torch

from nemo.collections.asr.decoding import forced_alignment
from nemo.collections.asr.decoding.ctc_greedy import best_path, fold_paths
from nemo.collections.asr.decoding.forced_alignment import Alignment, TokenSpan, forced_align
from nemo.utils.exceptions import ShapeError


def random_log_probs(frames, classes, seed, batch=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, frames, classes, generator=generator, dtype=torch.float64).log_softmax(-1)


def folded(path, blank):
    return [label for label, _ in itertools.groupby(path) if label != blank]


def by_brute_force(log_probs, tokens):
    """The best of all paths that fold to `tokens`: its score and labels."""
    frames, classes = log_probs.shape
    paths = (path for path in itertools.product(range(classes), repeat=frames) if folded(path, classes - 1) == tokens)
    scored = [(sum(float(log_probs[frame, label]) for frame, label in enumerate(path)), path) for path in paths]
    return max(scored, default=(-math.inf, ()))


def align(log_probs, tokens):
    targets = torch.tensor([tokens], dtype=torch.int64).reshape(1, len(tokens))
    return forced_align(log_probs, torch.tensor([log_probs.shape[1]]), targets, torch.tensor([len(tokens)]))[0]


@pytest.mark.parametrize("tokens", [[], [0], [0, 1], [1, 1], [0, 1, 0], [1, 1, 1], [0, 0, 1, 1]])
@pytest.mark.parametrize("frames", [1, 3, 6])
def test_the_path_is_the_best_of_all(tokens, frames):
    for seed in range(4):
        log_probs = random_log_probs(frames, 3, seed)
        score, path = by_brute_force(log_probs[0], tokens)
        aligned = align(log_probs, tokens)
        assert aligned.score == pytest.approx(score, abs=1e-5)
        labels = [2] * frames
        for span in aligned.spans:
            labels[span.start : span.end] = [span.token] * (span.end - span.start)
            expected = log_probs[0, span.start : span.end, span.token].mean()
            assert span.score == pytest.approx(float(expected), abs=1e-6)
        if score > -math.inf:
            assert tuple(labels) == path
            assert [span.token for span in aligned.spans] == tokens
        else:
            assert aligned == Alignment([], -math.inf)


def test_an_example_as_numbers():
    probabilities = torch.tensor([[0.1, 0.1, 0.8], [0.7, 0.1, 0.2], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]])
    aligned = align(probabilities.log()[None], [0, 1])
    assert [(span.token, span.start, span.end) for span in aligned.spans] == [(0, 1, 3), (1, 4, 5)]
    assert aligned.score == pytest.approx(math.log(0.8 * 0.7 * 0.8 * 0.8 * 0.8), abs=1e-5)
    assert aligned.spans[0].score == pytest.approx((math.log(0.7) + math.log(0.8)) / 2, abs=1e-6)


def test_a_batch_equals_one_by_one_whatever_stands_in_the_padding():
    frames, counts = [12, 7, 1, 0, 9, 5], [4, 3, 1, 0, 0, 6]
    log_probs = random_log_probs(12, 5, 1, batch=6)
    targets = torch.randint(0, 4, (6, 6), generator=torch.Generator().manual_seed(2))
    together = forced_align(log_probs, torch.tensor(frames), targets, torch.tensor(counts))
    for row, (length, count) in enumerate(zip(frames, counts, strict=True)):
        alone = align(log_probs[row : row + 1, :length], targets[row, :count].tolist())
        assert together[row] == alone


def test_the_text_of_greedy_search_is_aligned_with_its_own_path():
    log_probs = random_log_probs(40, 6, 3, batch=3)
    lengths = torch.tensor([40, 25, 33])
    labels, scores = best_path(log_probs, lengths)
    paths = fold_paths(labels, lengths, blank=5)
    targets = torch.nn.utils.rnn.pad_sequence([torch.tensor(path.tokens) for path in paths], batch_first=True)
    counts = torch.tensor([len(path.tokens) for path in paths])
    for aligned, path, score in zip(forced_align(log_probs, lengths, targets, counts), paths, scores, strict=True):
        assert [span.start for span in aligned.spans] == path.starts
        assert [span.end for span in aligned.spans] == path.ends
        assert aligned.score == pytest.approx(float(score), abs=1e-4)


def test_blocks_give_the_same_as_everything_at_once(monkeypatch):
    log_probs = random_log_probs(50, 6, 4, batch=2)
    targets = torch.randint(0, 5, (2, 12), generator=torch.Generator().manual_seed(5))
    arguments = log_probs, torch.tensor([50, 31]), targets, torch.tensor([12, 9])
    expected = forced_align(*arguments)
    monkeypatch.setattr(forced_alignment, "WAYS_KEPT", 1)
    assert forced_align(*arguments) == expected
    assert len(expected[0].spans) == 12


def test_another_blank_is_possible():
    log_probs = random_log_probs(8, 4, 6)
    rolled = log_probs.roll(1, dims=-1)  # the blank is now class 0
    arguments = torch.tensor([8]), torch.tensor([[0, 2]]), torch.tensor([2])
    ours = forced_align(rolled, arguments[0], arguments[1] + 1, arguments[2], blank=0)[0]
    theirs = forced_align(log_probs, *arguments)[0]
    assert ours.score == theirs.score
    assert [(span.start, span.end) for span in ours.spans] == [(span.start, span.end) for span in theirs.spans]


def test_silence_between_words_belongs_to_no_token():
    probabilities = torch.full((9, 3), 0.05)
    for frame, label in enumerate([2, 0, 2, 2, 2, 2, 1, 1, 2]):
        probabilities[frame, label] = 0.9
    spans = align(probabilities.log()[None], [0, 1]).spans
    assert spans == [TokenSpan(0, 1, 2, spans[0].score), TokenSpan(1, 6, 8, spans[1].score)]


def test_shapes_and_tokens_that_do_not_fit_are_refused():
    log_probs = random_log_probs(5, 3, 0)
    one = torch.tensor([1])
    with pytest.raises(ShapeError, match=r"expected \[B, S, V \+ 1\]"):
        forced_align(log_probs, torch.tensor([5, 5]), torch.tensor([[0]]), one)
    with pytest.raises(ShapeError, match="the token 7; expected tokens from 0 to 2"):
        forced_align(log_probs, torch.tensor([5]), torch.tensor([[7]]), one)
    with pytest.raises(ShapeError, match="lengths beyond"):
        forced_align(log_probs, torch.tensor([6]), torch.tensor([[0]]), one)
