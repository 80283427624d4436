"""Punctuation and capitals: learns, writes out, saves, exports, computes what the original recorded."""

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.punctuation_capitalization_tar_writer import create_tarred_dataset
from nemo.collections.nlp.data.window_queries import WindowQueries
from nemo.collections.nlp.data.word_windows import WindowShape
from nemo.collections.nlp.models import PunctuationCapitalizationModel
from nemo.collections.nlp.models.punctuation_capitalization_audio import PunctuationCapitalizationLexicalAudioModel
from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from tests.arrays import arrays_of
from tests.collections.nlp.toy_tagging import (
    PUNCT_LABELS,
    PUNCT_TEXT,
    model_sections,
    punctuation_config,
    write_ner,
)
from tests.collections.nlp.toy_text import write
from tests.collections.nlp.toy_training import assert_exported_agrees, learnt

COMPAT = Path(__file__).parents[3] / "data" / "compat"
ARCHIVE = COMPAT / "n123_nlp_punctuation_capitalization_0"
WRITTEN = [
    "Anna sees Bob.",
    "The house in Rome, likes Carl.",
    "In Rome, Bob likes the red house.",
    "Bob likes Carl?",
]
WINDOWS = {"max_seq_length": 12, "step": 4, "margin": 2}


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A model that knows the toy sentences by heart, its trainer and its folder."""
    return learnt(PunctuationCapitalizationModel, punctuation_config, tmp_path_factory.mktemp("punctuation"), 80)


def test_learns_the_sentences(learned):
    model, trainer, _ = learned
    assert model.punct_labels == ["O", ",", ".", "?"]
    assert model.capit_labels == ["O", "U"]
    assert model.add_punctuation_capitalization(PUNCT_TEXT, batch_size=2, max_seq_length=32, margin=4) == WRITTEN
    labels = model.add_punctuation_capitalization(PUNCT_TEXT, max_seq_length=32, margin=4, return_labels=True)
    assert labels == PUNCT_LABELS
    assert trainer.callback_metrics["val_punct_f1"] == 100
    assert trainer.callback_metrics["val_capit_f1"] == 100


def test_saved_and_restored_it_is_the_same(learned, tmp_path):
    model, _, _ = learned
    model.save_to(str(tmp_path / "p.nemo"))
    restored = PunctuationCapitalizationModel.restore_from(str(tmp_path / "p.nemo"))
    assert restored.punct_labels == model.punct_labels
    texts = [" ".join(PUNCT_TEXT * 3), *PUNCT_TEXT]
    wanted = model.add_punctuation_capitalization(texts, **WINDOWS)
    assert restored.add_punctuation_capitalization(texts, batch_size=1, **WINDOWS) == wanted
    assert len(wanted[0].split()) == len(texts[0].split())


def test_a_word_in_several_windows_gets_the_product_of_their_probabilities(learned):
    model, _, _ = learned
    model.eval()
    words = (" ".join(PUNCT_TEXT * 2)).split()
    shape = WindowShape(**WINDOWS)
    dataset = WindowQueries([words], model.tokenizer, shape)
    assert len(dataset) > 5
    products = np.ones((len(words), 4))
    for _, window in dataset.windows:
        ids = torch.tensor([[model.tokenizer.cls_id, *window.ids, model.tokenizer.sep_id]])
        with torch.no_grad():
            punct, _ = model.forward(input_ids=ids, attention_mask=torch.ones_like(ids))
        for word, place in zip(window.words, window.places, strict=True):
            products[word] *= punct[0, 1 + place].softmax(dim=-1).numpy()
    (line,) = model.add_punctuation_capitalization([" ".join(words)], return_labels=True, **WINDOWS)
    assert [pair[0] for pair in line.split()] == [model.punct_labels[best] for best in products.argmax(axis=1)]


def test_windows_do_not_change_a_text_that_fits_into_one(learned):
    model, _, _ = learned
    wide = model.add_punctuation_capitalization(PUNCT_TEXT, max_seq_length=32, step=10, margin=4)
    assert model.add_punctuation_capitalization(PUNCT_TEXT, max_seq_length=20, step=1, margin=3) == wide
    assert model.add_punctuation_capitalization([]) == []
    assert model.add_punctuation_capitalization([""], max_seq_length=20, margin=3) == [""]


@pytest.mark.filterwarnings("ignore")  # of the exporter
def test_exported_it_computes_the_same(learned, tmp_path):
    assert_exported_agrees(learned[0], tmp_path, "punct_logits", "capit_logits")


def test_recorded_logits_and_texts():
    model = PunctuationCapitalizationModel.restore_from(f"{ARCHIVE}.nemo", map_location="cpu").eval()
    inputs, recorded = arrays_of(f"{ARCHIVE}.in.npz"), arrays_of(f"{ARCHIVE}.out.npz")
    names = ("input_ids", "attention_mask", "token_type_ids")
    with torch.no_grad():
        logits = model.forward(**{name: torch.tensor(inputs[name].astype("int64")) for name in names})
    for number, scores in enumerate(logits):
        np.testing.assert_allclose(scores.numpy(), recorded[f"logits_{number}"], atol=2e-4)
    texts = [str(sentence) for sentence in inputs["sentences"]]
    found = model.add_punctuation_capitalization(texts, batch_size=2, max_seq_length=32, step=4, margin=4)
    assert found == recorded["predicted"].tolist()


def test_tar_files_give_the_validation_loss_of_the_plain_set(learned, tmp_path):
    model, _, folder = learned
    metadata = create_tarred_dataset(
        folder / "text_train.txt",
        folder / "labels_train.txt",
        tmp_path,
        max_seq_length=32,
        tokens_in_batch=100,
        lines_per_dataset_fragment=100,
        num_batches_per_tarfile=1,
        tokenizer_name="bert-base-uncased",
        vocab_file=folder / "vocab.txt",
    )
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    found = []
    for section in (
        model.cfg.validation_ds,
        {"use_tarred_dataset": True, "ds_item": str(tmp_path), "tar_metadata_file": metadata.name},
    ):
        model.setup_multiple_test_data(section)
        found.append(trainer.test(model, verbose=False)[0])
    assert found[0] == pytest.approx(found[1])
    wrong = PunctuationCapitalizationModel(
        {
            **model_sections(tmp_path),
            "common_dataset_parameters": {"punct_label_ids": {"O": 0, ".": 1}, "capit_label_ids": {"O": 0, "U": 1}},
        }
    )
    with pytest.raises(ConfigError, match="punctuation labels"):
        wrong.setup_test_data({"use_tarred_dataset": True, "tar_metadata_file": str(metadata)})


def test_several_validation_sets_have_metrics_of_their_own(learned, tmp_path):
    model, _, folder = learned
    write_ner(tmp_path, text=PUNCT_TEXT[:1], labels=["OO OO OO"])
    section = OmegaConf.merge(model.cfg.validation_ds, {"ds_item": [str(folder), str(tmp_path)]})
    model.setup_multiple_test_data(section)
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.test(model, verbose=False)
    metrics = trainer.callback_metrics
    names = [name for name in metrics if name.endswith("test_punct_f1")]
    assert len(names) == 3
    assert metrics["test_punct_f1"] == 100 and min(metrics[name] for name in names) < 100


def test_configs_of_old_releases_are_taken(tmp_path):
    write_ner(tmp_path, text=PUNCT_TEXT, labels=PUNCT_LABELS)
    files = {"text_file": "text_train.txt", "labels_file": "labels_train.txt", "batch_size": 2}
    model = PunctuationCapitalizationModel(
        {
            **model_sections(tmp_path),
            "dataset": {"data_dir": str(tmp_path), "max_seq_length": 16, "ignore_start_end": False, "num_workers": 0},
            "punct_label_ids": {"O": 0, ".": 1, "?": 2, ",": 3},
            "capit_label_ids": None,
            "train_ds": files,
        }
    )
    assert model.punct_labels == ["O", ".", "?", ","]
    assert model.cfg.common_dataset_parameters.ignore_start_end is False
    batches = list(model.train_dataloader())
    assert sum(len(batch["input_ids"]) for batch in batches) == len(PUNCT_TEXT)
    assert all(batch["input_ids"].numel() <= 32 for batch in batches)


def test_labels_come_from_files(tmp_path):
    write(tmp_path / "punct_label_ids.csv", ["O", "."])
    write(tmp_path / "capit_label_ids.csv", ["O", "U"])
    common = {"label_vocab_dir": str(tmp_path)}
    model = PunctuationCapitalizationModel({**model_sections(tmp_path), "common_dataset_parameters": common})
    assert model.punct_labels == ["O", "."]
    with pytest.raises(ConfigError, match="Set the label ids"):
        PunctuationCapitalizationModel(model_sections(tmp_path))


def test_bad_data_and_bad_windows(learned, tmp_path):
    model, _, folder = learned
    write_ner(tmp_path, "bad", text=PUNCT_TEXT, labels=[*PUNCT_LABELS[:-1], "OU O !U"])
    section = {"ds_item": str(tmp_path), "text_file": "text_bad.txt", "labels_file": "labels_bad.txt"}
    with pytest.raises(TextFileError, match=r"labels_bad\.txt:4 has the label 'O' for word 2"):
        model.setup_test_data(section)
    write_ner(tmp_path, "bad", text=PUNCT_TEXT, labels=[*PUNCT_LABELS[:-1], "OU OO !U"])
    with pytest.raises(TextFileError, match=r"labels_bad\.txt:4 has the label '!' for word 3"):
        model.setup_test_data(section)
    with pytest.raises(ConfigError, match=r"model\.test_ds\.text_file is not set"):
        model.setup_test_data({"labels_file": "x"})
    with pytest.raises(ConfigError, match="max_seq_length is 64, and the encoder has 32 positions"):
        model.add_punctuation_capitalization(["bob " * 40])
    with pytest.raises(ConfigError, match="batch_size is 0"):
        model.add_punctuation_capitalization(["a"], batch_size=0, max_seq_length=32, margin=4)
    with pytest.raises(NotYetSupportedError, match="speech encoder"):
        PunctuationCapitalizationLexicalAudioModel({})
    with pytest.raises(NotYetSupportedError, match="use_audio"):
        model.setup_test_data({"use_audio": True})
