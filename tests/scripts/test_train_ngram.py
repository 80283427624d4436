"""The script that makes small n-gram models, of words, characters and pieces."""

import sys

import pytest

from nemo.collections.asr.decoding.ngram_lm import NGramLanguageModel
from nemo.collections.common.tokenizers import create_spt_model
from tests.scripts.running import load_script

script = load_script("asr_language_modeling/train_ngram.py")
TEXT = "the cat sat on the mat\na dog ran over the hill\n" * 5


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["train_ngram.py", *map(str, arguments)])
    script.main()
    return NGramLanguageModel.from_arpa(arguments[1])


def test_words_characters_and_pieces(text, tmp_path, monkeypatch):
    words = run(monkeypatch, text, tmp_path / "words.arpa")
    assert words.order == 3 and "hill" in words and "h" not in words
    characters = run(monkeypatch, text, tmp_path / "letters.arpa", "--order", "4", "--characters")
    assert characters.order == 4 and "h" in characters and "<space>" in characters
    tokenizer, _ = create_spt_model(
        str(text), 40, -1, True, tokenizer_type="bpe", output_dir=str(tmp_path / "spe"), pad=True
    )
    pieces = run(monkeypatch, text, tmp_path / "tokens.arpa", "--tokenizer", f"{tokenizer}")
    assert "\u2581the" in pieces and " " not in pieces
