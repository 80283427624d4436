"""Tokenizers of published models; transformers' own results are in tests/data/tokenizers/pretrained.json."""

import copy
import json
import pickle
import sys
from types import ModuleType, SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from huggingface_hub import constants

from nemo.collections.common.tokenizers import AutoTokenizer
from nemo.core.archive.targets import TargetPolicy
from nemo.utils.exceptions import ConfigError, MissingDependencyError
from tests.conftest import REPOSITORY

DATA = REPOSITORY / "tests/data/tokenizers"
REFERENCE = json.loads((DATA / "pretrained.json").read_text())
ROBERTA_ONLY = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


@pytest.fixture
def folder(tmp_path):
    """Files of a BERT and of a GPT-2."""
    words = json.loads((DATA / "wordpiece.json").read_text())["vocabulary"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    pieces = json.loads((DATA / "bpe_bytes/vocab.json").read_text())
    kept = [piece for piece in pieces if piece not in ROBERTA_ONLY]
    (tmp_path / "gpt2.json").write_text(json.dumps({piece: index for index, piece in enumerate(kept)}))
    return tmp_path


def build(kind, folder, **more):
    merges = DATA / "bpe_bytes/merges.txt"
    if kind == "bert":
        return AutoTokenizer("bert-base-uncased", vocab_file=folder / "vocab.txt", **more)
    if kind == "gpt2":
        return AutoTokenizer("gpt2", vocab_file=folder / "gpt2.json", merges_file=merges, **more)
    return AutoTokenizer("roberta-base", vocab_file=DATA / "bpe_bytes/vocab.json", merges_file=merges, **more)


@pytest.fixture
def hub(monkeypatch):
    """A cache without files, and a Hub that tells what it was asked for."""
    asked = []

    def download(repository, file):
        asked.append((repository, file))
        raise OSError("no network in tests")

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda repository, file: None)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return asked


@pytest.mark.parametrize("kind", ["bert", "gpt2", "roberta"])
def test_local_files_give_what_transformers_gives(kind, folder):
    tokenizer = build(kind, folder, additional_special_tokens=["<x>"])
    for text, tokens, ids in zip(REFERENCE["texts"], REFERENCE[kind]["tokens"], REFERENCE[kind]["ids"], strict=True):
        assert tokenizer.text_to_tokens(text) == tokens, text
        assert tokenizer.text_to_ids(text) == ids, text


def test_names_and_special_tokens_are_those_of_the_families(folder):
    bert, gpt2, roberta = (build(kind, folder) for kind in ("bert", "gpt2", "roberta"))
    assert [tokenizer.name for tokenizer in (bert, gpt2, roberta)] == [
        "BertTokenizer",
        "GPT2Tokenizer",
        "RobertaTokenizer",
    ]
    assert bert.ids_to_tokens([bert.pad, bert.unk_id, bert.cls, bert.sep, bert.mask]) == [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]",
    ]  # fmt: skip
    assert (bert.bos, bert.eos) == (bert.cls, bert.sep)
    assert roberta.ids_to_tokens([roberta.bos, roberta.eos, roberta.cls, roberta.sep]) == ["<s>", "</s>", "<s>", "</s>"]
    assert gpt2.bos == gpt2.eos == gpt2.eod == gpt2.cls == gpt2.sep == gpt2.token_to_id("<|endoftext|>")
    with pytest.raises(AttributeError, match="no pad_token. Give one"):
        _ = gpt2.pad
    assert bert.vocab_size == len(bert.vocab) == len(bert.tokenizer.get_vocab())
    assert bert.vocab[bert.mask_id] == "[MASK]"


@pytest.mark.parametrize("kind", ["gpt2", "roberta"])
def test_bytes_come_back_as_text(kind, folder):
    tokenizer = build(kind, folder)
    for text in ("the cat", " naïve 中文☃ 👩‍🚀\n", "12 ½"):
        known = [index for index in tokenizer.text_to_ids(text) if index is not None]
        assert tokenizer.tokens_to_text(tokenizer.text_to_tokens(text)) == text
        assert isinstance(tokenizer.ids_to_text(np.array(known)), str)


def test_decoded_text_has_no_special_tokens(folder):
    tokenizer = build("bert", folder)
    ids = [tokenizer.cls, *tokenizer.text_to_ids("The fox jumps, unaffable"), tokenizer.sep, tokenizer.pad]
    assert tokenizer.ids_to_text(ids) == "the fox jumps , unaffable"


def test_new_special_tokens_get_ids_after_the_vocabulary(folder):
    plain = build("bert", folder)
    tokenizer = build("bert", folder, bos_token="<b>", mask_token="<m>", additional_special_tokens=["<x>", "[SEP]"])
    assert tokenizer.vocab_size == plain.vocab_size + 3
    assert {tokenizer.bos, tokenizer.mask, tokenizer.token_to_id("<x>")} == set(
        range(plain.vocab_size, plain.vocab_size + 3)
    )
    assert tokenizer.cls == plain.cls
    assert tokenizer.additional_special_tokens_ids == [tokenizer.token_to_id("<x>"), plain.sep]
    assert tokenizer.text_to_ids("<x>the<m>") == [
        tokenizer.token_to_id("<x>"),
        plain.token_to_id("the"),
        tokenizer.mask,
    ]
    assert tokenizer.add_special_tokens({"pad_token": "<p>"}) == 1
    assert tokenizer.pad == tokenizer.vocab_size - 1
    with pytest.raises(ConfigError, match="'pad' is no kind of special token"):
        tokenizer.add_special_tokens({"pad": "<p>"})


