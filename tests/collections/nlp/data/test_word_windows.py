"""Windows over texts: each word counts in at least one, those at edges only in the neighbours."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemo.collections.nlp.data.word_pieces import WordPieces
from nemo.collections.nlp.data.word_windows import WindowShape, windows_of
from nemo.utils.exceptions import ConfigError


def pieces_of(lengths):
    """Pieces of words of these lengths; the ids are the places."""
    words = [word for word, length in enumerate(lengths) for _ in range(length)]
    return WordPieces(list(range(len(words))), words)


@st.composite
def shapes(draw):
    length, margin = draw(st.integers(1, 20)), draw(st.integers(0, 6))
    length = max(length, 2 * margin + 1)
    return WindowShape(length + 2, draw(st.integers(1, length - 2 * margin)), margin)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=60), shapes())
def test_every_word_counts_and_its_first_piece_is_where_the_window_says(lengths, shape):
    pieces = pieces_of(lengths)
    firsts = [pieces.word_of_piece.index(word) for word in range(len(lengths))]
    counted = set()
    for window in windows_of(pieces, shape):
        assert len(window.ids) <= shape.length
        for word, place in zip(window.words, window.places, strict=True):
            assert window.ids[place] == firsts[word]
            counted.add(int(word))
    assert counted == set(range(len(lengths)))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=40), shapes())
def test_a_word_has_a_margin_of_context_unless_the_text_ends(lengths, shape):
    pieces = pieces_of(lengths)
    for window in windows_of(pieces, shape):
        begin, end = window.ids[0], window.ids[-1] + 1
        for place in window.places:
            assert place >= shape.margin or begin == 0
            assert len(window.ids) - place > shape.margin or end == len(pieces.ids)


def test_a_text_that_fits_is_one_window_that_counts_for_all():
    (window,) = windows_of(pieces_of([1, 2, 1]), WindowShape(6, 1, 1))
    assert window.ids == [0, 1, 2, 3]
    assert window.words.tolist() == [0, 1, 2]
    assert window.places.tolist() == [0, 1, 3]


def test_the_picture_in_the_documentation():
    first, second = windows_of(pieces_of([1] * 11), WindowShape(10, 3, 2))
    assert first.words.tolist() == [0, 1, 2, 3, 4, 5]
    assert second.words.tolist() == [5, 6, 7, 8, 9, 10]
    assert second.ids == [3, 4, 5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(("length", "step", "margin"), [(2, 1, 0), (10, 0, 1), (10, 1, -1), (10, 5, 2)])
def test_shapes_that_would_leave_words_out_are_refused(length, step, margin):
    with pytest.raises(ConfigError, match="Expected"):
        WindowShape(length, step, margin)


@given(st.integers(3, 600))
def test_covering_windows_exist_for_every_length(length):
    assert WindowShape.covering(length).max_seq_length == length
