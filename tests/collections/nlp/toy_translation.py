"""A translation model small enough for tests, and parallel text: numbers in words, in two languages."""

import functools
import tempfile
from pathlib import Path

from nemo.collections.common.tokenizers.sentencepiece_tokenizer import create_spt_model

WORDS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf", "six": "sechs"}
SECTION = {"hidden_size": 16, "inner_size": 24, "num_layers": 1, "num_attention_heads": 2, "max_sequence_length": 64}
NO_DROPOUT = {f"{part}_dropout": 0.0 for part in ("embedding", "ffn", "attn_score", "attn_layer")}


def pairs(count=60):
    """Sentences of one to seven numbers, and their translation."""
    names = list(WORDS)
    sentences = [[names[(n * 7 + k * k) % 6] for k in range(1 + n % 7)] for n in range(count)]
    return [(" ".join(words), " ".join(WORDS[word] for word in words)) for words in sentences]


def write_pairs(folder, name="train", count=60):
    """Both files of parallel text."""
    files = Path(folder) / f"{name}.en", Path(folder) / f"{name}.de"
    for side, file in enumerate(files):
        file.write_text("".join(pair[side] + "\n" for pair in pairs(count)), encoding="utf-8")
    return [str(file) for file in files]


@functools.cache
def tokenizer_model():
    """A SentencePiece model of the words, with the token <de>."""
    folder = Path(tempfile.mkdtemp())
    text = folder / "text.txt"
    text.write_text("\n".join(f"{source}\n{target}" for source, target in pairs()), encoding="utf-8")
    options = {"bos": True, "eos": True, "pad": True, "user_defined_symbols": ["<de>", "<fr>"]}
    return create_spt_model(str(text), 60, -1, False, tokenizer_type="bpe", output_dir=str(folder), **options)[0]


def tokenizer_section():
    return {"library": "sentencepiece", "tokenizer_model": tokenizer_model()}


def config(**changes):
    """`model` of a tiny model."""
    sections = {
        "encoder_tokenizer": tokenizer_section(),
        "decoder_tokenizer": tokenizer_section(),
        "encoder": {**SECTION, **NO_DROPOUT},
        "decoder": {**SECTION, **NO_DROPOUT},
        "src_language": "en",
        "tgt_language": "de",
        "beam_size": 2,
    }
    return {**sections, **changes}


def data(files, **more):
    """A dataset section."""
    return {"src_file_name": files[0], "tgt_file_name": files[1], "num_workers": 0, "tokens_in_batch": 120, **more}
