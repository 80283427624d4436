"""Every recipe of examples/nlp, at toy size: builds, learns one batch, saves, restores, gives the same, exports."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.nlp import models
from nemo.collections.nlp.data.encoder_inputs import EncoderInputs
from nemo.core.classes.model_pt import ModelPT
from tests.examples.losses import Losses
from tests.examples.nlp import toy_language_models as lm
from tests.examples.nlp import toy_questions_and_intents as toy_intents
from tests.examples.nlp import toy_recipes as toy


@dataclass(frozen=True)
class Recipe:
    """What the harness needs to know of one recipe."""

    model: str
    """Class of :mod:`nemo.collections.nlp.models`."""
    shrink: Callable[[Any, Any], Any]
    """Makes the config small and writes its data to a folder; returns what `results` takes."""
    results: Callable[[Any, Any], Any]
    """What a trained model gives for it, to be compared with ==."""
    exports: bool = True
    """Its ONNX files are run and compared."""


def classes_of_texts(model, texts):
    return model.classifytext(texts, batch_size=2)


def labelled_words(model, texts):
    return model.add_predictions(texts, batch_size=2)


def written_out(model, texts):
    return model.add_punctuation_capitalization(texts, max_seq_length=8, step=2, margin=1)


def logits_of_pairs(model, texts):
    inputs = EncoderInputs(model.tokenizer)
    ids, types, mask = inputs.padded([inputs.of_pair(text, texts[0]) for text in texts])
    with torch.no_grad():
        return model.forward(input_ids=ids, token_type_ids=types, attention_mask=mask).tolist()


def translations(model, texts):
    return model.translate(texts)


RECIPES = {
    "entity_linking/conf/umls_medical_entity_linking_config": Recipe("EntityLinkingModel", lm.entity_names, lm.vectors),
    "information_retrieval/conf/bert_ir_config": Recipe("BertDPRModel", lm.retrieval, lm.vectors),
    "language_modeling/conf/bert_pretraining_from_preprocessed_config": Recipe(
        "BERTLMModel", lm.masked_examples, lm.guessed_tokens
    ),
    "language_modeling/conf/bert_pretraining_from_text_config": Recipe(
        "BERTLMModel", lm.masked_text, lm.guessed_tokens
    ),
    "language_modeling/conf/transformer_lm_config": Recipe(
        "TransformerLMModel", lm.language_model, lm.scores_and_continuations
    ),
    "glue_benchmark/conf/glue_benchmark_config": Recipe("GLUEModel", toy.glue, logits_of_pairs),
    "machine_translation/conf/aayn_base": Recipe("MTEncDecModel", toy.translation, translations),
    "machine_translation/conf/aayn_finetune": Recipe("MTEncDecModel", toy.translation_finetune, translations),
    "text_classification/conf/text_classification_config": Recipe(
        "TextClassificationModel", toy.text_classification, classes_of_texts
    ),
    "text_classification/conf/text_classification_from_scratch": Recipe(
        "TextClassificationModel", toy.text_classification, classes_of_texts
    ),
    "token_classification/conf/punctuation_capitalization_config": Recipe(
        "PunctuationCapitalizationModel", toy.punctuation, written_out
    ),
    "token_classification/conf/token_classification_config": Recipe(
        "TokenClassificationModel", toy.token_classification, labelled_words
    ),
    "token_classification/conf/token_classification_from_scratch": Recipe(
        "TokenClassificationModel", toy.token_classification, labelled_words
    ),
    "intent_slot_classification/conf/intent_slot_classification_config": Recipe(
        "IntentSlotClassificationModel", toy_intents.intents, toy_intents.found_intents
    ),
    "intent_slot_classification/conf/intent_slot_classification_from_scratch": Recipe(
        "IntentSlotClassificationModel", toy_intents.intents, toy_intents.found_intents
    ),
    "intent_slot_classification/conf/multi_label_intent_slot_classification_config": Recipe(
        "MultiLabelIntentSlotClassificationModel", toy_intents.several_intents, toy_intents.found_intents
    ),
    "question_answering/conf/qa_conf": Recipe("BERTQAModel", toy_intents.questions, toy_intents.answers),
    "zero_shot_intent_recognition/conf/zero_shot_intent_config": Recipe(
        "ZeroShotIntentModel", toy_intents.entailment, toy_intents.scored_classes
    ),
}
"""One line for each recipe."""

STEPS = 6


def trained(name, folder):
    """The shrunk model after a few steps on one batch, its losses, and what its results are asked for."""
    recipe, cfg = RECIPES[name], toy.read(name)
    inputs = recipe.shrink(cfg, folder)
    losses = Losses()
    cfg.trainer.update(accelerator="cpu", devices=1, precision=32, strategy="auto", max_steps=STEPS, max_epochs=STEPS)
    cfg.trainer.update(check_val_every_n_epoch=STEPS, val_check_interval=1.0, accumulate_grad_batches=1)
    cfg.trainer.update(enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=1)
    trainer = pl.Trainer(**cfg.trainer, callbacks=[losses])
    model = getattr(models, recipe.model)(cfg=cfg.model, trainer=trainer)
    assert model.setup_optimization() is not None  # the recipe's own optimizer and schedule can be built
    model.cfg.optim = {"name": "adamw", "lr": 0.005, "weight_decay": 0.0}
    trainer.fit(model)
    monitored = cfg.exp_manager.checkpoint_callback_params.monitor
    assert torch.isfinite(torch.as_tensor(trainer.callback_metrics[monitored])), monitored
    return model.eval(), losses.values, inputs


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """A folder in which each recipe leaves its archive, and a file with what the model gives for what."""
    return tmp_path_factory.mktemp("archives")


@pytest.mark.parametrize("name", RECIPES)
def test_recipe_learns_saves_restores_and_exports(name, tmp_path, archives):
    recipe = RECIPES[name]
    model, losses, inputs = trained(name, tmp_path)
    assert len(losses) == STEPS
    assert min(losses[-2:]) < losses[0]
    stem = archives / name.replace("/", "_")
    model.save_to(f"{stem}.nemo")
    stem.with_suffix(".results").write_bytes(pickle.dumps((name, inputs, recipe.results(model, inputs))))
    restored = ModelPT.restore_from(f"{stem}.nemo").eval()
    assert type(restored) is getattr(models, recipe.model)
    for key, tensor in model.state_dict().items():
        assert torch.equal(restored.state_dict()[key], tensor), key
    results = recipe.results(restored, inputs)
    assert results == recipe.results(model, inputs)
    assert len(results) > 0
    if recipe.exports:
        files, _ = restored.export(str(tmp_path / "model.onnx"), check_trace=True)  # runs the file and compares
        assert files


def test_another_process_without_network_and_cache_gives_the_same(archives, tmp_path):
    """Of the archives that the tests above have left; there are all of them when all ran."""
    environment = {**os.environ, "HF_HOME": str(tmp_path), "NEMO_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.examples.nlp.restore_offline", str(archives)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout.split()[-1]) == len(list(archives.glob("*.nemo")))


@pytest.mark.parametrize("name", toy.NAMES)
def test_recipe_has_the_sections_that_scripts_read(name):
    cfg = toy.read(name)
    assert set(cfg) >= {"name", "model", "trainer", "exp_manager"}
    assert "optim" in cfg.model
    assert cfg.trainer.logger is False
    assert cfg.trainer.enable_checkpointing is False


def test_every_recipe_has_a_line():
    assert sorted(RECIPES) == toy.NAMES
