"""Classes named at the time: scores by the definition, order of results, training on files as MNLI has them."""

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.models import ZeroShotIntentModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_intents import SPECIAL
from tests.collections.nlp.toy_intents import config as intent_config

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
WORDS = "play wake is cold me at seven red this example music alarm weather".split()
PAIRS = (("play red", "music"), ("wake me at seven", "alarm"), ("is cold", "weather"))
LABELS = ("music", "alarm", "weather")


def write_mnli(folder):
    """Each text entails its own class and contradicts the next; returns the folder."""
    rows = []
    for number, (text, label) in enumerate(PAIRS):
        rows.append((text, f"this example is {label}", "entailment"))
        rows.extend((text, f"this example is {LABELS[(number + other) % 3]}", "contradiction") for other in (1, 2))
    lines = ["\t".join(["x"] * 8 + [text, hypothesis, label]) for text, hypothesis, label in rows]
    (folder / "train.tsv").write_text("".join(f"{line}\n" for line in ["header", *lines]))
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in [*SPECIAL, *WORDS]))
    return folder


def config(folder):
    cfg = intent_config(folder)
    for key in ("data_dir", "head"):
        cfg.pop(key)
    section = {"ds_item": "train.tsv", "batch_size": 9}
    cfg.update(train_ds=section, validation_ds=section, dataset={"data_dir": str(folder), "max_seq_length": 16})
    cfg["language_model"]["config"]["num_hidden_layers"] = 2
    cfg["optim"]["lr"] = 0.005
    cfg["classifier_head"] = {"num_output_layers": 1, "fc_dropout": 0.0}
    return cfg


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A model that has learnt nine pairs by heart."""
    pl.seed_everything(0)
    model = ZeroShotIntentModel(config(write_mnli(tmp_path_factory.mktemp("mnli"))))
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=110,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model)
    assert float(trainer.callback_metrics["val_accuracy"]) == 1.0
    return model


@pytest.mark.parametrize("multi_label", [True, False])
def test_class_of_each_text_comes_first(learned, multi_label):
    texts = [text for text, _ in PAIRS]
    results = learned.predict(texts, LABELS, batch_size=4, multi_label=multi_label)
    for (text, label), result in zip(PAIRS, results, strict=True):
        assert result["sentence"] == text
        assert result["labels"][0] == label
        assert sorted(result["labels"]) == sorted(LABELS)
        assert result["scores"] == sorted(result["scores"], reverse=True)
        if not multi_label:
            assert sum(result["scores"]) == pytest.approx(1)


def test_scores_are_probabilities_of_entailment(learned):
    (result,) = learned.predict("play red", "music, alarm")
    for label, score in zip(result["labels"], result["scores"], strict=True):
        ids = learned.tokenizer.tokens_to_ids(f"[CLS] play red [SEP] this example is {label} [SEP]".split())
        types = [0] * 4 + [1] * (len(ids) - 4)
        with torch.no_grad():
            logits = learned.eval().forward(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([types]))
        assert score == pytest.approx(float(logits[0, :2].softmax(0)[1]), abs=1e-5)
    (other,) = learned.predict("play red", ["music"], entailment_idx=0, contradiction_idx=1)
    music = result["scores"][result["labels"].index("music")]
    assert other["scores"] == [pytest.approx(1 - music, abs=1e-5)]


def test_batches_do_not_change_scores(learned):
    texts = ["is cold", "wake me at seven", "play"]
    one = learned.predict(texts, LABELS)
    many = learned.predict(texts, LABELS, batch_size=9)
    for first, second in zip(one, many, strict=True):
        assert first["labels"] == second["labels"]
        assert first["scores"] == pytest.approx(second["scores"], abs=1e-5)


def test_archive_restores_the_same(learned, tmp_path):
    learned.save_to(str(tmp_path / "zero.nemo"))
    restored = ZeroShotIntentModel.restore_from(str(tmp_path / "zero.nemo"))
    assert restored.predict("is cold", LABELS) == learned.predict("is cold", LABELS)


def test_what_cannot_be_asked_is_named(learned):
    with pytest.raises(ConfigError, match="0 candidate_labels"):
        learned.predict("play", " , ")
    with pytest.raises(ConfigError, match="hypothesis_template is 'This is it'"):
        learned.predict("play", "music", hypothesis_template="This is it")
    with pytest.raises(ConfigError, match="batch_size is 0"):
        learned.predict("play", "music", batch_size=0)


def test_line_without_a_known_label_is_named(tmp_path):
    folder = write_mnli(tmp_path)
    (folder / "train.tsv").write_text((folder / "train.tsv").read_text().replace("entailment", "yes", 1))
    with pytest.raises(TextFileError, match=r"train\.tsv:2 has the label 'yes'"):
        ZeroShotIntentModel(config(folder))
