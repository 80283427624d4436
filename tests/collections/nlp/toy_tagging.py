"""A tiny world of tagged words: capitals are names, colours end a sentence."""

from tests.collections.nlp.toy_text import write

NAMES = ["anna", "bob", "carl"]
CITIES = ["rome", "york"]
WORDS = ["sees", "likes", "in", "the", "red", "house"]
PIECES = ["an", "##na", "bob", "car", "##l", "rome", "new", "york", "##s", *WORDS, "##x"]
"""Of the words above, anna and carl have two pieces."""
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

NER_TEXT = [
    "anna sees bob in new york",
    "bob likes the red house",
    "carl likes rome",
    "the house in rome",
    "anna likes carl",
]
NER_LABELS = [
    "B-PER O B-PER O B-LOC I-LOC",
    "B-PER O O O O",
    "B-PER O B-LOC",
    "O O O B-LOC",
    "B-PER O B-PER",
]
PUNCT_TEXT = ["anna sees bob", "the house in rome likes carl", "in rome bob likes the red house", "bob likes carl"]
PUNCT_LABELS = ["OU OO .U", "OU OO OO ,U OO .U", "OU ,U OU OO OO OO .O", "OU OO ?U"]


def model_sections(folder, max_positions=32, **sizes):
    """`tokenizer` and `language_model` of a tiny BERT without dropout."""
    vocabulary = write(folder / "vocab.txt", [*SPECIAL, *PIECES])
    config = {"model_type": "bert", "vocab_size": len(SPECIAL) + len(PIECES), "hidden_size": 32}
    config |= {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config |= {"max_position_embeddings": max_positions, "hidden_dropout_prob": 0.0}
    config |= {"attention_probs_dropout_prob": 0.0, **sizes}
    return {
        "tokenizer": {"tokenizer_name": "bert-base-uncased", "vocab_file": vocabulary},
        "language_model": {"config": config},
        "optim": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
    }


def write_ner(folder, name="train", text=NER_TEXT, labels=NER_LABELS):
    """text_<name>.txt and labels_<name>.txt."""
    return write(folder / f"text_{name}.txt", text), write(folder / f"labels_{name}.txt", labels)


def ner_config(folder, **sections):
    write_ner(folder)
    data = {"text_file": "text_train.txt", "labels_file": "labels_train.txt", "batch_size": 5}
    return {
        **model_sections(folder),
        "dataset": {"data_dir": str(folder), "max_seq_length": 32},
        "head": {"num_fc_layers": 1, "fc_dropout": 0.0},
        "train_ds": {**data, "shuffle": True},
        "validation_ds": data,
        **sections,
    }


def punctuation_config(folder, **sections):
    write_ner(folder, text=PUNCT_TEXT, labels=PUNCT_LABELS)
    data = {"ds_item": str(folder), "text_file": "text_train.txt", "labels_file": "labels_train.txt"}
    data |= {"tokens_in_batch": 100, "max_seq_length": 32}
    return {
        **model_sections(folder),
        "common_dataset_parameters": {"pad_label": "O"},
        "punct_head": {"fc_dropout": 0.0},
        "capit_head": {"fc_dropout": 0.0},
        "train_ds": data,
        "validation_ds": data,
        **sections,
    }
