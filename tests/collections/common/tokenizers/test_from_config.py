"""The `tokenizer` section of a config."""

import copy
import pickle
import shutil

import pytest
from omegaconf import OmegaConf

from nemo.collections.common.tokenizers.aggregate_tokenizer import AggregateTokenizer
from nemo.collections.common.tokenizers.from_config import build_tokenizer
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import SentencePieceTokenizer
from nemo.utils.exceptions import ConfigError
from tests.conftest import REPOSITORY

BPE64 = REPOSITORY / "tests/data/tokenizers/bpe64"


class Registry:
    """Stands for a model's register_artifact."""

    def __init__(self, folder=None):
        self.folder = folder
        self.kept = {}

    def __call__(self, config_path, src, verify_src_exists=True):
        path = self.folder / src[len("nemo:") :] if src.startswith("nemo:") else src
        if not REPOSITORY.joinpath(path).exists():
            raise FileNotFoundError(src)
        self.kept[config_path] = str(path)
        return str(path)


def test_a_folder_of_a_trained_tokenizer_is_enough():
    registry = Registry()
    built = build_tokenizer(OmegaConf.create({"dir": str(BPE64), "type": "bpe"}), registry)
    assert built.type == "bpe"
    assert built.vocabulary[:3] == ["<unk>", "▁t", "▁th"]
    assert len(built.vocabulary) == 64
    assert registry.kept == {
        "tokenizer.model_path": str(BPE64 / "tokenizer.model"),
        "tokenizer.vocab_path": str(BPE64 / "vocab.txt"),
        "tokenizer.spe_tokenizer_vocab": str(BPE64 / "tokenizer.vocab"),
    }
    inner = built.tokenizer.tokenizer
    assert inner.get_vocab()["▁t"] == 2
    assert inner.vocab_size == len(inner) == 64
    assert built.tokenizer.ids_to_text(built.tokenizer.text_to_ids("the cat")) == "the cat"
    for again in (copy.deepcopy(built.tokenizer), pickle.loads(pickle.dumps(built.tokenizer))):
        assert again.tokenizer.get_vocab() == inner.get_vocab()
        assert again.text_to_ids("the cat") == built.tokenizer.text_to_ids("the cat")


def test_files_of_an_archive_are_found_by_their_artifact_names(tmp_path):
    shutil.copy(BPE64 / "tokenizer.model", tmp_path / "ab_tokenizer.model")
    cfg = {"dir": "/nowhere", "type": "bpe", "model_path": "nemo:ab_tokenizer.model", "vocab_path": None}
    registry = Registry(tmp_path)
    assert len(build_tokenizer(cfg, registry).vocabulary) == 64
    assert list(registry.kept) == ["tokenizer.model_path"]


