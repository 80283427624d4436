"""A training step of text classification against a bare loop of transformers, and against the original's.

Both compute embeddings, encoder, head, cross entropy, backward and Adam on the same tokens; the bare loop has the same
BertModel and head in plain PyTorch. Shapes: small (4 layers of 256, batch 16 x 64, for which the original's figure is
known) and base (12 layers of 768, BERT-base, batch 4 x 64). Run: ``python -m benchmarks.bert_step``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, BertConfig

from benchmarks.measure import compare, emit_ratio
from nemo.collections.nlp.models.text_classifier import TextClassificationModel

LIMIT = 1.05
LIMIT_OF_ORIGINAL = 0.9
ORIGINAL_SECONDS = 0.17266
"""Of the small shape: release 1.23.0 of the original on 2 cores with 2 threads."""
CLASSES = 4
SHAPES = {
    # name: (sizes of the encoder, texts, tokens of each, repetitions)
    "small": (dict(vocab_size=1000, hidden_size=256, num_hidden_layers=4, num_attention_heads=4,
                   intermediate_size=1024, max_position_embeddings=128), 16, 64, 10),
    "base": (dict(vocab_size=30522, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
                  intermediate_size=3072, max_position_embeddings=512), 4, 64, 3),
}  # fmt: skip


class BareClassifier(nn.Module):
    """The network as a script without a toolkit has it."""

    def __init__(self, sizes: dict[str, Any]) -> None:
        super().__init__()
        self.bert = AutoModel.from_config(BertConfig(**sizes))
        width = sizes["hidden_size"]
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, CLASSES))

    def forward(self, input_ids: Tensor, token_type_ids: Tensor, attention_mask: Tensor) -> Tensor:  # noqa: D102
        states = self.bert(input_ids, token_type_ids=token_type_ids, attention_mask=attention_mask).last_hidden_state
        return self.head(states[:, 0])


def our_model(sizes: dict[str, Any], folder: Path) -> TextClassificationModel:
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word"]) + "\n")
    return TextClassificationModel({
        "tokenizer": {"tokenizer_name": "bert-base-uncased", "vocab_file": str(vocabulary)},
        "language_model": {"pretrained_model_name": "bert-base-uncased", "config": sizes},
        "dataset": {"num_classes": CLASSES},
    })  # fmt: skip


def steps(sizes: dict[str, Any], texts: int, tokens: int, folder: Path) -> dict[str, Any]:
    """One training step of each, as functions without arguments."""
    ids = torch.randint(5, sizes["vocab_size"], (texts, tokens))
    batch = {"input_ids": ids, "token_type_ids": torch.zeros_like(ids), "attention_mask": torch.ones_like(ids)}
    labels = torch.randint(0, CLASSES, (texts,))

    def step_of(model: nn.Module, loss_of: Any) -> Any:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)

        def step() -> None:
            optimizer.zero_grad()
            loss_of(model).backward()
            optimizer.step()

        return step

    bare = BareClassifier(sizes).train()
    ours = our_model(sizes, folder).train()
    return {
        "ours": step_of(ours, lambda model: model.loss(logits=model.forward(**batch), labels=labels)),
        "bare": step_of(bare, lambda model: nn.functional.cross_entropy(model(**batch), labels)),
    }


def main() -> None:
    for name, (sizes, texts, tokens, repetitions) in SHAPES.items():
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            timings = compare(steps(sizes, texts, tokens, Path(folder)), repetitions)
        shape = f"{sizes['num_hidden_layers']} x {sizes['hidden_size']}, {texts} x {tokens} tokens"
        more = {}
        if name == "small":
            more = {"of_original": timings["ours"].median / ORIGINAL_SECONDS, "limit_of_original": LIMIT_OF_ORIGINAL}
        emit_ratio(f"bert_step_{name}", timings["ours"], timings["bare"], LIMIT, shape=shape, **more)


if __name__ == "__main__":
    main()
