"""The best monotonic path against all paths."""

import itertools

import numpy as np
import pytest
import torch

from nemo.collections.tts.modules.monotonic_alignment import best_path, binarize_attention


def all_paths(frames, tokens):
    """Every way to cut `frames` into `tokens` runs that are not empty: the token of each frame."""
    for cuts in itertools.combinations(range(1, frames), tokens - 1):
        ends = (*cuts, frames)
        starts = (0, *cuts)
        yield np.repeat(np.arange(tokens), [end - start for start, end in zip(starts, ends, strict=True)])


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_best_of_all_paths_also_in_a_padded_batch(seed):
    random = np.random.default_rng(seed)
    frames = random.integers(3, 9, size=3)
    tokens = np.array([random.integers(1, count + 1) for count in frames])
    log_probs = random.normal(size=(3, frames.max(), tokens.max()))
    found = best_path(log_probs, tokens, frames)
    for row in range(3):
        count = frames[row]
        every = np.arange(count)
        best = max(log_probs[row, every, path].sum() for path in all_paths(count, tokens[row]))
        assert found[row, :count].sum(axis=1).tolist() == [1] * count
        assert found[row, count:].sum() == found[row, :, tokens[row] :].sum() == 0
        chosen = found[row, :count].argmax(axis=1)
        assert chosen[0] == 0 and chosen[-1] == tokens[row] - 1 and set(np.diff(chosen)) <= {0, 1}
        assert log_probs[row, every, chosen].sum() == pytest.approx(best)


def test_durations_are_the_frames_of_each_token():
    soft = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]])[None, None]
    hard = binarize_attention(soft, torch.tensor([2]), torch.tensor([3]))
    assert hard.sum(2)[0, 0].tolist() == [2, 1]
