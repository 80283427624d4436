"""Windows over a context, against a search through all of them."""

import pytest

from nemo.collections.nlp.data.context_windows import Window, best_windows, context_windows
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize("tokens", [1, 4, 5, 6, 17, 40])
@pytest.mark.parametrize(("room", "stride"), [(5, 2), (5, 5), (5, 9), (1, 1), (40, 3)])
def test_windows_cover_everything_begin_a_stride_apart_and_are_full(tokens, room, stride):
    windows = context_windows(tokens, room, stride)
    assert {place for window in windows for place in range(window.first, window.end)} == set(range(tokens))
    assert windows[-1].end == tokens
    assert all(window.length == room for window in windows[:-1])
    starts = [window.first for window in windows]
    assert all(after - before == min(stride, room) for before, after in zip(starts, starts[1:], strict=False))


def test_empty_context_has_one_empty_window():
    assert context_windows(0, 5, 2) == [Window(0, 0)]
    assert best_windows([Window(0, 0)], 0) == []


@pytest.mark.parametrize(("room", "stride"), [(0, 1), (-3, 1), (5, 0)])
def test_no_room_or_no_stride_names_the_keys(room, stride):
    with pytest.raises(ConfigError, match="raise dataset.max_seq_length"):
        context_windows(10, room, stride)


def test_each_token_has_the_window_with_most_around_it():
    windows = context_windows(23, 9, 4)
    best = best_windows(windows, 23)
    for token in range(23):
        scores = [
            min(token - window.first, window.end - 1 - token) + 0.01 * window.length
            if window.first <= token < window.end
            else -1
            for window in windows
        ]
        assert best[token] == scores.index(max(scores))
    assert best[0] == 0 and best[22] == len(windows) - 1
