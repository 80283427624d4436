"""Hypotheses in a new order."""

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.inference.rescoring import best_weights, read_hypotheses
from tests.collections.nlp.toy_text import write

SCORES = {"a cat": -1.0, "a hat": -6.0, "we go": -2.0, "we goat now": -9.0}


@pytest.fixture
def beams(tmp_path):
    return write(tmp_path / "beams.tsv", ["a hat\t-1", "a cat\t-2", "we goat now\t-3.5", "we go\t-4"])


def test_weights_with_fewest_errors_are_found(beams):
    found = read_hypotheses(beams, 2, lambda texts: [SCORES[text] for text in texts])
    assert [each.best(0.0, 0.0) for each in found] == ["a hat", "we goat now"]
    assert [each.best(0.0, -1.0) for each in found] == ["a hat", "we go"]
    assert [each.best(1.0, 0.0) for each in found] == ["a cat", "we go"]
    truth = ["a cat", "we go"]
    wrong = lambda texts: sum(text != right for text, right in zip(texts, truth, strict=True)) / 2  # noqa: E731
    assert best_weights(found, wrong, [0.0, 0.1, 1.0], [0.0, 1.0]) == (1.0, 0.0, 0.0)


def test_faulty_files_are_named(tmp_path, beams):
    with pytest.raises(TextFileError, match=r"beams.tsv has 4 lines, and beam_size is 3"):
        read_hypotheses(beams, 3, lambda texts: [0.0] * len(texts))
    with pytest.raises(TextFileError, match=r"bad.tsv:2 is 'no score'"):
        read_hypotheses(write(tmp_path / "bad.tsv", ["a\t1", "no score"]), 1, lambda texts: [0.0] * len(texts))
