"""Small texts and tokenizers for language models and sentence encoders."""

import random

from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer

WORDS = "the a dog cat sat ran on mat home we go now off in sun".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def sentences(count, words=5, seed=0):
    draw = random.Random(seed)
    return [" ".join(draw.choice(WORDS) for _ in range(words)) for _ in range(count)]


def write(path, lines, end="\n"):
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return str(path)


def bert_sections(folder, **sizes):
    """`tokenizer` and `language_model` sections of a tiny BERT whose words are WORDS."""
    vocabulary = write(folder / "vocab.txt", [*SPECIAL, *WORDS])
    config = {"model_type": "bert", "vocab_size": len(SPECIAL) + len(WORDS), "hidden_size": 16, "num_hidden_layers": 1}
    config |= {"num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 32, **sizes}
    return {
        "tokenizer": {"tokenizer_name": "bert-base-uncased", "vocab_file": vocabulary},
        "language_model": {"config": config},
    }


def character_vocabulary(folder, lines):
    """A vocabulary file of the characters of lines, with the special tokens of a language model."""
    path = folder / "characters.txt"
    roles = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<p>", "unk_token": "<u>"}
    CharTokenizer.build_vocab(path, text="".join(lines), **roles)
    return str(path)
