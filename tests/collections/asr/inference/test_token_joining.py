import torch
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.token_joining import join_hypotheses, join_tokens


def test_tokens_in_common_stand_once_and_the_wrong_ones_at_the_edges_go():
    left = [1, 2, 3, 4, 5, 6, 7, 99]  # the last one was cut
    right = [88, 5, 6, 7, 8, 9, 10]  # the first one too
    assert join_tokens(left, right, 4, 4) == list(range(1, 11))


def test_nothing_is_lost_where_the_pieces_do_not_agree():
    assert join_tokens([1, 2, 3], [4, 5, 6], 2, 2) == [1, 2, 3, 4, 5, 6]
    assert join_tokens([1, 2, 3], [3, 5, 6], 2, 2) == [1, 2, 3, 3, 5, 6]
    assert join_tokens([], [1], 2, 2) == [1]
    assert join_tokens([1], [], 2, 2) == [1]


def test_agreement_far_from_the_overlap_does_not_count():
    left = [1, 2, *range(10, 60)]
    right = [*range(60, 110), 1, 2]
    assert join_tokens(left, right, 3, 3) == left + right


@given(st.permutations(range(60)), st.integers(8, 30), st.integers(2, 7))
def test_overlapping_pieces_of_a_row_give_the_row(row, size, overlap):
    starts = range(0, len(row) - overlap, size - overlap)
    pieces = [row[start : start + size] for start in starts]
    hypotheses = [Hypothesis(score=-1.0, y_sequence=torch.tensor(piece), text="", length=5) for piece in pieces]
    joined = join_hypotheses(hypotheses, [overlap / size] * (len(pieces) - 1), lambda ids: " ".join(map(str, ids)))
    assert joined.y_sequence.tolist() == row if len(pieces) > 1 else list(row)
    assert joined.score == -len(pieces)


def test_pieces_that_share_nothing_are_put_one_after_the_other():
    hypotheses = [
        Hypothesis(score=-1.0, y_sequence=[1, 2], text="a"),
        Hypothesis(score=-1.0, y_sequence=[1, 2], text="a"),
    ]
    assert join_hypotheses(hypotheses, [0.0], str).y_sequence.tolist() == [1, 2, 1, 2]
    assert join_hypotheses(hypotheses[:1], [], str) is hypotheses[0]
