import copy
import tarfile

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.models import TextClassificationModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import tiny_classifier as tiny


@pytest.fixture
def model(tmp_path):
    return TextClassificationModel(tiny.config(tmp_path, with_data=False))


def quiet_trainer(**more):
    return pl.Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=0, **more,
    )  # fmt: skip


def test_training_learns_the_texts_and_the_test_counts_them(tmp_path):
    trainer = quiet_trainer(max_epochs=40, check_val_every_n_epoch=40)
    model = TextClassificationModel(tiny.config(tmp_path), trainer)
    trainer.fit(model)
    (results,) = trainer.test(model, verbose=False)
    assert results["test_accuracy"] == 1.0
    assert results["f1"] == results["precision"] == results["recall"] == 100.0
    assert model.classifytext(tiny.TEXTS, batch_size=4) == tiny.LABELS
    assert trainer.callback_metrics["test_loss"] < 0.5


def test_the_loss_of_a_set_is_that_of_its_logits(tmp_path):
    trainer = quiet_trainer(max_epochs=1)
    model = TextClassificationModel(tiny.config(tmp_path), trainer)
    (results,) = trainer.test(model, verbose=False)
    batch = model._test_dl.collate_fn([model._test_dl.dataset[index] for index in range(6)])
    with torch.no_grad():
        logits = model.eval().forward(input_ids=batch[0], token_type_ids=batch[1], attention_mask=batch[2])
    expected = torch.nn.functional.cross_entropy(logits, batch[3])
    assert results["test_loss"] == pytest.approx(float(expected), rel=1e-5)
    assert results["test_accuracy"] == pytest.approx(float((logits.argmax(-1) == batch[3]).float().mean()))


def test_batches_order_and_mode_change_no_class(model):
    queries = [*tiny.TEXTS, "", "jazz " * 40]
    model.train()
    one_by_one = model.classifytext(queries)
    assert one_by_one == model.classifytext(queries, batch_size=3)
    assert one_by_one[::-1] == model.classifytext(queries[::-1], batch_size=5)
    assert model.training is model.bert_model.training is True
    assert model.classifytext([]) == []


def test_long_texts_are_cut_with_a_warning(model, caplog):
    model.classifytext(["jazz " * 40, "play"], batch_size=2)
    assert "1 of 2 texts have more than 32 tokens and were cut" in caplog.text


def test_a_string_is_no_list_of_queries(model):
    with pytest.raises(ConfigError, match="Expected a list of texts"):
        model.classifytext("play some jazz")


def test_the_archive_is_all_that_another_machine_needs(tmp_path):
    cfg = tiny.config(tmp_path)
    (tmp_path / "labels.csv").write_text("music\nweather\ntable\n")
    cfg.class_labels = {"class_labels_file": str(tmp_path / "labels.csv")}
    model = TextClassificationModel(cfg)
    expected = model.classifytext(tiny.TEXTS)
    path = tmp_path / "away" / "model.nemo"
    model.save_to(str(path))
    with tarfile.open(path) as archive:
        endings = sorted(name.split("_", 1)[-1] for name in archive.getnames() if name not in ("", "."))
    assert endings == ["_encoder_config.json", "config.yaml", "labels.csv", "vocab.txt", "weights.ckpt"]
    for name in ("vocab.txt", "labels.csv", "texts.tsv"):
        (tmp_path / name).unlink()
    restored = TextClassificationModel.restore_from(str(path))
    assert restored.classifytext(tiny.TEXTS) == expected
    assert restored.labels == ["music", "weather", "table"]
    restored.save_to(str(tmp_path / "twice.nemo"))
    again = TextClassificationModel.restore_from(str(tmp_path / "twice.nemo"))
    assert again.classifytext(tiny.TEXTS) == expected


