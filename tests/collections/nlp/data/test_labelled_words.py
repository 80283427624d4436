"""Parallel files of texts and labels: what is wrong is said with file and line."""

import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.labelled_words import read_labelled_words
from tests.collections.nlp.toy_text import write


def files(folder, text, labels):
    return write(folder / "text.txt", text), write(folder / "labels.txt", labels)


def test_words_and_labels_come_in_pairs(tmp_path):
    first, second = read_labelled_words(*files(tmp_path, ["a  b", "c"], ["O B-X", "O"]))
    assert (first.words, first.labels) == (["a", "b"], ["O", "B-X"])
    assert second.place.endswith("labels.txt:2")
    assert len(read_labelled_words(*files(tmp_path, ["a", "c"], ["O", "O"]), num_samples=1)) == 1


@pytest.mark.parametrize(
    ("text", "labels", "words"),
    [
        (["a b", "c d"], ["O O", "O"], ["labels.txt:2 has 1 labels", "text.txt:2 has 2 words", "Mend"]),
        (["a", "b", "c"], ["O", "O"], ["text.txt has 3 lines", "labels.txt has 2", "Add the missing lines"]),
        (["a", ""], ["O", ""], ["text.txt:2 has no words", "remove the line"]),
    ],
)
def test_files_that_do_not_belong_together(tmp_path, text, labels, words):
    with pytest.raises(TextFileError) as caught:
        read_labelled_words(*files(tmp_path, text, labels))
    assert all(word in str(caught.value) for word in words)


def test_empty_file_and_wrong_encoding(tmp_path):
    text, labels = files(tmp_path, ["a"], ["O"])
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(TextFileError, match=r"empty\.txt is empty"):
        read_labelled_words(text, tmp_path / "empty.txt")
    (tmp_path / "latin.txt").write_bytes("é\n".encode("latin-1"))
    with pytest.raises(TextFileError, match=r"latin\.txt:1 has the byte 0xe9"):
        read_labelled_words(tmp_path / "latin.txt", labels)
