"""Names of concepts as vectors."""

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.common.data.resumable_loader import SeededIndex
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.wordpiece_tokenizer import WordPieceTokenizer
from nemo.collections.nlp.data.entity_names import EntityLinkingDataset
from nemo.collections.nlp.models import EntityLinkingModel
from tests.collections.nlp.toy_text import WORDS, bert_sections, write

LINES = [f"C{number % 6}\t{word} {WORDS[(number * 5) % 15]}" for number, word in enumerate([*WORDS, *WORDS[::-1]])]


def test_names_of_one_concept_come_close_together(tmp_path):
    data = {"data_file": write(tmp_path / "names.tsv", LINES), "batch_size": 6}
    cfg = {**bert_sections(tmp_path), "max_seq_length": 8, "train_ds": {**data, "shuffle": True}}
    cfg |= {"validation_ds": data, "optim": {"name": "adamw", "lr": 0.005}}
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    runner = pl.Trainer(accelerator="cpu", max_epochs=40, enable_model_summary=False, **options)
    model = EntityLinkingModel(cfg, runner)
    before = runner.validate(model, verbose=False)[0]
    runner.fit(model)
    after = runner.validate(model, verbose=False)[0]
    assert after["val_loss"] < before["val_loss"]
    assert after["val_accuracy"] > before["val_accuracy"]
    names = [line.split("\t")[1] for line in LINES]
    vectors = model.encode(names, batch_size=4)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(len(names)), atol=1e-5)
    assert torch.allclose(vectors, torch.cat([model.encode([name]) for name in names]), atol=1e-5)
    model.save_to(str(tmp_path / "el.nemo"))
    restored = EntityLinkingModel.restore_from(str(tmp_path / "el.nemo"))
    assert torch.equal(restored.encode(names, batch_size=4), vectors)


def test_pairs_are_those_of_a_line_or_drawn_from_a_concept(tmp_path):
    bert_sections(tmp_path)
    tokenizer = WordPieceTokenizer(tmp_path / "vocab.txt", do_lower_case=True)
    path = write(tmp_path / "names.tsv", ["7\tcat\tdog", "8\tsun", "9\tmat", "9\thome", "9\tthe mat"])
    pairs = EntityLinkingDataset(tokenizer, path)
    assert len(pairs) == 2
    assert pairs[0] == (0, ("cat", "dog"))
    drawn = {tuple(pairs[SeededIndex(1, seed)][1]) for seed in range(40)}
    assert len(drawn) == 6
    batch = pairs.collate_fn([pairs[0], pairs[1]])
    assert batch.concept_ids.tolist() == [0, 0, 2, 2]
    index = EntityLinkingDataset(tokenizer, path, is_index_data=True)
    assert [pairs.concepts[index[number][0]] for number in range(len(index))] == ["7", "7", "8", "9", "9", "9"]


def test_faulty_lines_are_named(tmp_path):
    bert_sections(tmp_path)
    tokenizer = WordPieceTokenizer(tmp_path / "vocab.txt", do_lower_case=True)
    with pytest.raises(TextFileError, match=r"bad.tsv:2 is 'C1'"):
        EntityLinkingDataset(tokenizer, write(tmp_path / "bad.tsv", ["C1\tcat", "C1"]))
    with pytest.raises(TextFileError, match="no concept with two names"):
        EntityLinkingDataset(tokenizer, write(tmp_path / "one.tsv", ["C1\tcat", "C2\tdog"]))
