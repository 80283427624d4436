"""Writes yttm/: two models trained by the library YouTokenToMe 1.0.6, and what it makes of texts.

The library builds with Cython below 3; run this with a Python that has it.
"""

import json
import tempfile
from pathlib import Path

import youtokentome

FOLDER = Path(__file__).parent / "yttm"
CORPUS = """the cat sat on the mat
a dog ran over the hill, and the cats ran after it
cats and dogs and mats aaa aaaa aaaaa abab ababab bababa
naïve café ☃ the mat, the cat. 中文 中文字
der Hund und die Katze sitzen auf der Matte
"""
TEXTS = [
    "the cat sat",
    "  the\tcat \n x",
    "qqzz the",
    "☃☃ ☃",
    "xq cat",
    "a▁b ▁the",
    "▁",
    "",
    " ",
    "aaaaaaa",
    "abababababab",
    "the\u00a0cat",
    "the\u3000cat\u2028x",
    "catQQcat",
    "\x0bthe\x0c\rcat",
    "\x85the",
    "a\x00b",
    "QaQ",
    "naïve café中文字",
    "der Hund, die Katzen",
    "<PAD> <UNK> the",
]
IDS = [[0, 1, 2, 3, 4, 5, 6], [4, 4, 8], [8, 2, 9], [30, 35, 40, 12], []]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    cases = {}
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.txt"
        corpus.write_text(CORPUS * 5, encoding="utf-8")
        kinds = {"usual": {}, "rare": {"coverage": 0.97, "pad_id": 3, "unk_id": 0, "bos_id": 1, "eos_id": 2}}
        for name, options in kinds.items():
            model = FOLDER / f"{name}.model"
            bpe = youtokentome.BPE.train(str(corpus), str(model), 90, n_threads=1, **options)
            cases[name] = {
                "vocabulary": bpe.vocab(),
                "ids": bpe.encode(TEXTS),
                "pieces": bpe.encode(TEXTS, output_type=youtokentome.OutputType.SUBWORD),
                "decoded": bpe.decode(bpe.encode(TEXTS)),
                "text_of_ids": bpe.decode(IDS),
            }
    reference = {"texts": TEXTS, "ids": IDS, "models": cases}
    (FOLDER / "reference.json").write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
