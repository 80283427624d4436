"""N-gram models: files, look-ups by tensors against the definition of back-off, KenLM's package by a stand-in."""

import gzip
import itertools
import math
import random
import sys
from types import SimpleNamespace

import pytest
import torch

from nemo.collections.asr.decoding.arpa import LN_10, is_arpa, read_arpa, write_arpa
from nemo.collections.asr.decoding.language_model import (
    DEFAULT_TOKEN_OFFSET,
    load_language_model,
    load_token_language_model,
    names_of_tokens,
)
from nemo.collections.asr.decoding.ngram_estimate import estimate_ngrams
from nemo.collections.asr.decoding.ngram_lm import NGramLanguageModel
from nemo.collections.common.exceptions import LanguageModelError
from nemo.utils.exceptions import ConfigError, MissingDependencyError

WORDS = ["a", "bb", "c", "dd", "e"]


def random_sentences(seed, count=30):
    chooser = random.Random(seed)
    return [[chooser.choice(WORDS) for _ in range(chooser.randint(1, 6))] for _ in range(count)]


def by_definition(levels, context, word):
    """log10 p(word | context) of a back-off model, straight from the entries; context is a tuple of words."""
    entries = {gram: entry for level in levels for gram, entry in level.items()}
    word = word if (word,) in entries else "<unk>"
    context = tuple(each if (each,) in entries else "<unk>" for each in context)[-(len(levels) - 1) or len(context) :]
    total = 0.0
    while (*context, word) not in entries:
        total += (entries.get(context, (0.0, None))[1] or 0.0) if context else 0.0
        context = context[1:]
    return total + entries[(*context, word)][0]


@pytest.mark.parametrize(("seed", "order"), [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_states_give_the_back_off_probability_of_every_sequence(tmp_path, seed, order):
    levels = estimate_ngrams(random_sentences(seed), order)
    path = tmp_path / "lm.arpa"
    write_arpa(path, levels)
    model = NGramLanguageModel.from_arpa(path)
    sequences = list(itertools.product([*WORDS, "other"], repeat=4))
    states = torch.full((len(sequences),), model.start)
    for place in range(4):
        words = [sequence[place] for sequence in sequences]
        scores, following = model.advance(states, torch.tensor([model.word_id(word) for word in words]))
        expected = [by_definition(levels, ("<s>", *each[:place]), each[place]) * LN_10 for each in sequences]
        torch.testing.assert_close(scores, torch.tensor(expected, dtype=torch.float64), atol=1e-5, rtol=1e-5)
        one_by_one = [model.score(state, model.word_id(w)) for state, w in zip(states.tolist(), words, strict=True)]
        assert [score for score, _ in one_by_one] == pytest.approx(scores.tolist())
        assert [state for _, state in one_by_one] == following.tolist()
        states = following
    ends = [by_definition(levels, ("<s>", *each), "</s>") * LN_10 for each in sequences]
    torch.testing.assert_close(model.ends(states), torch.tensor(ends, dtype=torch.float64), atol=1e-5, rtol=1e-5)
    assert model.end(int(states[0])) == pytest.approx(ends[0], abs=1e-5)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_estimated_probabilities_sum_to_one_in_every_context(order):
    levels = estimate_ngrams(random_sentences(5, 8), order)
    outcomes = [*WORDS, "</s>", "<unk>"]
    for context in itertools.product(["<s>", *WORDS], repeat=2):
        total = sum(10 ** by_definition(levels, context, word) for word in outcomes)
        assert total == pytest.approx(1.0)


def test_seen_words_follow_witten_and_bell():
    levels = estimate_ngrams([["a", "bb"], ["a", "c"]], 2)
    # behind "a": two words in two places; of the six words and ends bb is one; five kinds and the unknown
    bb = 1 / (6 + 4) + 4 / (6 + 4) / 5
    assert 10 ** levels[1]["a", "bb"][0] == pytest.approx(1 / (2 + 2) + 2 / (2 + 2) * bb)
    assert 10 ** levels[0][("a",)][1] == pytest.approx(0.5)


ARPA = """\\data\\
ngram 1=4
ngram 2=1

\\1-grams:
-1.0\t<s>\t-0.5
-0.5\t</s>
-0.3\ta\t-0.25
-0.6\t\u00a0

\\2-grams:
-0.1\t<s> a

\\end\\
"""


def test_a_file_is_read_plain_or_packed_and_words_may_be_white_space(tmp_path):
    plain, packed = tmp_path / "lm.arpa", tmp_path / "lm.arpa.gz"
    plain.write_text(ARPA, encoding="utf-8")
    packed.write_bytes(gzip.compress(ARPA.encode()))
    for path in (plain, packed):
        model = load_language_model(path)
        assert model.words == ["<s>", "</s>", "a", "\u00a0", "<unk>"]
        score, state = model.score(model.start, model.word_id("a"))
        assert score == pytest.approx(-0.1 * LN_10)
        assert model.end(state) == pytest.approx(-0.75 * LN_10)
        assert model.score(0, model.word_id("other"))[0] == pytest.approx(-100 * LN_10)
    assert "a" in model and "other" not in model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("\\end\\", ""), "cut off"),
        (("-0.1\t<s> a", "-0.1\t<s> other"), "line 12: the word 'other' is not among the unigrams"),
        (("-0.1\t<s> a", "-0.1\ta"), "line 12: .* is no 2-gram"),
        (("-0.3\ta", "high\ta"), "line 8: .* has no number"),
        (("-0.6\t\u00a0", "-0.6\ta"), "line 9: the word 'a' is there twice"),
        (("\\2-grams", "\\3-grams"), "line 11: the section of 3-grams follows that of 1-grams"),
        (("\\2-grams", "\\x-grams"), "does not say how long"),
    ],
)
def test_damaged_files_are_refused_with_the_line(tmp_path, change, message):
    path = tmp_path / "lm.arpa"
    path.write_text(ARPA.replace(*change), encoding="utf-8")
    assert is_arpa(path)
    with pytest.raises(LanguageModelError, match=message):
        read_arpa(path)


