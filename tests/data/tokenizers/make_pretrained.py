"""Writes bpe_bytes/, and pretrained.json: what transformers 5.23 makes of texts, for small BERT, GPT-2 and RoBERTa."""

import json
from pathlib import Path

from tokenizers import AddedToken, ByteLevelBPETokenizer
from transformers import BertTokenizer, GPT2Tokenizer, RobertaTokenizer

HERE = Path(__file__).parent
FOLDER = HERE / "bpe_bytes"
CORPUS = [
    "the cat sat on the mat, the cat's mat",
    "they don't sit 1234 mats",
    "naïve café 中文 ☃☃",
    "  two  spaces\n",
] * 5
TEXTS = [
    "the cat sat",
    "they don't, we'll",
    "  two  spaces ",
    "12 ½ ٣ Ⅷ²x",
    "naïve ☃中文\u3000x",
    "a\n\n b\t\x1fc",
    "_under_score_",
    "the <mask> cat<mask>",
    "<s>the</s><pad>",
    "<|endoftext|>the",
    "[CLS] the [MASK] cat[SEP]",
    "<x>the <x> cat",
    "",
    " ",
    "\u0301e 'S 's",
    "👩\u200d🚀 mats",
]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"]
    trained.train_from_iterator(CORPUS, vocab_size=300, min_frequency=1, special_tokens=special, show_progress=False)
    trained.save_model(str(FOLDER))
    vocab = json.loads((FOLDER / "vocab.json").read_text())
    merges = [tuple(line.split(" ")) for line in (FOLDER / "merges.txt").read_text().splitlines()[1:]]
    gpt2_vocab = {piece: index for index, piece in enumerate(piece for piece in vocab if piece not in special[:5])}
    words = json.loads((HERE / "wordpiece.json").read_text())["vocabulary"]
    mask = AddedToken("<mask>", lstrip=True, special=True)  # as the published roberta-base has it
    kinds = {
        "roberta": RobertaTokenizer(vocab=vocab, merges=merges, mask_token=mask),
        "gpt2": GPT2Tokenizer(vocab=gpt2_vocab, merges=merges),
        "bert": BertTokenizer(vocab={word: index for index, word in enumerate(words)}, do_lower_case=True),
    }
    reference = {"texts": TEXTS}
    for name, tokenizer in kinds.items():
        tokenizer.add_special_tokens({"additional_special_tokens": ["<x>"]})
        ids = [tokenizer(text, add_special_tokens=False).input_ids for text in TEXTS]
        reference[name] = {"tokens": [tokenizer.convert_ids_to_tokens(row) for row in ids], "ids": ids}
    (HERE / "pretrained.json").write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
