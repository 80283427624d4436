"""Ids of 10,000 sentences: our WordPiece and YouTokenToMe in plain Python against the library `tokenizers` in Rust.

Both sides take one sentence at a time, as a dataset does, and must give the same pieces. Sentences are of invented
words whose frequencies fall as those of a language do. Run: ``python -m benchmarks.tokenizers``.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from pathlib import Path

from benchmarks.measure import compare, emit_ratio
from nemo.collections.common.tokenizers.wordpiece_tokenizer import WordPieceTokenizer
from nemo.collections.common.tokenizers.youtokentome_tokenizer import YouTokenToMeTokenizer

LIMIT = 1.0
SENTENCES, WORDS, PIECES = 10_000, 20_000, 4_000
WORD_START = "\u2581"


def sentences() -> list[str]:
    """Sentences of 5 to 25 words; the n-th word is 1/n as frequent as the first."""
    generator = random.Random(0)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
    words = ["".join(generator.choices(syllables, k=generator.randrange(1, 5))) for _ in range(WORDS)]
    weights = [1 / rank for rank in range(1, WORDS + 1)]
    return [" ".join(generator.choices(words, weights, k=generator.randrange(5, 26))) for _ in range(SENTENCES)]


def compare_wordpiece(texts: list[str], folder: Path) -> None:
    from tokenizers import BertWordPieceTokenizer

    peer = BertWordPieceTokenizer(lowercase=True)
    peer.train_from_iterator(texts, vocab_size=PIECES, show_progress=False)
    peer.save_model(str(folder))

    def theirs() -> list[list[int]]:
        return [peer.encode(text, add_special_tokens=False).ids for text in texts]

    def ours() -> list[list[int]]:
        tokenizer = WordPieceTokenizer(folder / "vocab.txt", do_lower_case=True)  # with an empty cache
        return [tokenizer.text_to_ids(text) for text in texts]

    assert ours() == theirs()
    timings = compare({"ours": ours, "theirs": theirs}, repetitions=5)
    report("wordpiece_10000_sentences", timings)


def compare_youtokentome(texts: list[str], folder: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import Metaspace
    from tokenizers.trainers import BpeTrainer

    peer = Tokenizer(BPE(unk_token="<unk>"))
    peer.pre_tokenizer = Metaspace(replacement=WORD_START, prepend_scheme="always")
    peer.train_from_iterator(texts, BpeTrainer(vocab_size=PIECES, special_tokens=["<unk>"], show_progress=False))
    write_model(json.loads(peer.to_str())["model"], folder / "bpe.model")

    def theirs() -> list[list[str]]:
        return [peer.encode(text).tokens for text in texts]

    def ours() -> list[list[str]]:
        tokenizer = YouTokenToMeTokenizer(folder / "bpe.model")  # with an empty cache
        return [tokenizer.text_to_tokens(text) for text in texts]

    assert ours() == theirs()
    timings = compare({"ours": ours, "theirs": theirs}, repetitions=5)
    report("youtokentome_10000_sentences", timings)


def write_model(bpe: dict, path: Path) -> None:
    """The same merges as a YouTokenToMe model."""
    characters = sorted(piece for piece in bpe["vocab"] if len(piece) == 1)
    ids = {piece: index for index, piece in enumerate(characters, start=4)}
    lines = [f"{ord(piece)} {index}" for piece, index in ids.items()]
    for left, right in bpe["merges"]:
        ids[left + right] = len(ids) + 4
        lines.append(f"{ids[left]} {ids[right]} {ids[left + right]}")
    lines = [f"{len(characters)} {len(bpe['merges'])}", *lines, "1 0 2 3"]
    path.write_text("\n".join(lines) + "\n")


def report(name: str, timings: dict) -> None:
    per_second = SENTENCES / timings["ours"].median
    emit_ratio(name, timings["ours"], timings["theirs"], limit=LIMIT, sentences_per_second=per_second)


def main() -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    texts = sentences()
    with tempfile.TemporaryDirectory() as folder:
        compare_wordpiece(texts, Path(folder))
        compare_youtokentome(texts, Path(folder))


if __name__ == "__main__":
    main()
