"""Reads questions about texts from JSON files in the format of SQuAD, versions 1.1 and 2.0.

Rajpurkar et al., 2016 (https://arxiv.org/abs/1606.05250) and 2018 (https://arxiv.org/abs/1806.03822).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nemo.collections.common.exceptions import TextFileError
from nemo.core.archive.side_files import read_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """An answer that stands in the context: `context[start : start + len(text)] == text`."""

    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question with its context."""

    qas_id: str
    question: str
    context: str
    answers: tuple[Answer, ...] = ()
    """Right answers; empty where there is none, or where none is known."""
    is_impossible: bool = False
    title: str = ""

    @property
    def answer_texts(self) -> list[str]:
        """Right answers; an empty text where the context has none."""
        return [answer.text for answer in self.answers] or [""]


def read_squad(
    path: str | os.PathLike[str],
    *,
    with_answers: bool,
    version_2_with_negative: bool = False,
    leave_out_unfound: bool = False,
    num_samples: int = -1,
) -> list[Question]:
    """Questions of a SQuAD file, in its order.

    Args:
        path: the JSON file.
        with_answers: questions need answers; False: there may be none.
        version_2_with_negative: `is_impossible` counts; otherwise such questions are left out of sets with answers.
        leave_out_unfound: questions whose answer is not in their context are left out with a warning that counts them.
        num_samples: only so many, the first ones; -1 or 0: all.

    Raises:
        TextFileError: there is no such file, it is no JSON, lacks keys, has no questions, or an answer is not in its
            context. The message names file, place and the question's id.
    """
    source = Path(path)
    if not source.is_file():
        raise TextFileError(f"{source} does not exist. Expected a JSON file in SQuAD format; mend the path.")
    questions: list[Question] = []
    unfound: list[str] = []
    for place, context, title, entry in _entries(read_json(source), str(source)):
        if 0 < num_samples <= len(questions):
            break
        question = _question(place, context, title, entry, with_answers and not leave_out_unfound)
        if question.is_impossible and with_answers and not version_2_with_negative:
            continue
        if with_answers and not question.is_impossible and not question.answers:
            unfound.append(question.qas_id)
            continue
        questions.append(question)
    if unfound:
        logger.warning(
            "%s: %d questions are left out, as their answer is not in the context: %s",
            source, len(unfound), ", ".join(unfound[:5]),
        )  # fmt: skip
    if not questions:
        raise TextFileError(
            f"{source} has no questions that can be used. Expected data -> paragraphs -> qas with at least one; for "
            "questions without an answer set version_2_with_negative."
        )
    return questions


def _entries(content: Any, source: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Place, context, title and entry of each question."""
    for number, article in enumerate(_list(content, "data", source)):
        place = f"{source}: data[{number}]"
        for index, paragraph in enumerate(_list(article, "paragraphs", place)):
            inner = f"{place}.paragraphs[{index}]"
            context = _text(paragraph, "context", inner)
            for turn, entry in enumerate(_list(paragraph, "qas", inner)):
                yield f"{inner}.qas[{turn}]", context, str(article.get("title") or ""), entry


def _question(place: str, context: str, title: str, entry: Any, answers_needed: bool) -> Question:
    identity = _value(entry, "id", place)
    place = f"{place} (id {identity})"
    text = _text(entry, "question", place)
    is_impossible = bool(entry.get("is_impossible", False))
    given = entry.get("answers")
    if given is None and answers_needed and not is_impossible:
        raise TextFileError(
            f"{place} has no 'answers'. Expected a list of answers, each with text and answer_start; add it, or set "
            "is_impossible for a question without an answer."
        )
    answers = []
    for number, answer in enumerate(given or [] if not is_impossible else []):
        found = _answer(answer, context, f"{place}.answers[{number}]", answers_needed)
        if found is not None:
            answers.append(found)
    if answers_needed and not answers and not is_impossible:
        raise TextFileError(
            f"{place} has an empty list 'answers'. Expected one answer at least; add it, or set is_impossible for a "
            "question without an answer."
        )
    return Question(str(identity), text, context, tuple(answers), is_impossible, title)


def _answer(entry: Any, context: str, place: str, must_be_there: bool) -> Answer | None:
    """The answer where it stands in the context; the nearest such place where the file's number is a little off."""
    written = _text(entry, "text", place, may_be_empty=True)
    start = _value(entry, "answer_start", place)
    if isinstance(start, bool) or not isinstance(start, int):
        raise TextFileError(f"{place}.answer_start is {start!r}. Expected the number of a character; mend it.")
    text = written.strip()
    start += len(written) - len(written.lstrip())
    if text and start >= 0 and context.startswith(text, start):
        return Answer(text, start)
    places = [index for index in range(len(context)) if text and context.startswith(text, index)]
    if places:
        nearest = min(places, key=lambda index: abs(index - start))
        logger.warning("%s: the answer is at %d instead of %d; this place is used", place, nearest, start)
        return Answer(text, nearest)
    if must_be_there:
        raise TextFileError(
            f"{place}: the answer {text[:80]!r} is not in the context {context[:60]!r}... Expected a part of it, "
            "letter by letter; mend text and answer_start, or set dataset.check_if_answer_in_context to none, which "
            "leaves such questions out."
        )
    return None


def _value(entry: Any, key: str, place: str) -> Any:
    if not isinstance(entry, dict):
        raise TextFileError(f"{place} is {type(entry).__name__}. Expected an object with {key!r}; mend the file.")
    if key not in entry:
        close = ", ".join(entry) or "none"
        raise TextFileError(f"{place} has no {key!r}; it has the keys: {close}. SQuAD files need it; add it.")
    return entry[key]


def _list(entry: Any, key: str, place: str) -> list[Any]:
    value = _value(entry, key, place)
    if not isinstance(value, list):
        raise TextFileError(f"{place}.{key} is {type(value).__name__}. Expected a list; mend the file.")
    return value


def _text(entry: Any, key: str, place: str, may_be_empty: bool = False) -> str:
    value = _value(entry, key, place)
    if not isinstance(value, str) or (not value.strip() and not may_be_empty):
        raise TextFileError(f"{place}.{key} is {value!r}. Expected a text that is not empty; mend the file.")
    return value
