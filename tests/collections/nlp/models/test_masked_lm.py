"""Pre-training of BERT."""

import math

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F

from nemo.collections.common.text_encoders.lm import get_lm_model
from nemo.collections.nlp.models import BERTLMModel
from nemo.collections.nlp.modules.pretraining_classifier import BertPretrainingTokenClassifier
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_text import bert_sections, sentences, write


@pytest.fixture
def text(tmp_path):
    return write(tmp_path / "docs.txt", ["\n".join(sentences(5, 4, seed)) + "\n" for seed in range(4)])


def config(folder, text, **more):
    data = {"data_file": text, "batch_size": 4}
    return {**bert_sections(folder), "max_seq_length": 20, "validation_ds": data, **more}


def trainer(**more):
    return pl.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, **more,
    )  # fmt: skip


def test_head_is_what_transformers_computes():
    transformers = pytest.importorskip("transformers")
    from transformers.models.bert.modeling_bert import BertLMPredictionHead

    theirs = BertLMPredictionHead(transformers.BertConfig(vocab_size=24, hidden_size=16)).eval()
    ours = BertPretrainingTokenClassifier(16, 24, activation="gelu").eval()
    ours.dense.load_state_dict(theirs.transform.dense.state_dict())
    ours.norm.load_state_dict(theirs.transform.LayerNorm.state_dict())
    ours.mlp.layer0.load_state_dict(theirs.decoder.state_dict())
    states = torch.randn(2, 5, 16)
    assert torch.allclose(ours(hidden_states=states), theirs(states).log_softmax(-1), atol=1e-5)


def test_validation_gives_loss_and_perplexity_of_hidden_tokens(tmp_path, text):
    runner = trainer()
    model = BERTLMModel(config(tmp_path, text), runner)
    metrics = runner.validate(model, verbose=False)[0]
    total = tokens = pairs = nsp = right = 0
    model.eval()
    for batch in model._validation_dl:
        with torch.no_grad():
            log_probs, logits = model.forward(
                input_ids=batch.input_ids, attention_mask=batch.input_mask, token_type_ids=batch.input_type_ids
            )
        chosen = batch.output_mask.bool()
        total += F.nll_loss(log_probs[chosen], batch.output_ids[chosen], reduction="sum")
        nsp += F.cross_entropy(logits, batch.labels, reduction="sum")
        right += (logits.argmax(-1) == batch.labels).sum()
        tokens, pairs = tokens + chosen.sum(), pairs + len(logits)
    assert metrics["val_mlm_loss"] == pytest.approx(float(total / tokens), abs=1e-5)
    assert metrics["val_PPL"] == pytest.approx(math.exp(total / tokens), rel=1e-4)
    assert metrics["val_loss"] == pytest.approx(float(total / tokens + nsp / pairs), abs=1e-5)
    assert metrics["val_nsp_accuracy"] == pytest.approx(float(right / pairs), abs=1e-6)


def test_classifier_shares_the_embeddings_after_restoring_too(tmp_path, text):
    model = BERTLMModel(config(tmp_path, text, only_mlm_loss=True)).eval()
    model.save_to(str(tmp_path / "bert.nemo"))
    restored = BERTLMModel.restore_from(str(tmp_path / "bert.nemo")).eval()
    table = restored.bert_model.embeddings.word_embeddings.weight
    assert restored.mlm_classifier.mlp.layer0.weight is table
    assert not any(name.startswith("nsp_classifier") for name in restored.state_dict())
    (inputs,) = model.input_example()
    with torch.no_grad():
        outputs = restored.forward(**inputs)
        assert len(outputs) == 1
        assert torch.equal(outputs[0], model.forward(**inputs)[0])


def test_other_models_start_from_the_encoder(tmp_path, text):
    model = BERTLMModel(config(tmp_path, text))
    model.save_to(str(tmp_path / "bert.nemo"))
    sizes = bert_sections(tmp_path)["language_model"]["config"]
    encoder = get_lm_model(config_dict=sizes, checkpoint_file=tmp_path / "bert.nemo")
    for name, weight in encoder.state_dict().items():
        assert torch.equal(weight, model.bert_model.state_dict()[name])


def test_prepared_examples_need_no_tokenizer(tmp_path):
    draw = np.random.default_rng(0)
    arrays = {"input_ids": draw.integers(5, 20, (6, 12)), "input_mask": np.ones((6, 12), dtype=int)}
    arrays |= {"segment_ids": np.zeros((6, 12), dtype=int), "next_sentence_labels": np.array([0, 1] * 3)}
    arrays |= {"masked_lm_positions": np.tile([2, 5], (6, 1)), "masked_lm_ids": draw.integers(5, 20, (6, 2))}
    np.savez(tmp_path / "part.npz", **arrays)
    section = {"data_file": str(tmp_path), "max_predictions_per_seq": 2, "batch_size": 3, "shuffle": True}
    cfg = {"language_model": bert_sections(tmp_path)["language_model"], "tokenizer": None, "train_ds": section}
    runner = trainer(max_epochs=2)
    model = BERTLMModel({**cfg, "optim": {"name": "adamw", "lr": 0.01}}, runner)
    runner.fit(model)
    assert runner.global_step == 4
    assert torch.isfinite(runner.callback_metrics["train_loss"])


def test_embeddings_of_another_width_are_refused(tmp_path, text):
    cfg = config(tmp_path, text)
    cfg["language_model"]["config"] |= {"model_type": "electra", "embedding_size": 8}
    with pytest.raises(ConfigError, match="embeddings are 8 wide"):
        BERTLMModel(cfg)