def test_wordpiece_needs_only_its_vocabulary(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nthe\n##y\n")
    built = build_tokenizer({"dir": str(tmp_path), "type": "wpe"})
    assert built.vocabulary == ["[PAD]", "[UNK]", "the", "##y"]
    assert built.tokenizer.tokenizer.get_vocab()["##y"] == 3
    assert built.tokenizer.text_to_ids("they The") == [2, 3, 1]
    cased = {"dir": str(tmp_path), "type": "wpe", "hf_kwargs": {"do_lower_case": True}}
    assert build_tokenizer(cased).tokenizer.text_to_ids("The") == [2]


def test_options_without_meaning_are_named(tmp_path, caplog):
    (tmp_path / "vocab.txt").write_text("[UNK]\nthe\n")
    options = {"use_fast": True, "model_max_length": 9, "unk_token": "[UNK]"}
    build_tokenizer({"dir": str(tmp_path), "type": "wpe", "hf_kwargs": options})
    assert [record.getMessage() for record in caplog.records] == [
        "tokenizer.hf_kwargs: model_max_length mean nothing to WordPiece and are ignored"
    ]


def test_an_aggregate_has_a_tokenizer_for_each_language(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nthe\n##y\n")
    langs = {"en": {"dir": str(BPE64), "type": "bpe"}, "de": {"dir": str(tmp_path), "type": "wpe"}}
    registry = Registry()
    built = build_tokenizer(OmegaConf.create({"dir": None, "type": "agg", "langs": langs}), registry)
    assert built.type == "agg"
    assert built.vocabulary == built.tokenizer.vocab
    assert len(built.vocabulary) == 64 + 4
    assert built.tokenizer.langs == ["en", "de"]
    assert built.tokenizer.text_to_ids("they", "de") == [66, 67]
    assert set(registry.kept) == {
        "tokenizer.langs.en.model_path",
        "tokenizer.langs.en.vocab_path",
        "tokenizer.langs.en.spe_tokenizer_vocab",
        "tokenizer.langs.de.vocab_path",
    }


class Own(SentencePieceTokenizer):
    """A user's tokenizer."""


def test_a_custom_tokenizer_takes_the_place_of_the_usual_one():
    section = {
        "dir": str(BPE64),
        "type": "bpe",
        "custom_tokenizer": {"_target_": f"{__name__}.Own", "model_path": None},
    }
    built = build_tokenizer(section)
    assert type(built.tokenizer) is Own
    assert len(built.vocabulary) == 64
    langs = {"en": {"dir": str(BPE64), "type": "bpe"}}
    target = "nemo.collections.common.tokenizers.aggregate_tokenizer.AggregateTokenizer"
    section = {"type": "agg", "langs": langs, "custom_tokenizer": {"_target_": target, "tokenizers": None}}
    assert type(build_tokenizer(section).tokenizer) is AggregateTokenizer


@pytest.mark.parametrize(
    ("cfg", "error", "said"),
    [
        ({"dir": "x"}, ValueError, "tokenizer.type is not set"),
        ({"dir": "x", "type": None}, ValueError, "tokenizer.type is not set"),
        ({"dir": "x", "type": "sp"}, ConfigError, "'sp'"),
        ({"dir": "x", "type": "bpe", "special_tokens": {"a": "b"}}, ValueError, "special_tokens"),
        ({"type": "bpe"}, ConfigError, "neither model_path nor dir"),
        ({"type": "agg", "langs": {}}, ConfigError, r"tokenizer\.langs is \{\}"),
        ({"type": "agg", "langs": {"en": None}}, ConfigError, r"tokenizer\.langs\.en is None"),
        ({"type": "agg", "langs": {"en": {"dir": "x"}}}, ConfigError, r"tokenizer\.langs\.en\.type is not set"),
        ({"type": "agg", "langs": {"en": {"type": "agg"}}}, ConfigError, r"langs\.en\.type is agg"),
        (
            {"type": "agg", "langs": {"de": {"dir": "gone", "type": "bpe"}}},
            FileNotFoundError,
            r"looked at gone/tokenizer\.model \(from tokenizer\.langs\.de\.dir",
        ),
        ({"dir": str(BPE64), "type": "bpe", "custom_tokenizer": {"_target_": "x"}}, ConfigError, "custom_tokenizer"),
        ({"dir": str(BPE64), "type": "bpe", "custom_tokenizer": {"x": 1}}, ConfigError, "Expected {_target_: CLASS}"),
        (
            {"dir": str(BPE64), "type": "bpe", "custom_tokenizer": {"_target_": "nemo.core.classes.model_pt.ModelPT"}},
            ConfigError,
            "is no tokenizer",
        ),
        ({"dir": "gone", "type": "bpe"}, FileNotFoundError, r"looked at gone/tokenizer\.model \(from tokenizer\.dir"),
        (
            {"dir": "x", "type": "bpe", "model_path": "y.model"},
            FileNotFoundError,
            r"y\.model \(from tokenizer\.model_path",
        ),
        ({"dir": "gone", "type": "wpe"}, FileNotFoundError, r"vocab\.txt"),
    ],
)
@pytest.mark.parametrize("registry", [None, Registry()])
def test_bad_sections_are_named(cfg, error, said, registry):
    with pytest.raises(error, match=said):
        build_tokenizer(cfg, registry)
