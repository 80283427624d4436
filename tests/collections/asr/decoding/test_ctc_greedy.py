import itertools

import pytest
import torch

from nemo.collections.asr.decoding.ctc_greedy import best_path, fold_paths


def fold_by_loop(labels, blank):
    """Tokens with first and one-after-last frame, by the definition of CTC."""
    tokens, starts, ends, frame = [], [], [], 0
    for label, run in itertools.groupby(labels):
        size = len(list(run))
        if label != blank:
            tokens.append(label), starts.append(frame), ends.append(frame + size)
        frame += size
    return tokens, starts, ends


@pytest.mark.parametrize("seed", range(20))
def test_folding_equals_a_loop_over_frames(seed):
    generator = torch.Generator().manual_seed(seed)
    batch, frames, classes = 5, 17, 3
    labels = torch.randint(classes, (batch, frames), generator=generator)
    lengths = torch.randint(0, frames + 1, (batch,), generator=generator)
    paths = fold_paths(labels, lengths, blank=classes - 1)
    for row, length, path in zip(labels.tolist(), lengths.tolist(), paths, strict=True):
        assert (path.tokens, path.starts, path.ends) == fold_by_loop(row[:length], classes - 1)


def test_blank_between_repeats_keeps_both():
    (path,) = fold_paths(torch.tensor([[0, 0, 2, 0]]), torch.tensor([4]), blank=2)
    assert path.tokens == [0, 0]
    assert (path.starts, path.ends) == ([0, 3], [2, 4])


def test_without_folding_each_frame_is_a_token():
    (path,) = fold_paths(torch.tensor([[0, 0, 2, 1]]), torch.tensor([4]), blank=2, fold_consecutive=False)
    assert path.tokens == [0, 0, 1]
    assert (path.starts, path.ends) == ([0, 1, 3], [1, 2, 4])


def test_frames_after_the_end_are_not_looked_at():
    labels = torch.tensor([[0, 1, 1, 1], [0, 0, 0, 0]])
    assert [path.tokens for path in fold_paths(labels, torch.tensor([1, 0]), blank=2)] == [[0], []]


def test_an_empty_batch_and_no_frames_give_empty_paths():
    assert fold_paths(torch.zeros(0, 4, dtype=torch.long), torch.zeros(0, dtype=torch.long), blank=2) == []
    assert fold_paths(torch.zeros(2, 0, dtype=torch.long), torch.zeros(2, dtype=torch.long), 2)[1].tokens == []


def test_score_is_the_log_probability_of_the_best_path():
    log_probs = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(0)).log_softmax(-1)
    lengths = torch.tensor([6, 2, 0])
    labels, scores = best_path(log_probs, lengths)
    for row in range(3):
        by_hand = sum(max(log_probs[row, frame].tolist()) for frame in range(lengths[row]))
        assert scores[row].item() == pytest.approx(by_hand, abs=1e-5)
    assert torch.equal(labels, log_probs.argmax(-1))
