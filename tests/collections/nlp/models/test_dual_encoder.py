"""Retrieval of passages."""

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.retrieval import read_relevances, read_texts
from nemo.collections.nlp.metrics.reciprocal_rank import reciprocal_ranks
from nemo.collections.nlp.models import BertDPRModel, BertJointIRModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_text import WORDS, bert_sections, write

PASSAGES = [f"the {word} and the {word} in sun" for word in WORDS[2:10]]


def files(folder):
    """Queries of one word; the right passage has it."""
    count = len(PASSAGES)
    write(folder / "p.tsv", [f"p{number}\t{text}" for number, text in enumerate(PASSAGES)])
    write(folder / "q.tsv", [f"q{number}\t{WORDS[number + 2]}" for number in range(count)])
    rows = [[f"q{n}", *(f"p{(n + step) % count}" for step in range(4))] for n in range(count)]
    write(folder / "qp.tsv", ["\t".join(row) for row in rows])
    return {"passages": str(folder / "p.tsv"), "queries": str(folder / "q.tsv"),
            "query_to_passages": str(folder / "qp.tsv")}  # fmt: skip


def config(folder, **more):
    sections = bert_sections(folder, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    data = {**files(folder), "num_negatives": 2, "batch_size": 4}
    return {**sections, "train_ds": {**data, "shuffle": True}, "validation_ds": {**data, "num_candidates": 4}, **more}


def trainer(**more):
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return pl.Trainer(accelerator="cpu", enable_model_summary=False, **options, **more)


@pytest.mark.parametrize("kind", [BertDPRModel, BertJointIRModel])
def test_model_learns_which_passage_answers(kind, tmp_path):
    optim = {"name": "adamw", "lr": 0.01, "weight_decay": 0.0}
    runner = trainer(max_epochs=25)
    model = kind(config(tmp_path, optim=optim), runner)
    before = trainer().validate(model, verbose=False)[0]
    runner.fit(model)
    after = trainer().validate(model, verbose=False)[0]
    assert after["val_loss"] < 0.9 * before["val_loss"]
    assert 0 < after["val_mrr"] <= 1
    model.save_to(str(tmp_path / "model.nemo"))
    restored = kind.restore_from(str(tmp_path / "model.nemo"))
    if kind is BertDPRModel:
        assert torch.equal(restored.encode(PASSAGES), model.encode(PASSAGES))
    else:
        assert restored.rank("cat", PASSAGES) == model.rank("cat", PASSAGES)


def test_scores_of_a_batch_are_products_with_all_right_and_the_own_wrong_passages(tmp_path):
    model = BertDPRModel(config(tmp_path)).eval()
    batch = next(iter(model._train_dl))
    with torch.no_grad():
        scores = model._scores(batch)
        queries = model.q_encoder(input_ids=batch[0], attention_mask=batch[1], token_type_ids=batch[2])[:, 0]
        for row in range(4):
            own = model.p_encoder(input_ids=batch[3][row], attention_mask=batch[4][row])[:, 0]
            assert scores[row, row] == pytest.approx(float(queries[row] @ own[0]), abs=1e-4)
            assert torch.allclose(scores[row, 4:], own[1:] @ queries[row], atol=1e-4)
    assert torch.equal(model._right(scores), torch.arange(4))


def test_embedding_in_batches_is_that_one_by_one_and_retrieval_is_brute_force(tmp_path):
    model = BertDPRModel(config(tmp_path))
    model.train()
    texts = [*PASSAGES, "sun", "the cat sat on the mat " * 10]
    together = model.encode(texts, batch_size=3)
    assert model.training
    assert torch.allclose(together, torch.cat([model.encode([text]) for text in texts]), atol=1e-5)
    products, numbers = model.retrieve(["cat", "dog sat"], together, k=4)
    expected = (model.encode(["cat", "dog sat"], of_queries=True) @ together.T).sort(dim=1, descending=True)
    assert torch.equal(numbers, expected.indices[:, :4])
    assert torch.allclose(products, expected.values[:, :4])
    assert model.retrieve(["cat"], texts, k=99)[1].shape == (1, len(texts))
    with pytest.raises(ConfigError, match="Expected a list of texts"):
        model.encode("one text")


def test_table_of_tokens_is_a_multiple_of_8_long(tmp_path):
    model = BertDPRModel(config(tmp_path))
    assert model.q_encoder.embeddings.word_embeddings.weight.shape[0] == 24
    assert not any(name.startswith("bert_model") for name in model.state_dict())


def test_ranks_are_those_of_counting():
    scores = torch.tensor([[3.0, 1.0, 2.0], [1.0, 5.0, 0.0], [1.0, 1.0, 0.0]])
    found = reciprocal_ranks(scores, torch.tensor([2, 1, 0]))
    assert found.tolist() == pytest.approx([0.5, 1.0, 0.5])  # a tie counts against the right one
    assert reciprocal_ranks(scores, torch.tensor([2, 1, 0]), cutoff=1).tolist() == [0, 1, 0]


def test_faulty_files_name_the_line(tmp_path):
    paths = files(tmp_path)
    write(tmp_path / "twice.tsv", ["p1\tone", "p2\ttwo", "p1\tthree"])
    write(tmp_path / "bare.tsv", ["p1\tone", "p2"])
    with pytest.raises(TextFileError, match=r"twice.tsv:3 has the id 'p1', which line 1 has"):
        read_texts(str(tmp_path / "twice.tsv"))
    with pytest.raises(TextFileError, match=r"bare.tsv:2 is 'p2'"):
        read_texts(str(tmp_path / "bare.tsv"))
    passages, queries = read_texts(paths["passages"]), read_texts(paths["queries"])
    with pytest.raises(TextFileError, match=r"qp.tsv:1 has 5 ids"):
        read_relevances(paths["query_to_passages"], queries, passages, 9)
    write(tmp_path / "unknown.tsv", ["q1\tp1\tp2", "q1\tp99\tp2"])
    with pytest.raises(TextFileError, match=r"unknown.tsv:2 names 'p99', which is not among the passages"):
        read_relevances(str(tmp_path / "unknown.tsv"), queries, passages, 1)
