"""Punctuation error rates, counted by hand and against all alignments."""

import itertools

import pytest

from nemo.collections.common.metrics import (
    DatasetPunctuationErrorRate,
    OccurancePunctuationErrorRate,
    punctuation_error_rate,
)
from nemo.utils.exceptions import ConfigError

MARKS = [".", ",", "!", "?"]


def counts(reference, hypothesis, marks=MARKS):
    """(correct, deleted, inserted, substituted)."""
    operations, _, _ = OccurancePunctuationErrorRate(marks).compute(reference, hypothesis)
    return tuple(sum(each[kind] for each in operations.values()) for kind in next(iter(operations.values())))


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("hello, world.", "hello, world.", (2, 0, 0, 0)),
        ("hello, world.", "hello world.", (1, 1, 0, 0)),
        ("hello world.", "hello, world.", (1, 0, 1, 0)),
        ("hello, world.", "hello, world?", (1, 0, 0, 1)),
        ("hello, world.", "hallo, word.", (2, 0, 0, 0)),  # errors of words do not count
        ("hello, world.", "hello, big world .", (2, 0, 0, 0)),
        ("Hi, dear! Nice to see you. What's", "Hi dear! Nice to see you! What's?", (1, 1, 1, 1)),
        ("a, b", "a b,", (0, 1, 1, 0)),  # moved: deleted here, inserted there
        ("no marks", "none here", (0, 0, 0, 0)),
        ("", "...", (0, 0, 3, 0)),
        ("?!", "", (0, 2, 0, 0)),
        ("", "", (0, 0, 0, 0)),
    ],
)
def test_counted_by_hand(reference, hypothesis, expected):
    assert counts(reference, hypothesis) == expected


def test_rates_of_a_pair():
    metric = OccurancePunctuationErrorRate(MARKS)
    operations, substitutions, rates = metric.compute("Hi, dear! See you. What's", "Hi dear! See you! What's?")
    assert operations["."] == {"Correct": 0, "Deletions": 0, "Insertions": 0, "Substitutions": 1}
    assert operations["!"]["Correct"] == operations[","]["Deletions"] == operations["?"]["Insertions"] == 1
    assert substitutions["."] == {".": 0, ",": 0, "!": 1, "?": 0}
    assert (rates.correct_rate, rates.deletions_rate, rates.insertions_rate, rates.substitutions_rate) == (0.25,) * 4
    assert rates.punct_er == 0.75
    assert rates.operation_rates["."] == {"Correct": 0, "Deletions": 0, "Insertions": 0, "Substitutions": 1}
    assert rates.substitution_rates["."]["!"] == 1.0


def all_alignments(reference, hypothesis):
    """Every way to pair two lists of tokens, "" for nothing."""
    if not reference and not hypothesis:
        yield ()
    if reference and hypothesis:
        yield from (((reference[0], hypothesis[0]), *rest) for rest in all_alignments(reference[1:], hypothesis[1:]))
    if reference:
        yield from (((reference[0], ""), *rest) for rest in all_alignments(reference[1:], hypothesis))
    if hypothesis:
        yield from ((("", hypothesis[0]), *rest) for rest in all_alignments(reference, hypothesis[1:]))


def cost(alignment):
    """What is to be small: edits; equal words, negated; errors of marks; equal marks, negated."""
    masked = [tuple("#" if each in (".", ",") else each for each in pair) for pair in alignment]
    edits = sum(a != b for a, b in masked)
    words = sum(a == b != "#" for a, b in masked)
    errors = sum(
        (a in (".", ",")) + (b in (".", ",")) for (a, b), (x, y) in zip(alignment, masked, strict=True) if x != y
    )
    errors += sum(x == y == "#" and a != b for (a, b), (x, y) in zip(alignment, masked, strict=True))
    kept = sum(x == y == "#" and a == b for (a, b), (x, y) in zip(alignment, masked, strict=True))
    return edits, -words, errors, -kept


def test_against_all_alignments_of_short_texts():
    texts = [text for length in range(4) for text in itertools.product("a.,", repeat=length)]
    for reference, hypothesis in itertools.product(texts, texts):
        _, _, errors, kept = min(cost(each) for each in all_alignments(reference, hypothesis))
        correct, *wrong = counts(" ".join(reference), " ".join(hypothesis), [".", ","])
        assert (sum(wrong), correct) == (errors, -kept), (reference, hypothesis)


def test_a_data_set_is_counted_together():
    references, hypotheses = ["a, b.", "c?", "d"], ["a b.", "c!", "d"]
    assert punctuation_error_rate(references, hypotheses, MARKS) == pytest.approx(2 / 3)
    metric = DatasetPunctuationErrorRate(references, hypotheses, MARKS)
    assert metric.punct_er == 0.0
    metric.compute()
    metric.compute()  # counts once
    assert (metric.correct_rate, metric.deletions_rate) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert (metric.insertions_rate, metric.substitutions_rate) == (0.0, pytest.approx(1 / 3))
    assert metric.substitution_rates["?"] == {".": 0, ",": 0, "!": 1, "?": 0}
    metric.reset()
    assert metric.punct_er == 0.0


def test_the_table(caplog):
    metric = DatasetPunctuationErrorRate(["a, b."], ["a b."], [",", "."])
    metric.compute()
    caplog.set_level("INFO")
    metric.print()
    assert "punctuation error rate: 50.00 %" in caplog.text
    rows = [line.split() for line in str(metric).splitlines()]
    assert rows[0] == ["mark", "Correct", "Deletions", "Insertions", "Substitutions"]
    assert rows[1] == [",", "0.00", "100.00", "0.00", "0.00"]
    assert rows[3] == ["all", "50.00", "50.00", "0.00", "0.00"]


def test_texts_without_partner():
    with pytest.raises(ConfigError, match="2 references and 1 hypotheses"):
        punctuation_error_rate(["a", "b"], ["a"], MARKS)
    with pytest.raises(ConfigError, match="punctuation_marks is empty"):
        OccurancePunctuationErrorRate([])
