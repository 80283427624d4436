"""Six made sentences with three intents and BIO slots."""

SENTENCES = (
    ("play blue by red green", 0, "0 1 0 2 3"),
    ("wake me at seven", 1, "0 0 0 4"),
    ("what is it like outside", 2, "0 0 0 0 0"),
    ("play sun", 0, "0 1"),
    ("wake me tomorrow", 1, "0 0 4"),
    ("is it cold", 2, "0 0 0"),
)
INTENTS = ("play", "wake", "weather")
SLOTS = ("O", "B-song", "B-artist", "I-artist", "B-time")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_intents(folder, prefixes=("train", "dev", "test"), several=False):
    """The files of a data folder; with `several`, the sentences `play` are of `weather` too. Returns the folder."""
    for prefix in prefixes:
        labels = [f"{intent},2" if several and intent == 0 else str(intent) for _, intent, _ in SENTENCES]
        lines = [f"{text}\t{label}" for (text, _, _), label in zip(SENTENCES, labels, strict=True)]
        (folder / f"{prefix}.tsv").write_text("".join(f"{line}\n" for line in ["sentence\tlabel", *lines]))
        (folder / f"{prefix}_slots.tsv").write_text("".join(f"{slots}\n" for _, _, slots in SENTENCES))
    (folder / "dict.intents.csv").write_text("".join(f"{label}\n" for label in INTENTS))
    (folder / "dict.slots.csv").write_text("".join(f"{label}\n" for label in SLOTS))
    words = dict.fromkeys(word for text, _, _ in SENTENCES for word in text.split())
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in [*SPECIAL, *words, "##s"]))
    return folder


def config(folder, **keys):
    """A `model` section with a tiny encoder."""
    return {
        "tokenizer": {"tokenizer_name": "bert-base-uncased", "vocab_file": str(folder / "vocab.txt")},
        "language_model": {
            "max_seq_length": 12,
            "config": {
                "model_type": "bert",
                "vocab_size": 64,
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 4,
                "intermediate_size": 64,
                "max_position_embeddings": 16,
                "hidden_dropout_prob": 0.0,
                "attention_probs_dropout_prob": 0.0,
            },
        },
        "data_dir": str(folder),
        "head": {"num_output_layers": 1, "fc_dropout": 0.0},
        "train_ds": {"prefix": "train", "batch_size": 6},
        "validation_ds": {"prefix": "dev", "batch_size": 4},
        "optim": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
        **keys,
    }
