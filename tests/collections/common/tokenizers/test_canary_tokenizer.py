"""Languages and control tokens together."""

import pytest

from nemo.collections.common.tokenizers import CanaryTokenizer, SentencePieceTokenizer
from nemo.collections.common.tokenizers.canary_tokenizer import SPECIAL_TOKENS, UNUSED_SPECIAL_TOKENS
from nemo.collections.common.tokenizers.from_config import build_tokenizer
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

BPE64 = REPOSITORY / "tests/data/tokenizers/bpe64"
PROMPT = "<|startoftranscript|><|en|><|transcribe|><|en|><|pnc|>"


@pytest.fixture(scope="module")
def special(tmp_path_factory):
    return CanaryTokenizer.build_special_tokenizer(tmp_path_factory.mktemp("special"))


@pytest.fixture
def canary(special):
    return CanaryTokenizer({"spl_tokens": special, "en": SentencePieceTokenizer(BPE64 / "tokenizer.model")})


def test_control_tokens_are_whole_pieces_of_their_tokenizer(special):
    assert special.vocab == ["<unk>", *SPECIAL_TOKENS, *UNUSED_SPECIAL_TOKENS, "▁"]
    assert special.vocab_size == 32  # as in the published model of four languages


def test_control_tokens_have_their_roles(canary):
    assert canary.vocab[canary.bos_id] == "<|startoftranscript|>"
    assert canary.vocab[canary.eos_id] == "<|endoftext|>"
    assert canary.vocab[canary.pad_id] == "<pad>"
    assert canary.vocab[canary.nospeech_id] == "<|nospeech|>"
    assert (canary.bos, canary.eos, canary.pad) == (canary.bos_id, canary.eos_id, canary.pad_id)
    assert canary.nospeech == canary.nospeech_id
    assert canary.spl_token_to_id("<|de|>") == canary.spl_token_to_id("de") == canary.special_tokens["<|de|>"]


def test_a_prompt_becomes_its_control_tokens_and_text_that_of_its_language(canary):
    ids = canary.text_to_ids(PROMPT, "spl_tokens")
    assert canary.ids_to_tokens(ids) == ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|en|>", "<|pnc|>"]
    assert canary.ids_to_text(ids) == PROMPT
    text = canary.text_to_ids("the cat", "en")
    assert min(text) >= 32
    assert canary.ids_to_text(text) == "the cat"
    assert canary.ids_to_lang([*ids[:1], *text]) == "en"


def test_the_order_of_the_languages_moves_the_ids(special):
    english = SentencePieceTokenizer(BPE64 / "tokenizer.model")
    canary = CanaryTokenizer({"en": english, "spl_tokens": special})
    assert canary.pad_id == 64 + 1
    assert canary.text_to_ids("<pad>", "spl_tokens") == [65]


def test_a_config_names_it_as_custom_tokenizer(special, tmp_path):
    CanaryTokenizer.build_special_tokenizer(tmp_path / "s", tokens=[*SPECIAL_TOKENS, "<|it|>"])
    target = "nemo.collections.common.tokenizers.canary_tokenizer.CanaryTokenizer"
    langs = {"spl_tokens": {"dir": str(tmp_path / "s"), "type": "bpe"}, "it": {"dir": str(BPE64), "type": "bpe"}}
    section = {"dir": None, "type": "agg", "langs": langs, "custom_tokenizer": {"_target_": target, "tokenizers": None}}
    built = build_tokenizer(section)
    assert type(built.tokenizer) is CanaryTokenizer
    assert built.type == "agg"
    assert built.tokenizer.spl_token_to_id("it") == len(SPECIAL_TOKENS) + 1
    assert built.tokenizer.text_to_ids(PROMPT, "spl_tokens")[0] == built.tokenizer.bos_id


def test_a_model_is_kept_unless_it_is_to_be_made_again(tmp_path):
    first = CanaryTokenizer.build_special_tokenizer(tmp_path, tokens=["<pad>", "<|en|>"])
    assert CanaryTokenizer.build_special_tokenizer(tmp_path).vocab == first.vocab
    again = CanaryTokenizer.build_special_tokenizer(tmp_path, tokens=["<|pad|>", "<|en|>"], force_rebuild=True)
    assert again.vocab == ["<unk>", "<|pad|>", "<|en|>", "▁"]
    assert CanaryTokenizer({"spl_tokens": again}).pad_id == 1


def test_faults_are_named(canary, special, tmp_path):
    with pytest.raises(ConfigError, match="'zz' is no control token.*<|en|>"):
        canary.spl_token_to_id("zz")
    with pytest.raises(ConfigError, match="'<|zz|>' is no control token"):
        canary.text_to_ids("<|startoftranscript|><|zz|>", "spl_tokens")
    with pytest.raises(ConfigError, match="holds 'hello'"):
        canary.text_to_ids(f"{PROMPT}hello", "spl_tokens")
    with pytest.raises(ConfigError, match="has the languages en and no spl_tokens"):
        CanaryTokenizer({"en": special})
    with pytest.raises(ConfigError, match="'en' is no control token"):
        CanaryTokenizer.build_special_tokenizer(tmp_path, tokens=["en"])
    with pytest.raises(ConfigError, match="no control token"):
        _ = CanaryTokenizer({"spl_tokens": SentencePieceTokenizer(BPE64 / "tokenizer.model")}).bos_id
