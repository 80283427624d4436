"""Labels of words: learns, labels, saves, exports, computes what the original recorded, and says what is wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.models import TokenClassificationModel
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of
from tests.collections.nlp.toy_tagging import NER_LABELS, NER_TEXT, model_sections, ner_config, write_ner
from tests.collections.nlp.toy_text import write
from tests.collections.nlp.toy_training import assert_exported_agrees, learnt

COMPAT = Path(__file__).parents[3] / "data" / "compat"
ARCHIVE = COMPAT / "n123_nlp_token_classification_1"


def marked(text, labels):
    pairs = zip(text.split(), labels.split(), strict=True)
    return " ".join(word if label == "O" else f"{word}[{label}]" for word, label in pairs)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A model that knows the toy sentences by heart, its trainer and its folder."""
    return learnt(TokenClassificationModel, ner_config, tmp_path_factory.mktemp("ner"), 60)


def test_learns_the_sentences(learned):
    model, trainer, _ = learned
    assert model.labels == ["O", "B-LOC", "B-PER", "I-LOC"]
    assert model.add_predictions(NER_TEXT, batch_size=2) == list(map(marked, NER_TEXT, NER_LABELS))
    metrics = trainer.callback_metrics
    assert metrics["entity_f1"] == 100 and metrics["f1"] == 100
    assert metrics["val_loss"] < 0.1


def test_saved_and_restored_it_is_the_same(learned, tmp_path):
    model, _, _ = learned
    model.save_to(str(tmp_path / "ner.nemo"))
    restored = TokenClassificationModel.restore_from(str(tmp_path / "ner.nemo"))
    assert restored.label_ids == model.label_ids
    assert restored.add_predictions(NER_TEXT) == model.add_predictions(NER_TEXT)


def test_long_texts_are_labelled_through_windows(learned):
    model, _, _ = learned
    text = " ".join(NER_TEXT * 5)  # 115 pieces; the encoder has 32 positions
    (result,) = model.add_predictions(text)
    assert result.replace("[", " [").count("[B-PER]") > 20
    assert [word.partition("[")[0] for word in result.split()] == text.split()
    assert model.add_predictions(["", " bob "]) == ["", model.add_predictions("bob")[0]]


def test_evaluation_of_a_file(learned, tmp_path):
    model, _, folder = learned
    text, labels = write_ner(tmp_path, "test")
    model.train()
    model.evaluate_from_file(str(tmp_path / "out"), text, labels, add_confusion_matrix=True, batch_size=2)
    assert model.training  # as it was
    lines = (tmp_path / "out" / "infer_text_test.txt").read_text().splitlines()
    assert lines == list(map(marked, NER_TEXT, NER_LABELS))
    report = (tmp_path / "out" / "report.txt").read_text()
    assert "B-PER (label_id: 2)" in report and "all entities" in report
    assert "B-PER\t0.0000\t0.0000\t1.0000\t0.0000" in (tmp_path / "out" / "confusion_matrix.tsv").read_text()
    write_ner(tmp_path, "wrong", labels=[*NER_LABELS[:-1], "B-PER O O"])
    model.evaluate_from_file(str(tmp_path / "wrong"), text, str(tmp_path / "labels_wrong.txt"), batch_size=2)
    entities = (tmp_path / "wrong" / "report.txt").read_text().splitlines()[-1].split()
    assert entities == ["all", "entities", "88.89", "100.00", "94.12", "8"]
    model.evaluate_from_file(str(tmp_path / "plain"), text)
    assert not (tmp_path / "plain" / "report.txt").exists()


def test_results_go_to_a_file(learned, tmp_path):
    model, _, _ = learned
    results = model.add_predictions(NER_TEXT, output_file=str(tmp_path / "out.txt"))
    assert (tmp_path / "out.txt").read_text().splitlines() == results


@pytest.mark.filterwarnings("ignore")  # of the exporter
def test_exported_it_computes_the_same(learned, tmp_path):
    assert_exported_agrees(learned[0], tmp_path, "logits")


