"""Evaluating a text model in two processes, whose shares are uneven, gives what one process finds."""

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from nemo.collections.nlp import models
from tests.collections.nlp import tiny_classifier, toy_intents, toy_questions, toy_tagging, toy_translation
from tests.scale.comparison import largest_difference
from tests.scale.processes import run_processes
from tests.scale.runs import make_trainer

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


@pytest.mark.parametrize("name", CONFIGS)
def test_two_processes_find_what_one_does(name, tmp_path):
    cfg = CONFIGS[name](tmp_path)
    cfg = OmegaConf.to_container(cfg) if isinstance(cfg, DictConfig) else cfg
    (alone,) = run_processes(evaluate, 1, tmp_path / "one", name=name, cfg=cfg)
    together = run_processes(evaluate, 2, tmp_path / "two", name=name, cfg=cfg)
    assert len(alone) >= 2
    for found in together:
        assert largest_difference(found, alone) < 1e-5