def test_an_ngram_without_its_context_is_refused(tmp_path):
    levels = estimate_ngrams(random_sentences(0), 3)
    gram = next(iter(levels[2]))
    del levels[1][gram[:-1]]
    write_arpa(tmp_path / "lm.arpa", levels)
    with pytest.raises(LanguageModelError, match="not its first 2 word"):
        NGramLanguageModel.from_arpa(tmp_path / "lm.arpa")


def test_no_text_and_no_order_are_refused():
    with pytest.raises(ConfigError, match="text is empty"):
        estimate_ngrams([], 2)
    with pytest.raises(ConfigError, match="at least 1"):
        estimate_ngrams([["a"]], 0)


def test_words_of_a_model_are_tokens_when_nearly_all_are_in_the_vocabulary(tmp_path):
    tokens = ["\u2581the", "s", "\u2581cat", "\u2581dog"]
    encoded = [chr(index + DEFAULT_TOKEN_OFFSET) for index in range(4)]
    models = {}
    for name, sentence in {"tokens": tokens, "encoded": encoded, "words": ["the", "cats"]}.items():
        path = tmp_path / f"{name}.arpa"
        write_arpa(path, estimate_ngrams([sentence], 2))
        models[name] = load_language_model(path)
    assert names_of_tokens(models["tokens"], tokens) == tokens
    assert names_of_tokens(models["encoded"], tokens) == encoded
    assert names_of_tokens(models["words"], tokens) is None
    with pytest.raises(LanguageModelError, match="needs a model of tokens"):
        load_token_language_model(tmp_path / "words.arpa", tokens)


def test_spaces_of_letters_may_be_spelt(tmp_path):
    write_arpa(tmp_path / "lm.arpa", estimate_ngrams([["a", "<space>", "b"]], 2))
    model = load_token_language_model(tmp_path / "lm.arpa", [" ", "a", "b"])
    _, after = model.score(model.start, 1)
    assert model.score(after, 0)[0] > math.log(0.5)


class StandIn:
    """KenLM's interface over one of our models."""

    def __init__(self, path):
        if "bad" in path:
            raise OSError("not a model")
        levels = estimate_ngrams(random_sentences(7), 3)
        write_arpa(path + ".arpa", levels)
        self.ngrams = NGramLanguageModel.from_arpa(path + ".arpa")

    def BeginSentenceWrite(self, state):
        state.node = self.ngrams.start

    def BaseScore(self, state, word, behind):
        score, behind.node = self.ngrams.score(state.node, self.ngrams.word_id(word))
        return score / LN_10

    def __contains__(self, word):
        return word in self.ngrams


def test_binaries_are_read_by_kenlm(tmp_path, monkeypatch):
    path = tmp_path / "lm.bin"
    path.write_bytes(b"mmap lm")
    with pytest.raises(MissingDependencyError, match="kenlm"):
        load_language_model(path)
    monkeypatch.setitem(sys.modules, "kenlm", SimpleNamespace(Model=StandIn, State=SimpleNamespace))
    model = load_language_model(path)
    ngrams = NGramLanguageModel.from_arpa(f"{path}.arpa")
    states, expected = torch.full((2,), model.start), torch.full((2,), ngrams.start)
    for words in (("a", "bb"), ("other", "c"), ("a", "e")):
        ours, states = model.advance(states, torch.tensor([model.word_id(word) for word in words]))
        theirs, expected = ngrams.advance(expected, torch.tensor([ngrams.word_id(word) for word in words]))
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(model.ends(states), ngrams.ends(expected))
    assert names_of_tokens(model, ["a", "\u2581the"]) is None
    bad = tmp_path / "bad.bin"
    bad.write_bytes(b"")
    with pytest.raises(LanguageModelError, match="cannot be read by KenLM"):
        load_language_model(bad)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LanguageModelError, match="nowhere.arpa is no file"):
        load_language_model(tmp_path / "nowhere.arpa")
