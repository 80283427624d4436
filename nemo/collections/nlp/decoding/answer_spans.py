"""The best answers to questions, from scores of each token as the first and as the last of an answer.

Devlin et al., 2019 (https://arxiv.org/abs/1810.04805), section 4.2 and 4.3: the score of a span is the sum of both
scores; for questions that may have no answer it is compared with that of [CLS]. All spans within the limits are
searched, not only those between a few best tokens.
T tokens of a window.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nemo.collections.nlp.data.question_windows import QADataset
from nemo.utils.exceptions import ConfigError

WindowScores = Mapping[int, tuple[Tensor, Tensor]]
"""Number of a window -> scores [T] of its tokens as first and as last of the answer."""


@dataclass(frozen=True)
class ScoredAnswer:
    """A possible answer; an empty text says that there is none."""

    text: str
    start_logit: float
    end_logit: float
    probability: float = 0.0

    @property
    def score(self) -> float:
        """Sum of both scores."""
        return self.start_logit + self.end_logit


@dataclass(frozen=True)
class QuestionAnswers:
    """What was found for a question."""

    qas_id: str
    question: str
    answer: str
    """The answer; empty where the context has none."""
    nbest: list[ScoredAnswer]
    """Best first; probabilities are among these."""
    null_score_difference: float = 0.0
    """Score of no answer less that of the best answer."""


class AnswerSearch:
    """Finds the best answers.

    Args:
        n_best_size: how many for each question.
        max_answer_length: most tokens of an answer.
        version_2_with_negative: a question may have no answer.
        null_score_diff_threshold: the score of no answer has to be higher by more than this.

    Raises:
        ConfigError: a size below 1.
    """

    def __init__(
        self,
        n_best_size: int = 20,
        max_answer_length: int = 30,
        version_2_with_negative: bool = False,
        null_score_diff_threshold: float = 0.0,
    ) -> None:
        for name, value in (("n_best_size", n_best_size), ("max_answer_length", max_answer_length)):
            if value < 1:
                raise ConfigError(f"dataset.{name} is {value}. Expected 1 at least; raise it.")
        self.n_best_size = n_best_size
        self.max_answer_length = max_answer_length
        self.version_2_with_negative = version_2_with_negative
        self.null_score_diff_threshold = null_score_diff_threshold

    def __call__(self, dataset: QADataset, scores: WindowScores) -> list[QuestionAnswers]:
        """The answers to the questions of a data set of which all windows have scores, in its order."""
        return [
            self._of_question(dataset, number, [window for window in windows if window in scores], scores)
            for number, windows in enumerate(dataset.windows_of_questions())
            if any(window in scores for window in windows)
        ]

    def _of_question(
        self, dataset: QADataset, number: int, windows: Sequence[int], scores: WindowScores
    ) -> QuestionAnswers:
        found: dict[str, ScoredAnswer] = {}
        for window in windows:
            for answer in self._of_window(dataset, window, *scores[window]):
                if answer.text not in found or answer.score > found[answer.text].score:
                    found[answer.text] = answer
        ranked = sorted(found.values(), key=lambda answer: -answer.score)[: self.n_best_size]
        null = _without_answer([scores[window] for window in windows])
        difference = null.score - ranked[0].score if ranked else math.inf
        best = ranked[0].text if ranked else ""
        if self.version_2_with_negative:
            # it is always among the answers, so that a user sees how close it was
            ranked = sorted([*ranked[: self.n_best_size - 1], null], key=lambda answer: -answer.score)
            best = "" if difference > self.null_score_diff_threshold else best
        question = dataset.questions[number]
        return QuestionAnswers(
            question.qas_id, question.question, best, _with_probabilities(ranked or [null]), difference
        )

    def _of_window(self, dataset: QADataset, index: int, start: Tensor, end: Tensor) -> list[ScoredAnswer]:
        window = dataset.windows[index]
        first, length = window.context_start, window.window.length
        if not length:
            return []
        spans = best_spans(
            start[first : first + length],
            end[first : first + length],
            torch.from_numpy(window.best),
            self.max_answer_length,
            self.n_best_size,
        )
        return [
            ScoredAnswer(
                dataset.answer_text(index, first + one, first + other),
                float(start[first + one]),
                float(end[first + other]),
            )
            for one, other in spans
        ]


def best_spans(
    start: Tensor, end: Tensor, may_start: Tensor, max_answer_length: int, count: int
) -> list[tuple[int, int]]:
    """The spans with the largest sums of both scores, best first.

    Args:
        start: [T] score of each token as the first.
        end: [T] as the last.
        may_start: [T] True where a span may begin.
        max_answer_length: most tokens of a span.
        count: how many.

    Returns:
        First and last token of each.
    """
    length = len(start)
    width = min(max_answer_length, length)
    padded = torch.cat([end.float(), end.new_full((width - 1,), -math.inf, dtype=torch.float)])
    sums = start.float()[:, None] + padded.unfold(0, width, 1)  # [T, width]: begins at a row, is column + 1 long
    sums = sums.masked_fill(~may_start.to(start.device)[:, None], -math.inf)
    values, places = sums.flatten().topk(min(count, sums.numel()))
    kept = places[values > -math.inf].tolist()
    return [(place // width, place // width + place % width) for place in kept]


def _without_answer(scores: Sequence[tuple[Tensor, Tensor]]) -> ScoredAnswer:
    """No answer: the scores of [CLS] in the window where they are lowest, for every window has to be without one."""
    start, end = min(((float(first[0]), float(last[0])) for first, last in scores), key=sum)
    return ScoredAnswer("", start, end)


def _with_probabilities(answers: Sequence[ScoredAnswer]) -> list[ScoredAnswer]:
    shares = torch.tensor([answer.score for answer in answers], dtype=torch.float64).softmax(0).tolist()
    return [
        ScoredAnswer(answer.text, answer.start_logit, answer.end_logit, share)
        for answer, share in zip(answers, shares, strict=True)
    ]
