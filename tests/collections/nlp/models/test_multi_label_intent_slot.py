"""Several intents at once: trains, sets its threshold, saves."""

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.nlp.models import MultiLabelIntentSlotClassificationModel
from tests.collections.nlp.models.test_intent_slot import QUERIES, RIGHT_SLOTS
from tests.collections.nlp.toy_intents import SENTENCES, config, write_intents
from tests.collections.nlp.toy_training import fit

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
RIGHT = [[1, 0, 1] if number == 0 else [int(index == number) for index in range(3)] for _, number, _ in SENTENCES]


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A model that knows six sentences, two of which have two intents; its trainer and its data."""
    pl.seed_everything(0)
    folder = write_intents(tmp_path_factory.mktemp("intents"), several=True)
    model = MultiLabelIntentSlotClassificationModel(config(folder, class_balancing="weighted_loss"))
    return model, fit(model, 50), folder


def test_finds_all_intents_with_probabilities(learned):
    model, _, _ = learned
    intents, slots, vectors = model.predict_from_examples(QUERIES, {"batch_size": 4})
    assert vectors == RIGHT
    assert slots == RIGHT_SLOTS
    assert {label for label, _ in intents[0]} == {"play", "weather"}
    probabilities = [probability for _, probability in intents[0]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert model.predict_from_examples(QUERIES, threshold=1.1)[2] == [[0, 0, 0]] * 6


def test_validation_counts_each_intent(learned):
    model, trainer, _ = learned
    (metrics,) = trainer.validate(model, verbose=False)
    assert metrics["intent_f1"] == metrics["intent_accuracy"] == metrics["slot_span_f1"] == pytest.approx(100.0)
    logits = torch.tensor([[3.0, 3.0, -3.0], [-3.0, 3.0, -3.0]])
    counts = model._intent_counts(logits, torch.tensor([[1, 0, 1], [0, 1, 0]]))
    assert [counts[f"intent_{kind}"].tolist() for kind in ("tp", "fp", "fn")] == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    assert counts["intent_sentences"].tolist() == [1, 2]


def test_threshold_is_set_for_the_highest_f1_and_kept_in_the_archive(learned, tmp_path):
    model, _, folder = learned
    model.threshold = 0.999999
    assert model.predict_from_examples(QUERIES)[2] != RIGHT
    threshold = model.optimize_threshold({"batch_size": 4}, folder / "dev.tsv")
    assert model.threshold == threshold
    assert model.predict_from_examples(QUERIES)[2] == RIGHT
    model.save_to(str(tmp_path / "several.nemo"))
    restored = MultiLabelIntentSlotClassificationModel.restore_from(str(tmp_path / "several.nemo"))
    assert restored.threshold == pytest.approx(threshold)
    assert restored.predict_from_examples(QUERIES)[2] == RIGHT


def test_rare_intents_count_for_more_in_the_loss(learned):
    model, _, _ = learned
    assert model.intent_loss.pos_weight.tolist() == pytest.approx([4 / 2, 4 / 2, 2 / 4])
