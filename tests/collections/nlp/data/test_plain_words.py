"""Words and labels from written text."""

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.plain_words import create_text_and_labels, words_and_labels


@pytest.mark.parametrize(
    ("sentence", "words", "labels"),
    [
        ("Hello, how are you?", "hello how are you", ",U OO OO ?O"),
        ('"Yes" (he said)...', "yes he said", "OU OO .O"),
        ("It cost 3.50, in Rome .", "it cost 3.50 in rome", "OU OO ,O OO .U"),
        ("don't stop!", "don't stop", "OO OO"),
        ("Well-known - yes", "well-known yes", "OU OO"),
        (" ,. ", "", ""),
    ],
)
def test_marks_and_capitals_become_labels(sentence, words, labels):
    assert words_and_labels(sentence) == (words.split(), labels.split())


def test_only_the_marks_that_are_asked_for():
    assert words_and_labels("Stop! Now.", "!")[1] == ["!U", "OU"]


def test_files_are_parallel_and_empty_lines_left_out(tmp_path):
    (tmp_path / "train.txt").write_text("Hello, you.\n\nYes?\n")
    create_text_and_labels(tmp_path / "out", tmp_path / "train.txt")
    assert (tmp_path / "out" / "text_train.txt").read_text() == "hello you\nyes\n"
    assert (tmp_path / "out" / "labels_train.txt").read_text() == ",U .O\n?U\n"
    (tmp_path / "marks.txt").write_text("...\n")
    with pytest.raises(TextFileError, match="has no words"):
        create_text_and_labels(tmp_path, tmp_path / "marks.txt")
