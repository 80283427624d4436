import os

import numpy as np
import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.by_name import get_tokenizer
from nemo.collections.nlp.data.class_weights import balanced_weights
from nemo.collections.nlp.data.labelled_text import TextClassificationDataset, read_labelled_texts
from nemo.utils.exceptions import ConfigError
from tests.arrays import arrays_of
from tests.collections.nlp import tiny_classifier as tiny


@pytest.fixture
def tokenizer(tmp_path):
    return get_tokenizer("bert-base-uncased", vocab_file=tiny.vocabulary(tmp_path))


def test_batches_are_ids_types_mask_and_labels(tokenizer, tmp_path):
    dataset = TextClassificationDataset(tokenizer, tiny.texts(tmp_path))
    ids, types, mask, labels = dataset.collate_fn([dataset[0], dataset[1]])
    assert ids.tolist()[0] == [2, *tokenizer.text_to_ids("play some jazz"), 3, 0, 0, 0]
    assert types.sum() == 0
    assert mask.sum(dim=1).tolist() == [5, 8]
    assert labels.tolist() == [0, 1]


def test_queries_have_no_labels(tokenizer):
    dataset = TextClassificationDataset(tokenizer, queries=["play", ""])
    assert dataset.lengths.tolist() == [3, 2]
    assert dataset.labels == [0, 0]
    with pytest.raises(ConfigError, match="neither of input_file and queries"):
        TextClassificationDataset(tokenizer)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("play some jazz", "texts.tsv:2 has no label: 'play some jazz'"),
        ("play some jazz\tmusic", "texts.tsv:2 has the label 'music', which is no whole number"),
        ("play some jazz\t3", "texts.tsv:2 has the label 3: .*Expected 0 to 2, since model.dataset.num_classes is 3"),
        ("play some jazz\t-1", "texts.tsv:2 has the label -1"),
        ("\t1", "texts.tsv:2 has no text"),
    ],
)
def test_a_faulty_line_is_named_with_the_mend(tmp_path, line, message):
    with pytest.raises(TextFileError, match=message):
        read_labelled_texts(tiny.texts(tmp_path, lines=["book a table\t2", line]), num_classes=3)


def test_only_empty_lines_are_no_data(tmp_path):
    with pytest.raises(TextFileError, match="only empty lines"):
        read_labelled_texts(tiny.texts(tmp_path, lines=["", " "]))


def test_a_shuffled_set_keeps_texts_and_labels_together(tokenizer, tmp_path):
    path = tiny.texts(tmp_path)
    plain, shuffled = (TextClassificationDataset(tokenizer, path, shuffle=shuffle) for shuffle in (False, True))
    rows = [sorted((tuple(sample.ids), label) for sample, label in dataset) for dataset in (plain, shuffled)]
    assert rows[0] == rows[1]
    assert [sample.ids for sample in plain.samples] != [sample.ids for sample in shuffled.samples]


def test_no_file_is_written_without_being_asked(tokenizer, tmp_path):
    TextClassificationDataset(tokenizer, tiny.texts(tmp_path))
    assert not list(tmp_path.glob("*.npz"))


def test_the_cache_follows_the_content_and_not_the_date(tokenizer, tmp_path):
    path = tiny.texts(tmp_path)
    first = TextClassificationDataset(tokenizer, path, use_cache=True)
    (cached,) = tmp_path.glob("cached_texts_*.npz")
    tokens = arrays_of(cached)
    np.savez(cached, tokens=tokens["tokens"] + 1, ends=tokens["ends"])  # to see that it is read
    again = TextClassificationDataset(tokenizer, path, use_cache=True)
    assert [sample.ids for sample in again.samples] == [[i + 1 for i in sample.ids] for sample in first.samples]
    stamp = os.stat(path)
    tiny.texts(tmp_path, lines=["book a table\t2"])
    os.utime(path, (stamp.st_atime, stamp.st_mtime))
    changed = TextClassificationDataset(tokenizer, path, use_cache=True)
    assert changed.samples == [changed.inputs.of_text("book a table")]
    assert len(list(tmp_path.glob("cached_texts_*.npz"))) == 2


def test_a_damaged_cache_is_made_anew(tokenizer, tmp_path):
    path = tiny.texts(tmp_path)
    first = TextClassificationDataset(tokenizer, path, use_cache=True)
    (cached,) = tmp_path.glob("cached_texts_*.npz")
    cached.write_bytes(b"PK\x03\x04 nothing")
    assert TextClassificationDataset(tokenizer, path, use_cache=True).samples == first.samples


def test_rare_classes_weigh_more():
    weights = balanced_weights([0, 0, 0, 1], 3)
    assert weights == [4 / (2 * 3), 4 / (2 * 1), 1.0]
    assert sum(weights[label] for label in [0, 0, 0, 1]) == pytest.approx(4)
