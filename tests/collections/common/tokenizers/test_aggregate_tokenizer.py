"""Several tokenizers as one."""

import numpy as np
import pytest
import torch

from nemo.collections.common.tokenizers import AggregateTokenizer, SentencePieceTokenizer, WordPieceTokenizer
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

BPE64 = REPOSITORY / "tests/data/tokenizers/bpe64/tokenizer.model"


@pytest.fixture
def parts(tmp_path):
    (tmp_path / "vocab.txt").write_text("[UNK]\nder\nhund\n##e\nthe\n")
    return {"en": SentencePieceTokenizer(BPE64), "de": WordPieceTokenizer(tmp_path / "vocab.txt")}


@pytest.fixture
def aggregate(parts):
    return AggregateTokenizer(parts)


def test_ids_of_the_languages_follow_one_another_in_the_order_of_the_dict(aggregate, parts):
    assert aggregate.langs == ["en", "de"]
    assert aggregate.token_id_offset == {"en": 0, "de": 64}
    assert aggregate.vocab_size == 69 == len(aggregate.vocab) == len(aggregate.tokenizer)
    assert aggregate.vocabulary == [*parts["en"].vocab, *parts["de"].vocab] == aggregate.tokenizer.get_vocab()
    assert aggregate.text_to_ids("the cat", "en") == parts["en"].text_to_ids("the cat")
    assert aggregate.text_to_ids("der hunde", "de") == [65, 66, 67]
    reverse = AggregateTokenizer(dict(reversed(parts.items())))
    assert reverse.text_to_ids("der hunde", "de") == [1, 2, 3]


def test_tokens_and_ids_need_their_language_only_on_the_way_in(aggregate, parts):
    assert aggregate.text_to_tokens("der hunde", "de") == ["der", "hund", "##e"]
    assert aggregate.tokens_to_ids(["der", "▁the"], ["de", "en"]) == [65, 6]
    assert aggregate.tokens_to_ids(["der", "hund"], "de") == [65, 66]
    assert aggregate.tokens_to_ids("der", "de") == aggregate.token_to_id("der", "de") == 65
    assert aggregate.tokens_to_text(["hund", "##e"], "de") == "hunde"
    assert aggregate.ids_to_tokens([65, 6]) == ["der", "▁the"]
    assert aggregate.unk_ids == {0, 64}


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_text_of_two_languages_is_joined_at_words(aggregate, kind):
    ids = [*aggregate.text_to_ids("the cat", "en"), *aggregate.text_to_ids("der hunde", "de"), 6]
    assert aggregate.ids_to_text(kind(ids)) == "the cat der hunde the"
    assert aggregate.ids_to_text([]) == ""


def test_languages_of_tokens_words_and_texts(aggregate):
    english = aggregate.text_to_ids("the cat", "en")
    german = aggregate.text_to_ids("der hunde", "de")
    tokens = aggregate.ids_to_text_and_langs([6, *german])
    assert tokens == [
        {"char": " the", "lang": "en"},
        {"char": "der", "lang": "de"},
        {"char": "hund", "lang": "de"},
        {"char": "##e", "lang": "de"},
    ]
    words = aggregate.ids_to_words_and_langs([*english, *german])
    assert words == [
        {"word": "the", "lang": "en"},
        {"word": "cat", "lang": "en"},
        {"word": "der", "lang": "de"},
        {"word": "hunde", "lang": "de"},
    ]
    assert aggregate.ids_to_lang([6, *german]) == "de"
    assert aggregate.ids_to_lang([6, 65]) == "en"
    assert aggregate.ids_to_lang([65, 6]) == "de"
    assert aggregate.ids_to_lang([]) == ""


def test_same_words_in_two_languages_keep_apart(aggregate):
    assert aggregate.text_to_ids("the", "en") != aggregate.text_to_ids("the", "de")
    assert aggregate.ids_to_text(aggregate.text_to_ids("the", "de")) == "the"


def test_wrong_languages_and_ids_are_named(aggregate):
    with pytest.raises(ConfigError, match="'fr' has no tokenizer. Expected one of en, de"):
        aggregate.text_to_ids("le chat", "fr")
    for wrong in (-1, 69):
        with pytest.raises(ConfigError, match=f"The id {wrong} is no token"):
            aggregate.ids_to_text([wrong])
    with pytest.raises(ConfigError, match="no tokenizers"):
        AggregateTokenizer({})
    with pytest.raises(AttributeError):
        _ = aggregate.bos
