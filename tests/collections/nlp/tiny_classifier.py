"""A text classification model of a few weights, its vocabulary and its data."""

from omegaconf import OmegaConf

SIZES = {
    "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 32, "type_vocab_size": 2, "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
WORDS = ["play", "some", "jazz", "rock", "what", "is", "the", "weather", "in", "rome", "book", "a", "table", "##s"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
TEXTS = ["play some jazz", "what is the weather in rome", "book a table", "play rock", "is the weather", "book tables"]
LABELS = [0, 1, 2, 0, 1, 2]


def vocabulary(folder):
    """Path of the vocabulary's file."""
    path = folder / "vocab.txt"
    path.write_text("".join(f"{piece}\n" for piece in VOCABULARY), encoding="utf-8")
    return str(path)


def texts(folder, name="texts.tsv", lines=None):
    """Path of a file of texts and labels."""
    path = folder / name
    lines = [f"{text}\t{label}" for text, label in zip(TEXTS, LABELS, strict=True)] if lines is None else lines
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def encoder_sections(folder):
    """`tokenizer` and `language_model`."""
    return {
        "tokenizer": {
            "tokenizer_name": "bert-base-uncased", "vocab_file": vocabulary(folder), "tokenizer_model": None,
            "special_tokens": None,
        },
        "language_model": {
            "pretrained_model_name": "bert-base-uncased", "lm_checkpoint": None, "config_file": None,
            "config": {"vocab_size": len(VOCABULARY), **SIZES},
        },
    }  # fmt: skip


def config(folder, with_data=True, **dataset):
    """The `model` section."""
    path = texts(folder)
    section = {"file_path": path, "batch_size": 3, "shuffle": False, "num_workers": 0}
    return OmegaConf.create({
        **encoder_sections(folder),
        "classifier_head": {"num_output_layers": 2, "fc_dropout": 0.0},
        "class_labels": {"class_labels_file": None},
        "dataset": {"num_classes": 3, "max_seq_length": 16, **dataset},
        **({"train_ds": section, "validation_ds": section, "test_ds": section} if with_data else {}),
        "optim": {"name": "adam", "lr": 0.01},
    })  # fmt: skip
