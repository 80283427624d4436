import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.inference.confidence_benchmark import (
    apply_confidence_parameters,
    get_correct_marks,
    get_token_targets_with_confidence,
    get_word_targets_with_confidence,
    run_confidence_benchmark,
)
from nemo.collections.asr.metrics.confidence import auc_roc, ece
from nemo.collections.asr.models.ctc import EncDecCTCModel
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny

CONFIDENCES = {"confidence_cfg": {"preserve_word_confidence": True}}


@pytest.mark.parametrize(
    ("reference", "hypothesis", "marks"),
    [
        ("a b c", "a b c", [1, 1, 1]),
        ("a b c", "a x c", [1, 0, 1]),
        ("a b c", "a c", [1, 1]),
        ("a c", "a b c", [1, 0, 1]),
        ("", "a", [0]),
        ("a", "", []),
    ],
)
def test_marks_are_of_the_shortest_way(reference, hypothesis, marks):
    assert get_correct_marks(reference.split(), hypothesis.split()) == [bool(mark) for mark in marks]


def test_parameters_make_another_section():
    section = OmegaConf.create({"strategy": "greedy", "confidence_cfg": {"aggregation": "min"}})
    changed = apply_confidence_parameters(section, {"aggregation": "prod", "alpha": 0.5, "name": "entropy"})
    assert section.confidence_cfg == {"aggregation": "min"}
    assert changed.confidence_cfg == {"aggregation": "prod", "method_cfg": {"alpha": 0.5, "name": "entropy"}}
    with pytest.raises(ConfigError, match="aggregatoin"):
        apply_confidence_parameters(section, {"aggregatoin": "prod"})


def test_benchmark_measures_what_was_recognised(tmp_path):
    torch.manual_seed(0)
    model = EncDecCTCModel(OmegaConf.create(tiny.config()))
    paths, _ = tiny.recordings(tmp_path)
    with pytest.raises(ConfigError, match="preserve_token_confidence"):
        run_confidence_benchmark(model, "token", paths, ["a", "b", "c"])
    model.change_decoding_strategy(CONFIDENCES)
    hypotheses = model.transcribe(paths, return_hypotheses=True)
    said = [str(hypothesis)[:-1] + "c" for hypothesis in hypotheses]  # right but for the last character
    results = run_confidence_benchmark(model, "auto", paths, said, plot_dir=tmp_path / "plots")
    marks, scores = [], []
    for hypothesis, text in zip(hypotheses, said, strict=True):
        found = get_token_targets_with_confidence(hypothesis)
        assert [tiny.LABELS[token] for token, _ in found] == list(str(hypothesis)) or str(hypothesis).strip() == text
        scores += [score for _, score in found]
        marks += get_correct_marks(list(text), [tiny.LABELS[token] for token, _ in found])
        assert len(get_word_targets_with_confidence(hypothesis)) == len(str(hypothesis).split())
    assert list(results) == ["token", "word"]
    assert len(results["token"]) == 8
    assert results["token"][0] == auc_roc(marks, scores)
    assert results["token"][4] == ece(marks, scores)
    assert (tmp_path / "plots" / "token" / "roc.png").exists()


def test_another_level_is_refused():
    with pytest.raises(ConfigError, match="target_level is 'sentence'"):
        run_confidence_benchmark(None, "sentence", [], [])
