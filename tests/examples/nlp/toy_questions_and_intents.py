"""Recipes of question answering, of intents and slots, and of zero-shot intents at toy size."""

import json

from tests.examples.nlp.toy_recipes import WORDS, set_keys, shrink_encoder, write_lines

SENTENCES = (("the red cat runs", 0, "0 1 2 0"), ("where is the dog", 1, "0 0 0 2"), ("a bird sings", 0, "0 2 0"))


def questions(cfg, folder):
    """Two questions, one without an answer; returns the path of their file."""
    shrink_encoder(cfg.model, folder)
    qas = [
        {"id": "1", "question": "where is the cat ?", "answers": [{"text": "garden", "answer_start": 15}]},
        {"id": "2", "question": "where is the bird ?", "answers": [], "is_impossible": True},
    ]
    context = "the cat is the garden . the dog runs in the house ."
    content = {"data": [{"paragraphs": [{"context": context, "qas": qas}]}]}
    path = write_lines(folder / "questions.json", [json.dumps(content)])
    set_keys(cfg.model, file=path, batch_size=4, num_workers=0, shuffle=False)
    cfg.model.dataset.update(max_seq_length=24, doc_stride=6, max_query_length=8, num_workers=0)
    return path


def _intent_files(cfg, folder, several):
    shrink_encoder(cfg.model, folder)
    rows = [f"{text}\t{intent},2" if several else f"{text}\t{intent}" for text, intent, _ in SENTENCES]
    write_lines(folder / "train.tsv", ["sentence\tlabel", *rows])
    write_lines(folder / "train_slots.tsv", [slots for _, _, slots in SENTENCES])
    write_lines(folder / "dict.intents.csv", ["tell", "ask", "any"])
    write_lines(folder / "dict.slots.csv", ["O", "B-colour", "B-animal"])
    cfg.model.data_dir = str(folder)
    cfg.model.head.fc_dropout = 0.0
    set_keys(cfg.model, prefix="train", batch_size=4, num_workers=0, shuffle=False)
    return [text for text, _, _ in SENTENCES]


def intents(cfg, folder):
    """Three sentences with an intent each; returns the sentences."""
    return _intent_files(cfg, folder, several=False)


def several_intents(cfg, folder):
    """Three sentences with two intents each; returns the sentences."""
    return _intent_files(cfg, folder, several=True)


def entailment(cfg, folder):
    """Two pairs in the format of MNLI; returns texts."""
    shrink_encoder(cfg.model, folder, [*WORDS, "this", "example"])
    rows = [("the cat runs", "a cat is in it", "entailment"), ("the dog sings", "it is blue", "contradiction")]
    lines = ["\t".join(["x"] * 8 + list(row)) for row in rows]
    write_lines(folder / "pairs.tsv", ["header", *lines])
    cfg.model.dataset.update(data_dir=str(folder), max_seq_length=24)
    cfg.model.classifier_head.fc_dropout = 0.0
    set_keys(cfg.model, ds_item="pairs.tsv", batch_size=4, num_workers=0, shuffle=False)
    return ["the cat runs", "where is the dog"]


def answers(model, path):
    """What a model answers, as plain values."""
    return model.inference(path, batch_size=2)


def found_intents(model, texts):
    """What a model finds, as plain values."""
    return model.predict_from_examples(texts, {"batch_size": 2})


def scored_classes(model, texts):
    """What a model thinks of two classes, as plain values."""
    return model.predict(texts, "cat,dog", batch_size=2)