def test_letters_are_lowered_as_the_name_or_the_settings_say(folder):
    words = folder / "vocab.txt"
    assert AutoTokenizer("bert-base-uncased", vocab_file=words).text_to_tokens("The") == ["the"]
    assert AutoTokenizer("bert-base-cased", vocab_file=words).text_to_tokens("The") == ["The"]
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "tokenizer_class": "BertTokenizerFast"}')
    cased = AutoTokenizer("bert-base-uncased", vocab_file=words)
    assert cased.text_to_tokens("The") == AutoTokenizer("bert-base-cased", vocab_file=words).text_to_tokens("The")
    assert AutoTokenizer(str(folder)).text_to_tokens("The the") == cased.text_to_tokens("The the")


def test_copies_and_saved_files_give_the_same_tokenizer(folder, tmp_path):
    for kind in ("bert", "roberta"):
        tokenizer = build(kind, folder)
        ids = tokenizer.text_to_ids("the cat")
        assert pickle.loads(pickle.dumps(tokenizer)).text_to_ids("the cat") == ids
        assert copy.deepcopy(tokenizer).text_to_ids("the cat") == ids
        saved = tokenizer.save_vocabulary(str(tmp_path / kind))
        again = AutoTokenizer("bert-base-uncased", *saved)
        assert again.text_to_ids("the cat") == ids
        assert AutoTokenizer(str(tmp_path / kind)).name == tokenizer.name


def test_models_of_the_cache_ask_nobody(folder, hub, monkeypatch):
    def cached(repository, file):
        return str(folder / file) if repository == "google-bert/bert-base-uncased" else None

    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", cached)
    assert AutoTokenizer("bert-base-uncased").text_to_tokens("The") == ["the"]
    assert hub == []


@pytest.mark.parametrize("name", ["bert-base-uncased", "roberta-base", "gpt2"])
def test_while_an_archive_is_restored_the_hub_is_never_asked(name, hub):
    with (
        TargetPolicy().active(),
        pytest.raises(FileNotFoundError, match=f"tokenizer of {name} needs vocab.*vocab_file"),
    ):
        AutoTokenizer(name)
    assert hub == []


def test_offline_mode_asks_nobody_and_otherwise_the_hub_is_asked_once(hub, monkeypatch):
    with pytest.raises(FileNotFoundError, match="The Hub gave none: no network in tests"):
        AutoTokenizer("gpt2")
    assert hub == [("openai-community/gpt2", "vocab.json")]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(FileNotFoundError, match="HF_HUB_OFFLINE"):
        AutoTokenizer("gpt2")
    assert len(hub) == 1


class Transformers(ModuleType):
    """Stands for the package: knows `cached` models, and others only with the network."""

    def __init__(self, inner):
        super().__init__("transformers")
        self.calls = []

        def from_pretrained(name, local_files_only=False, **options):
            self.calls.append((name, local_files_only, options))
            if local_files_only and name != "cached":
                raise OSError("not in the cache")
            return inner

        self.AutoTokenizer = SimpleNamespace(from_pretrained=from_pretrained)


def test_other_models_are_left_to_transformers(folder, hub, monkeypatch):
    package = Transformers(build("bert", folder).tokenizer)
    monkeypatch.setitem(sys.modules, "transformers", package)
    safe = {"use_fast": True, "trust_remote_code": False}
    assert AutoTokenizer("cached", use_fast=True).text_to_tokens("The") == ["the"]
    assert package.calls == [("cached", True, safe)]
    AutoTokenizer("camembert-base", use_fast=True)
    assert package.calls[1:] == [("camembert-base", True, safe), ("camembert-base", False, safe)]
    with TargetPolicy().active(), pytest.raises(FileNotFoundError, match="camembert-base needs its files"):
        AutoTokenizer("camembert-base")
    assert len(package.calls) == 4
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"tokenizer of camembert-base needs.*\[nlp\]"):
        AutoTokenizer("camembert-base")


def test_programs_of_the_hub_are_never_run():
    with pytest.raises(ConfigError, match="trust_remote_code is set for x"):
        AutoTokenizer("x", trust_remote_code=True)


@pytest.mark.parametrize(
    ("vocab", "merges", "said"),
    [
        ("[]", "a b\n", r"v\.json holds a list"),
        ("{}", "a b\n", r"v\.json holds a dict"),
        ('{"a": "0"}', "a b\n", r"v\.json has the id '0'"),
        ('{"a": -1}', "a b\n", r"v\.json has the id -1"),
        ('{"a": true}', "a b\n", r"v\.json has the id True"),
        ('{"a": 0, "b": 0}', "a b\n", "one id for two pieces"),
        ('{"a": 0', "a b\n", r"v\.json is not JSON"),
        ('{"a": 0}', "#version: 0.2\na b c\n", r"m\.txt line 2 is 'a b c'"),
        ('{"a": 0}', "a\n", r"m\.txt line 1"),
        ('{"a": 0}', None, r"v\.json needs its merges\.txt"),
    ],
)
def test_faulty_files_are_named(tmp_path, vocab, merges, said):
    (tmp_path / "v.json").write_text(vocab)
    if merges:
        (tmp_path / "m.txt").write_text(merges)
    with pytest.raises(ConfigError, match=said):
        AutoTokenizer("gpt2", vocab_file=tmp_path / "v.json", merges_file=merges and tmp_path / "m.txt")


def test_a_sentencepiece_model_is_sent_to_its_tokenizer():
    with pytest.raises(ConfigError, match="use SentencePieceTokenizer"):
        AutoTokenizer("albert-base-v2", vocab_file=DATA / "bpe64/tokenizer.model")
