"""Moses: words and marks apart, and together again."""

import sys

import pytest

from nemo.collections.common.tokenizers.moses_tokenizers import MosesProcessor
from nemo.utils.exceptions import MissingDependencyError


def test_marks_are_cut_off_and_put_back():
    processor = MosesProcessor("en")
    assert processor.tokenize('Hello, Mr. Smith & "co"!') == 'Hello , Mr. Smith & " co " !'
    assert processor.detokenize(["Hello", ",", "world", "!"]) == "Hello, world!"
    assert processor.normalize("„hi“ — x") == '"hi" - x'
    assert MosesProcessor("de").tokenize("Das war z.B. gut.") == "Das war z.B. gut ."


def test_without_the_package_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacremoses", None)
    with pytest.raises(MissingDependencyError, match=r"MosesProcessor needs the package 'sacremoses'.*\[nlp\]"):
        MosesProcessor("en")
