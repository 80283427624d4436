"""Intents and slots: trains, finds what it learnt, saves, exports, takes other data, and says what is wrong."""

import pytest
import pytorch_lightning as pl
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.models import IntentSlotClassificationModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_intents import INTENTS, SENTENCES, SLOTS, config, write_intents
from tests.collections.nlp.toy_training import assert_exported_agrees, fit

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
QUERIES = [text for text, _, _ in SENTENCES]
RIGHT_INTENTS = [INTENTS[number] for _, number, _ in SENTENCES]
RIGHT_SLOTS = [" ".join(SLOTS[int(number)] for number in slots.split()) for _, _, slots in SENTENCES]


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A model that knows six sentences, and its trainer."""
    pl.seed_everything(0)
    model = IntentSlotClassificationModel(config(write_intents(tmp_path_factory.mktemp("intents"))))
    return model, fit(model, 40)


def test_finds_what_it_learnt(learned):
    model, _ = learned
    assert model.predict_from_examples(QUERIES, {"batch_size": 4}) == (RIGHT_INTENTS, RIGHT_SLOTS)
    (result,) = model.find(["play blue by red green"])
    assert [(span.slot, span.text) for span in result.spans] == [("song", "blue"), ("artist", "red green")]


def test_validation_counts_intents_words_and_whole_slots(learned):
    model, trainer = learned
    (metrics,) = trainer.validate(model, verbose=False)
    for name in ("intent_accuracy", "intent_f1", "slot_f1", "slot_span_f1", "slot_span_precision"):
        assert metrics[name] == pytest.approx(100.0), name
    assert metrics["val_loss"] < 0.1


def test_metrics_are_those_of_counting_by_hand(learned):
    model, _ = learned
    slots = torch.tensor([[0, 0, 1, 0, 2, 3, 0]])
    given = torch.tensor([[0, 0, 1, 0, 2, 0, 0]])
    starts = torch.tensor([[False, True, True, True, True, True, False]])
    assert model._span_totals(given, slots, starts) == (1, 2, 2)  # the artist is cut short
    counts = model._intent_counts(torch.tensor([[2.0, 1, 0], [2.0, 1, 0]]), torch.tensor([0, 1]))
    assert counts["intent_tp"].tolist() == [1, 0, 0]
    assert counts["intent_fp"].tolist() == [1, 0, 0]
    assert counts["intent_fn"].tolist() == [0, 1, 0]
    assert counts["intent_sentences"].tolist() == [1, 2]


def test_batches_and_order_do_not_change_results_and_the_mode_stays(learned):
    model, _ = learned
    model.train()
    queries = [QUERIES[0], "", "wake", QUERIES[3]]
    together = model.find(queries, batch_size=4)
    assert model.training
    for query, result in zip(queries, together, strict=True):
        (alone,) = model.find([query])
        assert alone.slots == result.slots
        assert torch.allclose(alone.intent_logits, result.intent_logits, atol=1e-5)
    assert together[1].slots == [] == together[1].spans


def test_words_beyond_the_longest_sentence_have_no_slot(learned):
    model, _ = learned
    (result,) = model.find(["red " * 30])
    assert len(result.slots) == 30
    assert set(result.slots[10:]) == {"O"}


def test_queries_are_a_list(learned):
    with pytest.raises(ConfigError, match="queries is the string 'play sun'"):
        learned[0].find("play sun")


def test_archive_needs_no_data_and_finds_the_same(learned, tmp_path):
    model, _ = learned
    model.save_to(str(tmp_path / "intents.nemo"))
    restored = IntentSlotClassificationModel.restore_from(str(tmp_path / "intents.nemo"))
    assert restored.predict_from_examples(QUERIES) == (RIGHT_INTENTS, RIGHT_SLOTS)
    assert restored.cfg.target == (
        "nemo.collections.nlp.models.intent_slot_classification.intent_slot_classification_model."
        "IntentSlotClassificationModel"
    )


def test_exported_file_has_both_heads(learned, tmp_path):
    assert_exported_agrees(learned[0], tmp_path, "intent_logits", "slot_logits")


def test_loss_is_the_weighted_sum_of_both(tmp_path):
    folder = write_intents(tmp_path)
    model = IntentSlotClassificationModel(config(folder, intent_loss_weight=0.3, ignore_start_end=False)).eval()
    batch = next(iter(model.train_dataloader()))
    loss, intents, slots = model._losses(batch)
    mask = batch.input_mask.bool()
    expected = 0.3 * torch.nn.functional.cross_entropy(intents, batch.intents)
    expected = expected + 0.7 * torch.nn.functional.cross_entropy(slots[mask], batch.slots[mask])
    assert torch.allclose(loss, expected, atol=1e-6)


def test_weighted_loss_takes_the_weights_of_the_data(tmp_path):
    model = IntentSlotClassificationModel(config(write_intents(tmp_path), class_balancing="weighted_loss"))
    assert model.slot_loss.weight.tolist() == pytest.approx(list(model.cfg.data_desc.slot_weights))
    model.save_to(str(tmp_path / "weighted.nemo"))
    restored = IntentSlotClassificationModel.restore_from(str(tmp_path / "weighted.nemo"))
    assert torch.equal(restored.slot_loss.weight, model.slot_loss.weight)


def test_other_data_gives_new_heads_only_where_labels_differ(learned, tmp_path):
    model = IntentSlotClassificationModel(config(write_intents(tmp_path)))
    head = model.classifier
    (tmp_path / "same").mkdir()
    model.update_data_dir_for_training(str(write_intents(tmp_path / "same")), model.cfg.train_ds)
    assert model.classifier is head
    (tmp_path / "more").mkdir()
    more = write_intents(tmp_path / "more")
    (more / "dict.intents.csv").write_text("play\nwake\nweather\nlights\n")
    model.update_data_dir_for_training(str(more), model.cfg.train_ds, model.cfg.validation_ds)
    assert model.classifier.intent_mlp.layer0.out_features == 4
    fit(model, 1)
    model.update_data_dir_for_testing(str(tmp_path / "same"))
    assert model.cfg.data_dir == str(tmp_path / "same")
    with pytest.raises(ConfigError, match="does not exist"):
        model.update_data_dir_for_testing(str(tmp_path / "none"))


def test_pad_label_by_number_or_by_name(learned):
    model, _ = learned
    assert model.pad_label == 0
    model.cfg.data_desc.pad_label = "I-artist"
    assert model.pad_label == 3
    model.cfg.data_desc.pad_label = 0


def test_folder_that_is_missing_is_named(tmp_path):
    cfg = config(write_intents(tmp_path), data_dir=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"model.data_dir is .*none, which is no folder"):
        IntentSlotClassificationModel(cfg)
    cfg["class_balancing"] = "yes"
    with pytest.raises(ConfigError, match="class_balancing is 'yes'"):
        IntentSlotClassificationModel(cfg)


def test_faulty_line_stops_before_training(tmp_path):
    folder = write_intents(tmp_path)
    (folder / "train.tsv").write_text((folder / "train.tsv").read_text().replace("cold\t2", "cold\t7"))
    with pytest.raises(TextFileError, match=r"train\.tsv:7 has the intent '7'"):
        IntentSlotClassificationModel(config(folder))
