"""Writes wordpiece.json: reference tokens of BERT's WordPiece, by the library `tokenizers`."""

import json
import tempfile
from pathlib import Path

from tokenizers import BertWordPieceTokenizer

HERE = Path(__file__).parent
WORDS = """
[PAD] [UNK] [CLS] [SEP] [MASK] the quick brown fox jump ##s ##ed over un ##aff ##able , . ! ? ' - the ##y
Th The a b c é e $ 中 文 「 3 ##3 don t ##é naïve naive ß
"""
VOCABULARY = list(dict.fromkeys(WORDS.split()))
TEXTS = [
    "the quick brown fox jumps over the fox",
    "The fox jumped, unaffable!",
    "they don't",
    "é naïve",
    "中文the「fox",
    "the\tfox\n\u200bjump\u0000s\u00a0over",
    "$3 33 333",
    "[CLS] the [MASK] fox[SEP]",
    "a" * 101,
    "a" * 100,
    "",
    "   ",
    "xyz the",
    "the—fox…",
    "THE Fox ß",
    "e\u0301 the\ufffdfox",
    "the\u2028fox\u3000over",
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vocab.txt"
        file.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
        cased = BertWordPieceTokenizer(str(file), lowercase=False, strip_accents=None)
        uncased = BertWordPieceTokenizer(str(file), lowercase=True, strip_accents=None)
        cases = [
            {
                "text": text,
                "cased": cased.encode(text, add_special_tokens=False).tokens,
                "uncased": uncased.encode(text, add_special_tokens=False).tokens,
            }
            for text in TEXTS
        ]
    reference = {"vocabulary": VOCABULARY, "cases": cases}
    (HERE / "wordpiece.json").write_text(json.dumps(reference, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
