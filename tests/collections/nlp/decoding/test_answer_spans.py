"""The search for answers against all spans one by one."""

import math

import pytest
import torch

from nemo.collections.nlp.data.question_windows import QADataset
from nemo.collections.nlp.decoding.answer_spans import AnswerSearch, best_spans
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_questions import colour_questions, tokenizer, write_questions


@pytest.mark.parametrize(("length", "longest", "count"), [(1, 5, 3), (7, 3, 5), (7, 20, 100), (12, 1, 4)])
def test_best_spans_are_those_of_a_search_through_all(length, longest, count):
    start, end = torch.randn(length), torch.randn(length)
    may_start = torch.rand(length) > 0.3
    every = [
        (float(start[i] + end[j]), i, j)
        for i in range(length)
        for j in range(i, min(i + longest, length))
        if may_start[i]
    ]
    expected = [(i, j) for _, i, j in sorted(every, reverse=True)[:count]]
    assert best_spans(start, end, may_start, longest, count) == expected


@pytest.fixture
def dataset(tmp_path):
    path = write_questions(tmp_path / "a.json", colour_questions(6, impossible=True))
    cutter = tokenizer(tmp_path)
    return QADataset(path, cutter, "all", 4, 64, 18, version_2_with_negative=True, mode="eval")


def scores_of(dataset, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        index: tuple(torch.randn(dataset.length_of(index), generator=generator) for _ in range(2))
        for index in range(len(dataset))
    }


def brute_force(dataset, scores, number, longest):
    """Text -> best score of the spans that begin where their window is the best one."""
    found = {}
    for index in dataset.windows_of_questions()[number]:
        window = dataset.windows[index]
        places = range(window.context_start, window.context_start + window.window.length)
        for i in places:
            for j in places:
                if i <= j < i + longest and window.best[i - window.context_start]:
                    text = dataset.answer_text(index, i, j)
                    score = float(scores[index][0][i] + scores[index][1][j])
                    found[text] = max(score, found.get(text, -math.inf))
    return found


def test_answers_are_the_best_of_all_windows(dataset):
    scores = scores_of(dataset)
    results = AnswerSearch(n_best_size=5, max_answer_length=3)(dataset, scores)
    assert [result.qas_id for result in results] == [question.qas_id for question in dataset.questions]
    for number, result in enumerate(results):
        expected = brute_force(dataset, scores, number, 3)
        ranked = sorted(expected, key=expected.get, reverse=True)[:5]
        assert [answer.text for answer in result.nbest] == ranked
        assert result.answer == ranked[0]
        assert sum(answer.probability for answer in result.nbest) == pytest.approx(1)
        odds = result.nbest[0].probability / result.nbest[1].probability
        assert odds == pytest.approx(math.exp(expected[ranked[0]] - expected[ranked[1]]), rel=1e-4)
        assert result.answer in dataset.questions[number].context


def test_no_answer_wins_where_its_lowest_score_is_higher_by_the_threshold(dataset):
    scores = scores_of(dataset)
    for number, windows in enumerate(dataset.windows_of_questions()):
        best = max(brute_force(dataset, scores, number, 30).values())
        null = min(float(scores[index][0][0] + scores[index][1][0]) for index in windows)
        for threshold in (null - best - 0.1, null - best + 0.1):
            search = AnswerSearch(version_2_with_negative=True, null_score_diff_threshold=threshold)
            result = search(dataset, scores)[number]
            assert result.null_score_difference == pytest.approx(null - best, abs=1e-5)
            assert (result.answer == "") == (null - best > threshold)
            assert "" in [answer.text for answer in result.nbest]


def test_only_questions_with_scores_are_answered(dataset):
    first = dataset.windows_of_questions()[0]
    scores = {index: value for index, value in scores_of(dataset).items() if index in first}
    assert [result.qas_id for result in AnswerSearch()(dataset, scores)] == ["q0"]


def test_sizes_below_one_are_refused():
    with pytest.raises(ConfigError, match="n_best_size is 0"):
        AnswerSearch(n_best_size=0)
    with pytest.raises(ConfigError, match="max_answer_length is -1"):
        AnswerSearch(max_answer_length=-1)