def test_recorded_logits_and_texts():
    model = TokenClassificationModel.restore_from(f"{ARCHIVE}.nemo", map_location="cpu").eval()
    inputs, recorded = arrays_of(f"{ARCHIVE}.in.npz"), arrays_of(f"{ARCHIVE}.out.npz")
    names = ("input_ids", "attention_mask", "token_type_ids")
    with torch.no_grad():
        logits = model.forward(**{name: torch.tensor(inputs[name].astype("int64")) for name in names})
    np.testing.assert_allclose(logits.numpy(), recorded["logits_0"], atol=2e-4)
    sentences = [str(sentence) for sentence in inputs["sentences"]]
    assert model.add_predictions(sentences, batch_size=2) == recorded["predicted"].tolist()


def test_loss_is_the_mean_over_the_positions_that_count(tmp_path):
    cfg = ner_config(tmp_path)
    cfg["dataset"] |= {"ignore_extra_tokens": True, "ignore_start_end": True, "class_balancing": "weighted_loss"}
    model = TokenClassificationModel(cfg).eval()
    batch = next(iter(model.train_dataloader()))
    input_ids, _, input_mask, starts, loss_mask, labels = batch
    assert torch.equal(starts, loss_mask)
    loss = model.validation_step(batch, 0)["loss"].detach()
    with torch.no_grad():
        log_probs = model.forward(input_ids=input_ids, attention_mask=input_mask).log_softmax(dim=-1)
    counts = torch.tensor([" ".join(NER_LABELS).split().count(label) for label in model.labels])
    weights = counts.sum() / (len(counts) * counts)
    chosen = labels[starts]
    own = -log_probs[starts].gather(1, chosen[:, None])[:, 0] * weights[chosen]
    assert float(loss) == pytest.approx(float(own.sum() / weights[chosen].sum()), rel=1e-5)
    model.save_to(str(tmp_path / "weighted.nemo"))
    restored = TokenClassificationModel.restore_from(str(tmp_path / "weighted.nemo"))
    assert torch.allclose(restored.loss.weight, weights.float())


def test_labels_come_from_a_file_where_the_config_has_none(tmp_path):
    cfg = model_sections(tmp_path)
    file = write(tmp_path / "ids.csv", ["O", "B-X", "B-A"])
    model = TokenClassificationModel({**cfg, "class_labels": {"class_labels_file": file}})
    assert model.label_ids == {"O": 0, "B-X": 1, "B-A": 2}
    model.save_to(str(tmp_path / "labels.nemo"))
    Path(file).unlink()
    assert TokenClassificationModel.restore_from(str(tmp_path / "labels.nemo")).labels == ["O", "B-X", "B-A"]


def test_without_any_labels_it_says_what_to_set(tmp_path):
    with pytest.raises(ConfigError, match=r"model\.label_ids is null.*Set model\.label_ids"):
        TokenClassificationModel(model_sections(tmp_path))


def test_unknown_labels_missing_files_and_folders(learned, tmp_path):
    model, _, folder = learned
    write_ner(tmp_path, "bad", labels=[*NER_LABELS[:-1], "B-PER O B-ORG"])
    section = {"ds_item": str(tmp_path), "text_file": "text_bad.txt", "labels_file": "labels_bad.txt"}
    with pytest.raises(TextFileError, match=r"labels_bad\.txt:5 has the label 'B-ORG' for word 3"):
        model.setup_test_data(section)
    with pytest.raises(ConfigError, match=r"model\.test_ds\.labels_file is not set"):
        model.setup_test_data({"text_file": "text_bad.txt"})
    with pytest.raises(ConfigError, match="does not exist"):
        model.update_data_dir(str(tmp_path / "nowhere"))
    model.update_data_dir(str(folder))


def test_sentences_that_are_too_long_lose_their_end_with_a_warning(tmp_path, caplog):
    cfg = ner_config(tmp_path)
    cfg["dataset"]["max_seq_length"] = 5
    model = TokenClassificationModel(cfg)
    assert max(map(len, model.train_dataloader().dataset.samples)) == 5
    assert "5 sentences have more than 5 pieces" in caplog.text
