"""SQuAD files: what is read, and what each kind of fault says."""

import copy
import json
import logging

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.squad_file import Answer, read_squad
from nemo.utils.exceptions import ArchiveError

QUESTION = {"id": "q7", "question": "Who?", "answers": [{"text": "the cat", "answer_start": 4}]}
FILE = {"data": [{"title": "cats", "paragraphs": [{"context": "See the cat and the cat.", "qas": [QUESTION]}]}]}


def write(folder, content):
    path = folder / "train.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def changed(**values):
    content = copy.deepcopy(FILE)
    content["data"][0]["paragraphs"][0]["qas"][0].update(values)
    return content


def without(*path):
    content = copy.deepcopy(FILE)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return content


def test_question_with_context_and_answer(tmp_path):
    (question,) = read_squad(write(tmp_path, FILE), with_answers=True)
    assert (question.qas_id, question.question, question.title) == ("q7", "Who?", "cats")
    assert question.answers == (Answer("the cat", 4),)
    assert question.answer_texts == ["the cat"]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("data",), "data"),
        (("data", 0, "paragraphs"), "paragraphs"),
        (("data", 0, "paragraphs", 0, "context"), "context"),
        (("data", 0, "paragraphs", 0, "qas"), "qas"),
        (("data", 0, "paragraphs", 0, "qas", 0, "id"), "id"),
        (("data", 0, "paragraphs", 0, "qas", 0, "question"), "question"),
        (("data", 0, "paragraphs", 0, "qas", 0, "answers"), "answers"),
        (("data", 0, "paragraphs", 0, "qas", 0, "answers", 0, "text"), "text"),
        (("data", 0, "paragraphs", 0, "qas", 0, "answers", 0, "answer_start"), "answer_start"),
    ],
)
def test_missing_key_is_named_with_its_place(tmp_path, path, key):
    with pytest.raises(TextFileError, match=rf"train\.json.* has no '{key}'") as error:
        read_squad(write(tmp_path, without(*path)), with_answers=True)
    assert "qas[0]" in str(error.value) or len(path) <= 5


def test_answer_that_the_context_lacks_names_the_question(tmp_path):
    path = write(tmp_path, changed(answers=[{"text": "a dog", "answer_start": 4}]))
    with pytest.raises(TextFileError, match=r"\(id q7\)\.answers\[0\]: the answer 'a dog' is not in the context"):
        read_squad(path, with_answers=True)
    assert read_squad(path, with_answers=False)[0].answers == ()


def test_questions_with_such_answers_can_be_left_out(tmp_path, caplog):
    content = changed(answers=[{"text": "a dog", "answer_start": 4}])
    content["data"][0]["paragraphs"][0]["qas"].append({**QUESTION, "id": "q8"})
    with caplog.at_level(logging.WARNING):
        questions = read_squad(write(tmp_path, content), with_answers=True, leave_out_unfound=True)
    assert [question.qas_id for question in questions] == ["q8"]
    assert "1 questions are left out" in caplog.text


def test_place_that_is_a_little_off_is_mended_with_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        path = write(tmp_path, changed(answers=[{"text": "the cat", "answer_start": 15}]))
        (question,) = read_squad(path, with_answers=True)
    assert question.answers == (Answer("the cat", 16),)
    assert "at 16 instead of 15" in caplog.text


def test_spaces_around_an_answer_do_not_belong_to_it(tmp_path):
    path = write(tmp_path, changed(answers=[{"text": " the cat ", "answer_start": 3}]))
    assert read_squad(path, with_answers=True)[0].answers == (Answer("the cat", 4),)


def test_questions_without_an_answer_belong_to_version_2(tmp_path):
    content = changed(answers=[], is_impossible=True)
    (question,) = read_squad(write(tmp_path, content), with_answers=True, version_2_with_negative=True)
    assert question.is_impossible and question.answer_texts == [""]
    with pytest.raises(TextFileError, match="set version_2_with_negative"):
        read_squad(write(tmp_path, content), with_answers=True)


def test_empty_list_of_answers_is_a_fault_only_where_answers_are_needed(tmp_path):
    path = write(tmp_path, changed(answers=[]))
    with pytest.raises(TextFileError, match="empty list 'answers'"):
        read_squad(path, with_answers=True)
    assert len(read_squad(path, with_answers=False)) == 1


def test_only_so_many_questions_are_read(tmp_path):
    content = copy.deepcopy(FILE)
    content["data"][0]["paragraphs"][0]["qas"] = [{**QUESTION, "id": str(number)} for number in range(5)]
    path = write(tmp_path, content)
    assert [len(read_squad(path, with_answers=True, num_samples=number)) for number in (-1, 0, 2, 9)] == [5, 5, 2, 5]


def test_file_that_is_missing_empty_or_no_json_is_named(tmp_path):
    with pytest.raises(TextFileError, match=r"nothing\.json does not exist"):
        read_squad(tmp_path / "nothing.json", with_answers=False)
    with pytest.raises(ArchiveError, match=r"train\.json: not valid JSON"):
        read_squad(write(tmp_path, ""), with_answers=False)
    with pytest.raises(TextFileError, match="has no questions"):
        read_squad(write(tmp_path, {"data": []}), with_answers=False)
    with pytest.raises(TextFileError, match="is list. Expected an object"):
        read_squad(write(tmp_path, []), with_answers=False)
    (tmp_path / "train.json").write_bytes(json.dumps(FILE, ensure_ascii=False).replace("cat", "cät").encode("latin-1"))
    with pytest.raises(ArchiveError, match="not valid JSON"):
        read_squad(tmp_path / "train.json", with_answers=False)