def test_weights_of_classes_count_in_the_loss_and_travel(tmp_path):
    cfg = tiny.config(tmp_path, class_balancing="weighted_loss")
    cfg.train_ds.file_path = tiny.texts(tmp_path, "rare.tsv", ["play\t0", "play jazz\t0", "play rock\t0", "book\t1"])
    model = TextClassificationModel(cfg)
    torch.testing.assert_close(model.loss.weight, torch.tensor([4 / 6, 2.0, 1.0]))
    model.save_to(str(tmp_path / "model.nemo"))
    restored = TextClassificationModel.restore_from(str(tmp_path / "model.nemo"))
    assert torch.equal(restored.loss.weight, model.loss.weight)
    with pytest.raises(ConfigError, match="class_balancing is 'some'"):
        TextClassificationModel(tiny.config(tmp_path, class_balancing="some"))


def test_a_copy_has_its_own_weights(model):
    twin = copy.deepcopy(model).eval()
    expected = model.classifytext(tiny.TEXTS)
    with torch.no_grad():
        for weight in twin.parameters():
            weight.zero_()
    assert model.classifytext(tiny.TEXTS) == expected


def test_the_exported_file_takes_any_batch_and_length(model, tmp_path):
    import onnxruntime

    model.export(str(tmp_path / "model.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    assert [port.name for port in session.get_inputs()] == ["input_ids", "attention_mask", "token_type_ids"]
    model.eval()
    for batch, length in ((1, 3), (4, 17)):
        ids = torch.randint(5, len(tiny.VOCABULARY), (batch, length))
        mask = (torch.arange(length) < torch.arange(2, 2 + batch)[:, None]).long()
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
        with torch.no_grad():
            expected = model.forward(**inputs).numpy()
        (found,) = session.run(["logits"], {name: value.numpy() for name, value in inputs.items()})
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dataset.num_classes", None, "num_classes is not set"),
        ("dataset.num_classes", 0, "num_classes is 0"),
        ("tokenizer.vocab_file", "nowhere.txt", "tokenizer.vocab_file is nowhere.txt, which does not exist"),
        ("train_ds.batch_size", 0, "model.train_ds.batch_size is 0"),
        ("language_model.config.hidden_size", 15, "describes no encoder"),
    ],
)
def test_a_config_that_cannot_be_is_explained(tmp_path, key, value, message):
    cfg = tiny.config(tmp_path)
    OmegaConf.update(cfg, key, value)
    with pytest.raises(ConfigError, match=message):
        TextClassificationModel(cfg)


def test_labels_must_be_as_many_as_classes(tmp_path):
    cfg = tiny.config(tmp_path, with_data=False)
    (tmp_path / "labels.csv").write_text("music\nweather\n")
    cfg.class_labels = {"class_labels_file": str(tmp_path / "labels.csv")}
    with pytest.raises(ConfigError, match="num_classes is 3, but .*labels.csv names 2 classes"):
        TextClassificationModel(cfg)
    cfg.dataset.num_classes = None
    assert TextClassificationModel(cfg).num_classes == 2


def test_a_faulty_line_stops_the_model_with_its_place(tmp_path):
    cfg = tiny.config(tmp_path)
    cfg.validation_ds = {**cfg.validation_ds, "file_path": tiny.texts(tmp_path, "bad.tsv", ["play\t0", "book\t7"])}
    with pytest.raises(TextFileError, match=r"bad.tsv:2 has the label 7.*num_classes is 3"):
        TextClassificationModel(cfg)


def test_texts_beyond_the_positions_are_explained(tmp_path):
    cfg = tiny.config(tmp_path, max_seq_length=64)
    cfg.train_ds = {**cfg.train_ds, "file_path": tiny.texts(tmp_path, "long.tsv", ["jazz " * 50 + "\t0"])}
    trainer = quiet_trainer(max_epochs=1)
    with pytest.raises(ValueError, match="got texts of 52 tokens; it has 32 positions"):
        trainer.fit(TextClassificationModel(cfg, trainer))
