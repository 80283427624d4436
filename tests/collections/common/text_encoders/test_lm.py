import json

import pytest
import torch
from omegaconf import OmegaConf

from nemo.collections.common.text_encoders.lm import get_lm_model, get_pretrained_lm_models_list
from nemo.collections.nlp.modules.tokenizers import get_tokenizer_list
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

SIZES = {"vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Nothing here may ask a hub, whatever the environment says."""

    def refuse(*arguments, **named):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)


def test_both_signatures_of_the_original_build_the_same():
    first = get_lm_model(pretrained_model_name="bert-base-uncased", config_dict=SIZES, config_file=None)
    cfg = OmegaConf.create({"language_model": {"pretrained_model_name": "bert-base-uncased", "config": SIZES}})
    second = get_lm_model(
        config_dict=cfg.language_model.config, config_file=None, vocab_file=None, trainer=None, cfg=cfg
    )
    assert first.config.to_dict() == second.config.to_dict()
    assert {name: value.shape for name, value in first.state_dict().items()} == {
        name: value.shape for name, value in second.state_dict().items()
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bert-base-uncased", "bert"), ("roberta-base", "roberta"), ("distilbert-base-uncased", "distilbert"),
        ("albert-base-v2", "albert"), ("xlm-roberta-base", "xlm-roberta"), ("microsoft/deberta-v3-small", "deberta-v2"),
    ],
)  # fmt: skip
def test_the_name_says_the_architecture(name, kind):
    sizes = {"vocab_size": 30} if kind == "distilbert" else SIZES
    small = (
        {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 24} if kind == "distilbert" else {"embedding_size": 8}
    )
    encoder = get_lm_model(pretrained_model_name=name, config_dict={**sizes, **small})
    assert encoder.config.model_type == kind
    assert encoder.name == name


def test_a_config_file_counts_before_all_and_runs_no_program(tmp_path):
    path = tmp_path / "config.json"
    danger = {"auto_map": {"AutoModel": "evil.Model"}, "_attn_implementation": "someone/kernels"}
    path.write_text(json.dumps({**SIZES, "model_type": "roberta", **danger}))
    encoder = get_lm_model(pretrained_model_name="bert-base-uncased", config_file=path, config_dict={"hidden_size": 99})
    assert encoder.config.model_type == "roberta"
    assert encoder.hidden_size == 16
    assert encoder.config._attn_implementation == "sdpa"


def test_a_checkpoint_gives_the_weights(tmp_path):
    source = get_lm_model(pretrained_model_name="bert-base-uncased", config_dict=SIZES)
    torch.save(source.state_dict(), tmp_path / "w.pt")
    cfg = {
        "language_model": {"pretrained_model_name": "bert", "config": SIZES, "lm_checkpoint": str(tmp_path / "w.pt")}
    }
    restored = get_lm_model(cfg=cfg)
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in restored.state_dict().items())


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ConfigError, "names no encoder"),
        ({"config_dict": SIZES}, ConfigError, "has no model_type, and the name '' says none"),
        ({"config_dict": {**SIZES, "model_type": "burt"}}, ConfigError, "no encoder of the kind 'burt'"),
        ({"config_file": "nowhere.json"}, ConfigError, "nowhere.json, which does not exist"),
        ({"pretrained_model_name": "megatron-bert-345m-cased"}, NotYetSupportedError, "only the tokenizer"),
        ({"pretrained_model_name": "bert-nobody-has"}, ConfigError, "'bert-nobody-has', and there is no such network"),
    ],
)
def test_what_cannot_be_built_is_explained(monkeypatch, given, error, message):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(error, match=message):
        get_lm_model(**given)


def test_a_folder_of_transformers_is_loaded_with_its_weights(tmp_path):
    source = get_lm_model(pretrained_model_name="bert-base-uncased", config_dict=SIZES)
    source._network.save_pretrained(tmp_path)
    loaded = get_lm_model(pretrained_model_name=str(tmp_path))
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in loaded.state_dict().items())


def test_names_are_listed():
    names = get_pretrained_lm_models_list()
    assert "bert-base-uncased" in names
    assert not any("megatron" in name for name in names)
    assert "megatron-bert-345m-cased" in get_pretrained_lm_models_list(include_external=True)
    assert {"sentencepiece", "char", "word", "bert-base-cased"} <= set(get_tokenizer_list())
