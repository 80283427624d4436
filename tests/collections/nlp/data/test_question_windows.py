"""Windows of questions: the answer is found again from its tokens, whatever the windows."""

import random

import numpy as np
import pytest
import torch

from nemo.collections.nlp.data.question_windows import QADataset
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_questions import THINGS, colour_questions, tokenizer, write_questions


@pytest.fixture(scope="module")
def cutter(tmp_path_factory):
    return tokenizer(tmp_path_factory.mktemp("vocab"))


def made_text(generator, length):
    parts = [
        generator.choice(["the", "Cars", "café", "ωω", "don't", "(red)", "$50", "x.y", "a-b", "Blue", "\n"])
        for _ in range(length)
    ]
    return generator.choice([" ", "  "]).join(parts)


def random_question(number, generator):
    """A context and an answer between borders of words or punctuation."""
    context = made_text(generator, generator.randint(1, 40)).strip() or "red"
    words = [place for place in range(len(context)) if not context[place].isspace()]
    borders = [
        place for place in words if place == 0 or not (context[place].isalnum() and context[place - 1].isalnum())
    ]
    start = generator.choice(borders)
    ends = [
        place + 1
        for place in words
        if place >= start
        and (place + 1 == len(context) or not (context[place].isalnum() and context[place + 1].isalnum()))
    ]
    end = generator.choice(ends[: generator.randint(1, 8)])
    answer = {"text": context[start:end], "answer_start": start}
    return {"context": context, "qas": [{"id": str(number), "question": "What is the car?", "answers": [answer]}]}


@pytest.mark.parametrize(("length", "stride", "query"), [(12, 1, 3), (16, 3, 64), (24, 50, 2), (200, 128, 64)])
def test_answer_is_recovered_letter_by_letter_from_every_window_that_has_it(tmp_path, cutter, length, stride, query):
    generator = random.Random(length)
    content = {"data": [{"paragraphs": [random_question(number, generator) for number in range(60)]}]}
    path = write_questions(tmp_path / "train.json", content)
    dataset = QADataset(path, cutter, "all", stride, query, length, mode="train")
    found = set()
    for index, window in enumerate(dataset.windows):
        ids, types, number, start, end = dataset[index]
        assert len(ids) == len(types) == dataset.length_of(index) <= length
        assert number == index
        if start:
            answer = dataset.questions[window.question].answers[0].text
            assert dataset.answer_text(index, start, end) == answer
            assert cutter.text_to_ids(answer) == ids[start : end + 1].tolist()
            found.add(window.question)
    short = [
        number
        for number, tokens in enumerate(dataset.tokens)
        if tokens.answer is not None
        and tokens.answer[1] - tokens.answer[0] < length - 3 - len(tokens.question) - stride
    ]
    assert set(short) <= found
    assert found


def test_answer_within_a_token_is_widened_to_whole_tokens(tmp_path, cutter):
    entry = {"id": "1", "question": "Who?", "answers": [{"text": "olou", "answer_start": 5}]}
    content = {"data": [{"paragraphs": [{"context": "The colour.", "qas": [entry]}]}]}
    dataset = QADataset(write_questions(tmp_path / "a.json", content), cutter, mode="train")
    _, _, index, start, end = dataset[0]
    assert dataset.answer_text(index, start, end) == "colour"


def test_every_token_of_the_context_is_best_in_one_window(tmp_path, cutter):
    path = write_questions(tmp_path / "a.json", colour_questions(4))
    dataset = QADataset(path, cutter, "all", 3, 64, 16, mode="eval")
    for number, windows in enumerate(dataset.windows_of_questions()):
        times = np.zeros(len(dataset.tokens[number].context), dtype=int)
        for index in windows:
            window = dataset.windows[index]
            times[window.window.first : window.window.end] += window.best
        assert (times == 1).all()


def test_window_is_cls_question_sep_context_sep(tmp_path, cutter):
    path = write_questions(tmp_path / "a.json", colour_questions(1))
    dataset = QADataset(path, cutter, mode="infer")
    question = dataset.questions[0]
    ids, types, *_ = dataset[0]
    asked, context = cutter.text_to_ids(question.question), cutter.text_to_ids(question.context)
    assert ids.tolist() == [cutter.cls_id, *asked, cutter.sep_id, *context, cutter.sep_id]
    assert types.tolist() == [0] * (len(asked) + 2) + [1] * (len(context) + 1)


def test_batches_are_padded_to_their_longest_and_know_positions_unless_answers_are_sought(tmp_path, cutter):
    path = write_questions(tmp_path / "a.json", colour_questions(6))
    for mode, parts in (("train", 6), ("eval", 6), ("infer", 4)):
        dataset = QADataset(path, cutter, "all", 3, 64, 16, mode=mode)
        samples = [dataset[0], dataset[len(dataset) - 1]]
        batch = dataset.collate_fn(samples)
        assert len(batch) == parts
        assert batch[0].shape == batch[1].shape == batch[2].shape == (2, max(len(sample[0]) for sample in samples))
        assert torch.equal(batch[2].sum(1), torch.tensor([len(sample[0]) for sample in samples]))
        assert (batch[0][batch[2] == 0] == cutter.pad_id).all()
        assert batch[3].tolist() == [0, len(dataset) - 1]


def test_only_windows_with_the_answer_are_kept_for_training_where_asked(tmp_path, cutter):
    path = write_questions(tmp_path / "a.json", colour_questions(9, impossible=True))
    options = {"doc_stride": 3, "max_seq_length": 16, "version_2_with_negative": True}
    every = QADataset(path, cutter, "all", mode="train", **options)
    positive = QADataset(path, cutter, "only_positive", mode="train", **options)
    assert len(positive) == sum(window.end_position > 0 for window in every.windows) < len(every)
    assert len(QADataset(path, cutter, "only_positive", mode="eval", **options)) == len(every)
    impossible = [number for number, question in enumerate(every.questions) if question.is_impossible]
    assert impossible
    assert all(w.start_position == w.end_position == 0 for w in every.windows if w.question in impossible)


def test_places_outside_of_the_context_are_no_answer(tmp_path, cutter):
    dataset = QADataset(write_questions(tmp_path / "a.json", colour_questions(1)), cutter)
    with pytest.raises(ValueError, match="are not in the context of window 0"):
        dataset.answer_text(0, 0, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "test"}, "mode is 'test'"),
        ({"keep_doc_spans": "some"}, "keep_doc_spans is 'some'"),
        ({"check_if_answer_in_context": "yes"}, "check_if_answer_in_context is 'yes'"),
        ({"max_query_length": 0}, "max_query_length is 0"),
        ({"max_seq_length": 7}, "max_seq_length"),
        ({"doc_stride": 0}, "doc_stride is 0"),
    ],
)
def test_options_that_cannot_be_are_named(tmp_path, cutter, options, words):
    path = write_questions(tmp_path / "a.json", colour_questions(1))
    with pytest.raises(ConfigError, match=words):
        QADataset(path, cutter, **options)


def test_question_and_things_are_in_the_vocabulary(cutter):
    assert cutter.unk_id not in cutter.text_to_ids(f"What colour is the {THINGS[0]}?")
