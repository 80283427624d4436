import torch
from hypothesis import given
from hypothesis import strategies as st

from nemo.collections.asr.decoding.ctc_greedy import FoldedPath
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.token_joining import join_hypotheses, join_paths, join_places
from tests.collections.asr.inference.examples import some


class Numbers:
    """A decoding whose tokens are numbers."""

    def decode_tokens_to_str(self, tokens):
        return " ".join(map(str, tokens))


def join_tokens(left, right, shared_left, shared_right):
    keep, begin = join_places(left, right, shared_left, shared_right)
    return left[:keep] + right[begin:]


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


@some
@given(st.permutations(range(60)), st.integers(8, 30), st.integers(2, 7))
def test_overlapping_pieces_of_a_row_give_the_row(row, size, overlap):
    starts = range(0, len(row) - overlap, size - overlap)
    pieces = [row[start : start + size] for start in starts]
    hypotheses = [Hypothesis(score=-1.0, y_sequence=torch.tensor(piece), text="", length=5) for piece in pieces]
    joined = join_hypotheses(hypotheses, [overlap / size] * (len(pieces) - 1), list(starts), Numbers())
    assert joined.y_sequence.tolist() == list(row)
    assert joined == " ".join(map(str, row))
    assert joined.score == -len(pieces)


def test_pieces_that_share_nothing_are_put_one_after_the_other():
    hypotheses = [
        Hypothesis(score=-1.0, y_sequence=[1, 2], text="a"),
        Hypothesis(score=-1.0, y_sequence=[1, 2], text="a"),
    ]
    assert join_hypotheses(hypotheses, [0.0], [0, 9], Numbers()).y_sequence.tolist() == [1, 2, 1, 2]
    assert join_hypotheses(hypotheses[:1], [], [0], Numbers()) is hypotheses[0]


def test_times_of_pieces_become_those_of_the_recording_and_rise():
    left = FoldedPath([1, 2, 3, 4, 9], [0, 2, 4, 6, 9], [1, 3, 5, 8, 10])
    right = FoldedPath([3, 4, 5], [0, 1, 4], [1, 2, 6])
    # 3 | 4 is where they agree; the later piece begins at frame 5 and hears 4 at frame 6
    assert join_paths([left, right], [0.6], [0, 5]) == FoldedPath([1, 2, 3, 4, 5], [0, 2, 4, 6, 9], [1, 3, 5, 7, 11])
    early = FoldedPath([3, 4, 5], [0, 0, 0], [1, 1, 1])
    joined = join_paths([left, early], [0.6], [0, 3])
    assert joined.starts == [0, 2, 4, 5, 5] and joined.ends == [1, 3, 5, 5, 5]
