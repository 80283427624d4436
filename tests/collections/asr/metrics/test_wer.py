import math
import random

import pytest
import torch

from nemo.collections.asr.decoding.ctc import CTCDecoding
from nemo.collections.asr.metrics.wer import WER, word_error_rate, word_error_rate_detail, word_error_rate_per_utt
from nemo.utils.exceptions import ConfigError


def distance_by_table(found, target):
    """Levenshtein's recursion, cell by cell."""
    row = list(range(len(target) + 1))
    for i, a in enumerate(found, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(target, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def pairs(count=60):
    chooser = random.Random(0)
    sentence = lambda: " ".join(chooser.choices(["a", "b", "ab", "c"], k=chooser.randint(0, 7)))  # noqa: E731
    return [sentence() for _ in range(count)], [sentence() for _ in range(count)]


@pytest.mark.parametrize("use_cer", [False, True])
def test_rates_equal_the_distance_table(use_cer):
    hypotheses, references = pairs()
    units = list if use_cer else str.split
    errors = [distance_by_table(units(h), units(r)) for h, r in zip(hypotheses, references, strict=True)]
    sizes = [len(units(r)) for r in references]
    rate = sum(errors) / sum(sizes)
    assert word_error_rate(hypotheses, references, use_cer=use_cer) == pytest.approx(rate)
    detail = word_error_rate_detail(hypotheses, references, use_cer=use_cer)
    assert detail[0] == pytest.approx(rate)
    assert detail[1] == sum(sizes)
    assert sum(detail[2:]) == pytest.approx(rate)
    each, together = word_error_rate_per_utt(hypotheses, references, use_cer=use_cer)
    assert together == pytest.approx(rate)
    for found, wrong, size in zip(each, errors, sizes, strict=True):
        assert found == (pytest.approx(wrong / size) if size else (math.inf if wrong else 0.0))


def test_detail_tells_insertions_deletions_and_substitutions_apart():
    rate, words, insertions, deletions, substitutions = word_error_rate_detail(["a x c d", "a"], ["a b c", "a b"])
    assert (rate, words) == (pytest.approx(3 / 5), 5)
    assert (insertions, deletions, substitutions) == (pytest.approx(1 / 5),) * 3


@pytest.mark.parametrize("function", [word_error_rate, word_error_rate_detail, word_error_rate_per_utt])
def test_lists_of_different_lengths_are_refused(function):
    with pytest.raises(ValueError, match="2 hypotheses and 1 references"):
        function(["a", "b"], ["a"])


def test_no_reference_words_is_infinite():
    assert word_error_rate(["a"], [""]) == math.inf
    assert word_error_rate_detail(["a"], [""]) == (math.inf, 0, math.inf, math.inf, math.inf)


LABELS = [" ", "a", "b"]


def as_log_probs(labels):
    return torch.nn.functional.one_hot(torch.tensor(labels), 4).float().mul(9).log_softmax(-1)


def metric(**more):
    return WER(CTCDecoding(None, LABELS), log_prediction=False, **more)


def test_metric_sums_errors_and_words_over_updates():
    wer = metric()
    # frames "a b" and "b"; targets "a b" and "a a"
    three = torch.tensor([3, 3])
    wer.update(as_log_probs([[1, 0, 2], [2, 3, 3]]), three, torch.tensor([[1, 0, 2], [1, 0, 1]]), three)
    wer.update(as_log_probs([[1, 1, 3]]), torch.tensor([3]), torch.tensor([[1, 0, 0]]), torch.tensor([1]))
    rate, errors, words = wer.compute()
    assert (rate.item(), errors.item(), words.item()) == (pytest.approx(2 / 5), 2, 5)
    wer.reset()
    wer.update(as_log_probs([[1, 3, 3]]), torch.tensor([1]), torch.tensor([[1]]), torch.tensor([1]))
    assert wer.compute()[0].item() == 0.0


def test_metric_counts_characters_and_takes_labels():
    wer = metric(use_cer=True)
    wer.update(torch.tensor([[1, 3, 1]]), torch.tensor([3]), torch.tensor([[1, 2]]), torch.tensor([2]))
    assert [value.item() for value in wer.compute()] == [0.5, 1, 2]


def test_metric_leaves_no_entries_in_a_state_dict():
    assert metric().state_dict() == {}


def test_metric_refuses_what_cannot_decode():
    with pytest.raises(ConfigError, match="CTCDecoding"):
        WER(object())


def test_metric_logs_one_pair_when_asked(caplog):
    wer = WER(CTCDecoding(None, LABELS), log_prediction=True)
    with caplog.at_level("INFO", logger="nemo.collections.asr.metrics.wer"):
        wer.update(as_log_probs([[1, 0, 2]]), torch.tensor([3]), torch.tensor([[1, 2]]), torch.tensor([2]))
    assert [record.getMessage() for record in caplog.records] == ["reference: ab", "predicted: a b"]
