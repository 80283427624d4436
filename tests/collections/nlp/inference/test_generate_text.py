"""What a language model writes."""

import pytest
import torch

from nemo.collections.nlp.models import TransformerLMModel
from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from tests.collections.nlp.models.test_transformer_lm import config


@pytest.fixture(params=[True, False], ids=["pre_ln", "post_ln"])
def model(request, tmp_path):
    return TransformerLMModel(config(tmp_path, pre_ln=request.param)).eval()


def uncached(model, prompt, steps):
    """The most probable tokens, each from all tokens before it."""
    tokenizer = model.tokenizer
    ids = [tokenizer.bos_id, *tokenizer.text_to_ids(prompt)]
    total = 0.0
    for _ in range(steps):
        with torch.no_grad():
            scores = model.forward(torch.tensor([ids]))[0, -1, : tokenizer.vocab_size].log_softmax(-1)
        allowed = scores.clone()
        allowed[[tokenizer.bos_id, tokenizer.pad_id]] = float("-inf")
        ids.append(int(allowed.argmax()))
        total += float(scores[ids[-1]])
        if ids[-1] == tokenizer.eos_id:
            return ids[1:-1], total
    return ids[1:], total


def test_cached_and_batched_generation_is_that_token_by_token(model):
    prompts = ["the", "a", "dog", "", "cat sat"]
    found = model.generate(prompts, {"max_length": 12}, batch_size=2)
    for number, prompt in enumerate(prompts):
        ids, score = uncached(model, prompt, 12)
        assert found.token_ids[number] == ids
        assert found.logprob[number] == pytest.approx(score, abs=1e-4)
        assert found.sentences[number].startswith(prompt)


def test_min_length_holds_the_end_back(model):
    with torch.no_grad():
        model.log_softmax.mlp.layer0.bias[model.tokenizer.eos_id] = 50.0
    assert len(model.generate(["a"], {"max_length": 9}).token_ids[0]) == 1
    assert len(model.generate(["a"], {"max_length": 9, "min_length": 4}).token_ids[0]) == 1 + 4


def test_drawn_texts_depend_on_the_seed_alone(model):
    sampling = {"use_greedy": False, "temperature": 1.5, "top_k": 8, "top_p": 0.95}
    texts = [model.generate(["the", "a"], {"max_length": 9}, sampling, seed=seed).sentences for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_drawing_from_one_token_is_greedy(model):
    greedy = model.generate(["the"], {"max_length": 9}).sentences
    assert model.generate(["the"], {"max_length": 9}, {"top_k": 1}).sentences == greedy
    assert model.generate(["the"], {"max_length": 9}, {"top_p": 1e-6}).sentences == greedy
    assert model.generate(["the"], {"max_length": 9}, {"use_greedy": True}).sentences == greedy


def test_impossible_numbers_are_refused(model):
    with pytest.raises(ConfigError, match="min_length 9"):
        model.generate(["a"], {"max_length": 3, "min_length": 9})
    with pytest.raises(ConfigError, match="temperature is 0"):
        model.generate(["a"], None, {"temperature": 0})
    with pytest.raises(ConfigError, match="batch_size is 0"):
        model.generate(["a"], batch_size=0)
    with pytest.raises(NotYetSupportedError, match=r"repetition_penalty is 1\.2"):
        model.generate(["a"], None, {"repetition_penalty": 1.2})
