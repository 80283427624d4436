"""A small vocabulary and made questions about made contexts."""

import json
import random

from nemo.collections.common.tokenizers.auto_tokenizer import AutoTokenizer

COLOURS = ("red", "blue", "green", "white")
THINGS = ("ball", "car", "door", "hat")
WORDS = ("the", "is", "what", "colour", "of", "s", "in", "a", "don", "t", "who", "where", *COLOURS, *THINGS)
PIECES = ("##s", "##ing", "(", ")", ".", ",", "?", "'", "$", "-")


def write_vocab(folder):
    """A vocab.txt of a few words and of letters."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(ord("a") + index) for index in range(26)]
    pieces = [*special, *WORDS, *PIECES, *letters, *(f"##{letter}" for letter in letters)]
    path = folder / "vocab.txt"
    path.write_text("\n".join(dict.fromkeys(pieces)) + "\n", encoding="utf-8")
    return path


def tokenizer(folder):
    """The tokenizer of that vocabulary, uncased."""
    return AutoTokenizer("bert-base-uncased", vocab_file=str(write_vocab(folder)))


def colour_questions(count, seed=0, impossible=False):
    """Paragraphs `The ball is red. The car is blue. ...` with a question about one thing each."""
    generator = random.Random(seed)
    paragraphs = []
    for number in range(count):
        things = generator.sample(THINGS, 3)
        colours = [generator.choice(COLOURS) for _ in things]
        context = " ".join(f"The {thing} is {colour}." for thing, colour in zip(things, colours, strict=True))
        start = context.index(f"{things[0]} is ") + len(f"{things[0]} is ")
        order = list(range(3))
        chosen = generator.choice(order)
        start = context.index(f"{things[chosen]} is ") + len(f"{things[chosen]} is ")
        asked = things[chosen]
        answers = [{"text": colours[chosen], "answer_start": start}]
        is_impossible = impossible and number % 3 == 0
        if is_impossible:
            asked = next(thing for thing in THINGS if thing not in things)
            answers = []
        question = {
            "id": f"q{number}",
            "question": f"What colour is the {asked}?",
            "answers": answers,
            "is_impossible": is_impossible,
        }
        paragraphs.append({"context": context, "qas": [question]})
    return {"version": "made", "data": [{"title": "things", "paragraphs": paragraphs}]}


def write_questions(path, content):
    """The questions as a file; returns its path."""
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def config(folder, **dataset):
    """A `model` section with a tiny encoder."""
    return {
        "tokenizer": {"tokenizer_name": "bert-base-uncased", "vocab_file": str(write_vocab(folder))},
        "language_model": {
            "config": {
                "model_type": "bert",
                "vocab_size": 128,
                "hidden_size": 32,
                "num_hidden_layers": 1,
                "num_attention_heads": 4,
                "intermediate_size": 64,
                "max_position_embeddings": 48,
                "hidden_dropout_prob": 0.0,
                "attention_probs_dropout_prob": 0.0,
            }
        },
        "dataset": {"max_seq_length": 32, "doc_stride": 8, "max_answer_length": 3, "n_best_size": 4, **dataset},
        "token_classifier": {"num_layers": 1},
        "optim": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
    }
