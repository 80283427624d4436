"""Batches of sentences with intents and slots."""

import pytest
import torch

from nemo.collections.common.tokenizers.auto_tokenizer import AutoTokenizer
from nemo.collections.nlp.data.intent_slots import (
    IntentSlotClassificationDataset,
    IntentSlotInferenceDataset,
    MultiLabelIntentSlotClassificationDataset,
)
from tests.collections.nlp.toy_intents import write_intents


@pytest.fixture
def folder(tmp_path):
    return write_intents(tmp_path)


def dataset(folder, kind=IntentSlotClassificationDataset, length=12, **options):
    cutter = AutoTokenizer("bert-base-uncased", vocab_file=str(folder / "vocab.txt"))
    return kind(folder / "train.tsv", folder / "train_slots.tsv", length, cutter, pad_label=0, **options), cutter


def test_batch_is_padded_to_its_longest_and_knows_the_first_pieces_of_words(folder):
    (folder / "train.tsv").write_text((folder / "train.tsv").read_text().replace("sun\t", "suns\t"))
    data, cutter = dataset(folder)
    batch = data.collate_fn([data[0], data[3]])
    assert batch.input_ids.shape == (2, 7)
    assert cutter.ids_to_tokens(batch.input_ids[1].tolist()) == [
        "[CLS]",
        "play",
        "sun",
        "##s",
        "[SEP]",
        "[PAD]",
        "[PAD]",
    ]
    assert batch.input_mask.sum(1).tolist() == [7, 5]
    assert batch.subtokens_mask[1].tolist() == [False, True, True, False, False, False, False]
    assert batch.slots[1].tolist() == [0, 0, 1, 1, 0, 0, 0]
    assert batch.slots[0].tolist() == [0, 0, 1, 0, 2, 3, 0]
    assert batch.intents.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        ({}, [1, 1, 1, 1, 1]),
        ({"ignore_start_end": True}, [0, 1, 1, 1, 0]),
        ({"ignore_start_end": True, "ignore_extra_tokens": True}, [0, 1, 1, 0, 0]),
    ],
)
def test_loss_counts_what_the_options_say(folder, options, counted):
    (folder / "train.tsv").write_text((folder / "train.tsv").read_text().replace("sun\t", "suns\t"))
    data, _ = dataset(folder, **options)
    assert data.collate_fn([data[3]]).loss_mask.long().tolist() == [counted]


def test_several_intents_are_zeros_and_ones(tmp_path):
    data, _ = dataset(write_intents(tmp_path, several=True), MultiLabelIntentSlotClassificationDataset, num_intents=3)
    batch = data.collate_fn([data[0], data[1]])
    assert batch.intents.tolist() == [[1, 0, 1], [0, 1, 0]]


def test_long_sentence_is_cut_with_a_warning(folder, caplog):
    data, _ = dataset(folder, length=5)
    assert max(len(sample) for sample, _ in (data[index] for index in range(len(data)))) == 5
    assert "max_seq_length" in caplog.text


def test_queries_have_inputs_only(folder):
    _, cutter = dataset(folder)
    data = IntentSlotInferenceDataset(["Play  sun", ""], 12, cutter, do_lower_case=True)
    ids, segments, mask, _, starts = data.collate_fn([data[0], data[1]])
    assert ids.tolist() == [cutter.tokens_to_ids(["[CLS]", "play", "sun", "[SEP]"]), [2, 3, 0, 0]]
    assert torch.equal(mask.sum(1), torch.tensor([4, 2]))
    assert starts.sum(1).tolist() == [2, 0]
    assert not segments.any()
