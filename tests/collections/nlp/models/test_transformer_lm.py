"""A transformer as a language model."""

import math

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.nlp.models import TransformerLMModel
from nemo.utils.exceptions import ConfigError, NotYetSupportedError, ShapeError
from tests.collections.nlp.toy_text import character_vocabulary, sentences, write

LINES = sentences(12, 3)


def config(folder, **encoder):
    text = write(folder / "text.txt", LINES)
    sizes = {"hidden_size": 16, "num_layers": 2, "inner_size": 32, "num_attention_heads": 2, "num_token_types": 0}
    data = {"file_name": text, "tokens_in_batch": 64}
    return {
        "tokenizer": {"tokenizer_name": "char", "vocab_file": character_vocabulary(folder, LINES)},
        "encoder": {**sizes, "mask_future": True, "pre_ln": True, **encoder},
        "train_ds": {**data, "shuffle": True},
        "validation_ds": data,
        "optim": {"name": "adamw", "lr": 0.01},
    }


@pytest.fixture
def model(tmp_path):
    return TransformerLMModel(config(tmp_path)).eval()


def test_no_token_sees_those_after_it(model):
    tokens = torch.randint(4, 10, (2, 8))
    changed = tokens.clone()
    changed[:, 5:] = 11
    with torch.no_grad():
        one, other = model.forward(tokens, torch.ones_like(tokens)), model.forward(changed)
    assert torch.allclose(one[:, :5], other[:, :5], atol=1e-5)
    assert not torch.allclose(one[:, 5:], other[:, 5:], atol=1e-3)
    assert torch.allclose(one.exp().sum(dim=-1), torch.ones(2, 8), atol=1e-5)


def test_vocabulary_is_rounded_up_and_shared_with_the_classifier(model):
    embedding = model.encoder.embedding.token_embedding.weight
    assert embedding.shape[0] == 8 * math.ceil(model.tokenizer.vocab_size / 8)
    assert model.log_softmax.mlp.layer0.weight is embedding
    names = set(model.state_dict())
    assert {"encoder._embedding.token_embedding.weight", "log_softmax.mlp.layer0.weight"} <= names


def test_score_is_the_sum_of_log_probabilities_batch_or_one_by_one(model):
    texts = ["the cat", "a", "we go home now"]
    together = model.score(texts, batch_size=3)
    assert together == pytest.approx([model.score([text])[0] for text in texts], abs=1e-4)
    tokenizer = model.tokenizer
    ids = torch.tensor([[tokenizer.bos_id, *tokenizer.text_to_ids("the cat"), tokenizer.eos_id]])
    with torch.no_grad():
        log_probs = model.forward(ids)[0]
    by_hand = sum(float(log_probs[place, ids[0, place + 1]]) for place in range(ids.shape[1] - 1))
    assert together[0] == pytest.approx(by_hand, abs=1e-4)
    assert model.score([]) == []


def test_validation_loss_is_the_mean_over_all_tokens(tmp_path):
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    cfg = config(tmp_path)
    model = TransformerLMModel({**cfg, "label_smoothing": 0.3}, trainer)
    metrics = trainer.validate(model, verbose=False)[0]
    tokens = sum(len(line) + 1 for line in LINES)
    loss = -sum(model.score(LINES)) / tokens
    assert metrics["val_loss"] == pytest.approx(loss, abs=1e-4)
    assert metrics["val_PPL"] == pytest.approx(math.exp(loss), rel=1e-4)


def test_what_is_learned_survives_saving(tmp_path, model):
    model.save_to(str(tmp_path / "lm.nemo"))
    for file in tmp_path.glob("*.txt"):
        file.unlink()
    restored = TransformerLMModel.restore_from(str(tmp_path / "lm.nemo"))
    assert restored.score(LINES[:2]) == pytest.approx(model.score(LINES[:2]), abs=1e-6)


def test_library_names_the_tokenizer_as_in_translation(tmp_path):
    cfg = config(tmp_path)
    cfg["tokenizer"] = {"library": "char", "vocab_file": cfg["tokenizer"]["vocab_file"]}
    assert TransformerLMModel(cfg).tokenizer.eos_id >= 0


def test_training_needs_a_model_that_does_not_look_ahead(tmp_path):
    with pytest.raises(ConfigError, match="mask_future is not true"):
        TransformerLMModel(config(tmp_path, mask_future=False))
    cfg = config(tmp_path, mask_future=False)
    del cfg["train_ds"]
    model = TransformerLMModel(cfg)  # an archive without the key is restored as the original does
    with pytest.raises(ConfigError, match="looks ahead"):
        model.generate(["the"])


def test_other_faults_of_the_config(tmp_path):
    with pytest.raises(NotYetSupportedError, match="library is 'megatron'"):
        TransformerLMModel(config(tmp_path, library="megatron"))
    with pytest.raises(ConfigError, match="neither tokenizer_name nor library"):
        TransformerLMModel({**config(tmp_path), "tokenizer": {}})


def test_texts_beyond_learned_positions_are_refused(tmp_path):
    model = TransformerLMModel(config(tmp_path, learn_positional_encodings=True, max_sequence_length=40))
    with pytest.raises(ShapeError, match="learned 40 positions"):
        model.score(["the cat " * 6])
    with pytest.raises(ShapeError, match="learned 40 positions"):
        model.generate(["the"], {"max_length": 60})
