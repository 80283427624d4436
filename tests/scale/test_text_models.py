"""Text models in two processes, whose shares are uneven, find in evaluations what one does, and train as one does."""

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp import models
from tests.collections.nlp import tiny_classifier, toy_intents, toy_questions, toy_tagging, toy_translation
from tests.scale.comparison import largest_difference
from tests.scale.processes import run_processes
from tests.scale.runs import make_trainer, numbers_of

# batches are such that one of two processes has more of them than the other


def classifier(folder):
    cfg = tiny_classifier.config(folder)
    labels = zip(tiny_classifier.TEXTS[:5], [0, 1, 2, 1, 1], strict=True)
    lines = [f"{text}\t{label}" for text, label in labels]
    cfg.validation_ds = {"file_path": tiny_classifier.texts(folder, "dev.tsv", lines), "batch_size": 2}
    return cfg


def tagger(folder):
    data = {"text_file": "text_train.txt", "labels_file": "labels_train.txt", "batch_size": 2}
    return toy_tagging.ner_config(folder, validation_ds=data)


def punctuator(folder):
    cfg = toy_tagging.punctuation_config(folder)
    cfg["validation_ds"] = {**cfg["validation_ds"], "tokens_in_batch": 24}
    return cfg


def translator(folder):
    files = toy_translation.write_pairs(folder, "dev", count=9)
    return toy_translation.config(validation_ds=toy_translation.data(files, tokens_in_batch=40))


def intents(folder):
    toy_intents.write_intents(folder)
    return toy_intents.config(folder, validation_ds={"prefix": "dev", "batch_size": 4})


def questions(folder):
    content = toy_questions.colour_questions(5, impossible=True)
    file = toy_questions.write_questions(folder / "dev.json", content)
    return {**toy_questions.config(folder), "validation_ds": {"file": str(file), "batch_size": 2}}


CONFIGS = {
    "TextClassificationModel": classifier,
    "TokenClassificationModel": tagger,
    "PunctuationCapitalizationModel": punctuator,
    "MTEncDecModel": translator,
    "IntentSlotClassificationModel": intents,
    "QAModel": questions,
}


def evaluate(name, cfg):
    """The job: the metrics of a model that has the same random weights in each process."""
    torch.manual_seed(0)
    trainer = make_trainer([])
    (metrics,) = trainer.validate(getattr(models, name)(cfg, trainer), verbose=False)
    return {key: float(value) for key, value in metrics.items()}


def train(cfg):
    """The job: the weights after three steps; all texts are one of them."""
    torch.manual_seed(0)
    trainer = make_trainer([], max_epochs=3)
    model = models.TextClassificationModel(cfg, trainer)
    trainer.fit(model)
    return numbers_of(model.state_dict())


def test_a_head_on_bert_trains_although_the_pooler_has_no_gradients(tmp_path):
    cfg = OmegaConf.to_container(tiny_classifier.config(tmp_path))
    cfg |= {"optim": {"name": "sgd", "lr": 0.1}, "validation_ds": None}
    cfg["train_ds"]["batch_size"] = 6
    (alone,) = run_processes(train, 1, tmp_path / "one", cfg=cfg)
    cfg["train_ds"]["batch_size"] = 3
    first, second = run_processes(train, 2, tmp_path / "two", cfg=cfg)
    assert first == second
    for key, weights in alone.items():  # absolute: some gradients, as of keys' biases, are rounding alone
        assert first[key] == pytest.approx(weights, abs=1e-6), key


@pytest.mark.parametrize("name", CONFIGS)
def test_two_processes_find_what_one_does(name, tmp_path):
    cfg = CONFIGS[name](tmp_path)
    cfg = OmegaConf.to_container(cfg) if isinstance(cfg, DictConfig) else cfg
    (alone,) = run_processes(evaluate, 1, tmp_path / "one", name=name, cfg=cfg)
    together = run_processes(evaluate, 2, tmp_path / "two", name=name, cfg=cfg)
    assert len(alone) >= 2
    for found in together:
        assert largest_difference(found, alone) < 1e-5
