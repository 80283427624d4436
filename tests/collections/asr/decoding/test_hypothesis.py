import copy
import dataclasses
import json
import pickle

import pytest
import torch

from nemo.collections.asr.decoding.hypothesis import Hypothesis, NBestHypotheses


def make(text="hello world", **more):
    return Hypothesis(score=-1.5, y_sequence=torch.tensor([1, 2]), text=text, **more)


def test_hypothesis_works_wherever_a_string_does():
    hypothesis = make()
    assert hypothesis == "hello world"
    assert "world" in hypothesis
    assert len(hypothesis) == 11
    assert {hypothesis: 1}["hello world"] == 1
    assert " | ".join([hypothesis, hypothesis]) == "hello world | hello world"
    assert json.dumps({"text": hypothesis}) == '{"text": "hello world"}'
    assert f"{hypothesis}!" == "hello world!"
    assert hypothesis.upper() == "HELLO WORLD"
    assert type(str(hypothesis)) is str
    assert hypothesis.words == ["hello", "world"]


def test_hypothesis_without_text_is_an_empty_string():
    hypothesis = make(text=None)
    assert hypothesis.text is None
    assert hypothesis == ""
    assert not hypothesis


def test_timestamp_is_another_name_of_timestep():
    hypothesis = make()
    hypothesis.timestamp = {"word": []}
    assert hypothesis.timestep is hypothesis.timestamp
    hypothesis.timestep = [1]
    assert hypothesis.timestamp == [1]


def test_fields_and_defaults_are_the_originals():
    # recorded from release 1.23.0
    recorded = {
        "alignments": None, "dec_out": None, "dec_state": None, "frame_confidence": None, "last_token": None,
        "length": 0, "lm_scores": None, "lm_state": None, "ngram_lm_state": None, "text": None, "timestep": [],
        "token_confidence": None, "tokens": None, "word_confidence": None, "y": None,
    }  # fmt: skip
    hypothesis = Hypothesis(score=0.0, y_sequence=[])
    assert {name: getattr(hypothesis, name) for name in recorded} == recorded
    assert {entry.name for entry in dataclasses.fields(Hypothesis)} == {*recorded, "score", "y_sequence"}
    assert [entry.name for entry in dataclasses.fields(NBestHypotheses)] == ["n_best_hypotheses"]


def test_fresh_hypotheses_share_no_list():
    first, second = make(), make()
    first.timestep.append(3)
    assert second.timestep == []


@pytest.mark.parametrize("duplicate", [lambda h: pickle.loads(pickle.dumps(h)), copy.deepcopy, copy.copy])
def test_copies_keep_text_fields_and_error(duplicate):
    original = make(word_confidence=[0.5, 0.25])
    original.error = "no such file"
    again = duplicate(original)
    assert type(again) is Hypothesis
    assert again == "hello world"
    assert again.text == "hello world"
    assert again.score == -1.5
    assert torch.equal(again.y_sequence, original.y_sequence)
    assert again.word_confidence == [0.5, 0.25]
    assert again.error == "no such file"


def test_text_cannot_change_under_the_string_and_replace_makes_another():
    hypothesis = make()
    with pytest.raises(AttributeError, match=r"dataclasses\.replace"):
        hypothesis.text = "other"
    other = dataclasses.replace(hypothesis, text="other")
    assert other == "other"
    assert other.score == hypothesis.score


def test_repr_is_short_and_shows_an_error():
    hypothesis = make(text="hi")
    assert repr(hypothesis) == "Hypothesis('hi', score=-1.5)"
    hypothesis.error = "bad file"
    assert repr(hypothesis) == "Hypothesis('hi', score=-1.5, error='bad file')"
