"""Exact match and F1 by SQuAD's definition."""

import pytest

from nemo.collections.nlp.metrics.answer_scores import (
    QAMetrics,
    exact_match_score,
    f1_score,
    normalize_answer,
    squad_scores,
)


def test_case_punctuation_articles_and_spaces_do_not_count():
    assert normalize_answer("  The  U.S.A., a   place!") == "usa place"
    assert exact_match_score("the Cat.", "cat") == 1
    assert exact_match_score("cats", "cat") == 0
    assert normalize_answer("another theory") == "another theory"


@pytest.mark.parametrize(
    ("given", "right", "score"),
    [
        ("black cat", "the black cat", 1.0),
        ("black dog", "black cat", 0.5),
        ("big black cat", "cat", 2 * (1 / 3 * 1) / (1 / 3 + 1)),
        ("cat cat", "cat", 2 * (1 / 2 * 1) / (1 / 2 + 1)),
        ("dog", "cat", 0.0),
        ("", "", 1.0),
        ("the", "", 1.0),
        ("", "cat", 0.0),
    ],
)
def test_f1_is_the_harmonic_mean_of_precision_and_recall_of_words(given, right, score):
    assert f1_score(given, right) == pytest.approx(score)
    assert QAMetrics.get_one_f1(given, right) == pytest.approx(score)


def test_nearest_right_answer_counts():
    assert QAMetrics.get_exact_match(["red", "a car"], [["blue", "Red"], "car"]) == 100.0
    assert QAMetrics.get_f1(["red car", "x"], [["blue", "car"], "y"]) == pytest.approx(100 * (2 / 3) / 2)
    assert QAMetrics.get_exact_match([], []) == 0.0
    with pytest.raises(ValueError, match="shorter"):
        QAMetrics.get_f1(["red"], [])


def test_scores_of_a_set_with_questions_that_have_no_answer():
    right = {"1": ["red", "blue"], "2": [""], "3": ["a big car"], "4": [""]}
    scores = squad_scores({"1": "blue", "2": "", "3": "car", "4": "red"}, right)
    assert scores["exact"] == 50.0
    assert scores["f1"] == pytest.approx(100 * (1 + 1 + 2 / 3 + 0) / 4)
    assert (scores["total"], scores["HasAns_total"], scores["NoAns_total"]) == (4, 2, 2)
    assert scores["NoAns_exact"] == scores["NoAns_f1"] == 50.0
    assert scores["HasAns_exact"] == 50.0


def test_question_without_a_prediction_is_wrong():
    assert squad_scores({}, {"1": ["red"], "2": ["x"]})["f1"] == 0.0
    assert set(squad_scores({"1": "red"}, {"1": ["red"]})) == {"exact", "f1", "total"}
