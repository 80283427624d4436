"""Punctuation data: pairs of labels, batches by pieces, tar files."""

import json

import numpy as np
import pytest
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.punctuation_capitalization import BertPunctuationCapitalizationDataset
from nemo.collections.nlp.data.punctuation_capitalization_config import (
    is_legacy_data_config,
    legacy_data_config_to_new_data_config,
)
from nemo.collections.nlp.data.punctuation_capitalization_tar_writer import (
    batches_of,
    check_tar_file_prefix,
    create_tarred_dataset,
)
from nemo.collections.nlp.data.punctuation_capitalization_tarred import BertPunctuationCapitalizationTarredDataset
from nemo.collections.nlp.models.punctuation_capitalization_config import (
    is_legacy_model_config,
    legacy_model_config_to_new_model_config,
)
from nemo.collections.nlp.modules.tokenizers import get_tokenizer
from nemo.core.archive.tar_writer import write_archive
from nemo.utils.exceptions import ArchiveError, ConfigError, UnsafeArchiveError
from tests.collections.nlp.toy_tagging import PUNCT_LABELS, PUNCT_TEXT, model_sections, write_ner


@pytest.fixture
def tokenizer(tmp_path):
    model_sections(tmp_path)
    return get_tokenizer("bert-base-uncased", vocab_file=str(tmp_path / "vocab.txt"))


def plain(folder, tokenizer, **options):
    files = write_ner(folder, text=PUNCT_TEXT, labels=PUNCT_LABELS)
    return BertPunctuationCapitalizationDataset(*files, 32, tokenizer, **options)


def tarred(folder, **options):
    files = write_ner(folder, text=PUNCT_TEXT, labels=PUNCT_LABELS)
    sizes = {"max_seq_length": 32, "tokens_in_batch": 18, "lines_per_dataset_fragment": 3, "num_batches_per_tarfile": 1}
    vocabulary = {"tokenizer_name": "bert-base-uncased", "vocab_file": folder / "vocab.txt"}
    return create_tarred_dataset(*files, folder / "tarred", **{**sizes, **vocabulary, **options})


def test_both_labels_of_each_word(tmp_path, tokenizer):
    data = plain(tmp_path, tokenizer, label_info_save_dir=tmp_path / "info")
    assert data.punct_label_ids == {"O": 0, ",": 1, ".": 2, "?": 3}
    assert data.capit_label_ids == {"O": 0, "U": 1}
    batch = data.collate_fn([data[0]])
    # [CLS] an ##na sees bob [SEP]
    assert batch["punct_labels"].tolist() == [[0, 0, 0, 0, 2, 0]]
    assert batch["capit_labels"].tolist() == [[0, 1, 1, 0, 1, 0]]
    assert batch["loss_mask"].int().tolist() == [[0, 1, 1, 1, 1, 0]]
    assert batch["subtokens_mask"].int().tolist() == [[0, 1, 0, 1, 1, 0]]
    assert (tmp_path / "info" / "punct_label_vocab.csv").read_text() == "O\n,\n.\n?\n"
    assert "U\t10" in (tmp_path / "info" / "capit_label_vocab_frequencies.tsv").read_text()


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_have_every_sentence_once_and_fit(tmp_path, tokenizer, shuffle):
    data = plain(tmp_path, tokenizer, tokens_in_batch=18)
    for epoch in range(3):
        batches = list(data.batch_plan(shuffle).batches(0, epoch, 0, 1))
        assert sorted(int(key) for batch in batches for key in batch) == [0, 1, 2, 3]
        assert all(len(batch) * max(len(data[key]) for key in batch) <= 18 for batch in batches)


def test_tar_files_hold_the_batches_of_the_plain_set(tmp_path, tokenizer):
    metadata = tarred(tmp_path)
    content = json.loads(metadata.read_text())
    assert content["num_batches"] == len(content["tar_files"]) == 3
    data = BertPunctuationCapitalizationTarredDataset(metadata, tokenizer, shuffle_n=0)
    assert data.count(0, 1) == 3 and data.count(0, 2) == 2 and data.count(1, 2) == 1
    reference = plain(tmp_path, tokenizer)
    wanted = {sample.ids.tobytes(): sample for sample in reference.samples}
    found = [sample for key in data.keys(0, 0, 0, 1) for sample in data.fetch(key)]
    assert len(found) == len(wanted)
    for sample in found:
        twin = wanted.pop(sample.ids.tobytes())
        assert np.array_equal(sample.labels, twin.labels) and np.array_equal(sample.starts, twin.starts)
    batch = data.collate_fn([data.fetch(next(data.keys(0, 0, 0, 1)))])
    assert set(batch) == set(reference.collate_fn([reference[0]]))
    assert isinstance(batch["input_ids"], torch.Tensor)


def test_processes_share_tar_files(tmp_path, tokenizer):
    metadata = tarred(tmp_path)
    for strategy in ("scatter", "replicate"):
        data = BertPunctuationCapitalizationTarredDataset(metadata, tokenizer, shuffle_n=2, shard_strategy=strategy)
        names = [key.shard + key.name for rank in range(2) for key in data.keys(0, 5, rank, 2)]
        assert len(names) == len(set(names)) == 3


def test_batches_are_cut_where_one_more_would_not_fit(tmp_path, tokenizer):
    samples = plain(tmp_path, tokenizer).samples
    batches = list(batches_of(samples, 18))
    assert sorted(map(len, sum(batches, []))) == sorted(map(len, samples))
    assert all(len(batch) * max(map(len, batch)) <= 18 for batch in batches)
    assert [len(batch) for batch in batches_of(samples, 1)] == [1] * 4


def test_pickled_batches_are_refused(tmp_path, tokenizer):
    metadata = tarred(tmp_path)
    shard = tmp_path / "tarred" / json.loads(metadata.read_text())["tar_files"][0]
    write_archive(shard, {"batch-0.pyd": b"cos\nsystem\n(S'touch /tmp/x'\ntR."})
    with pytest.raises(UnsafeArchiveError, match="pickled batch of the original"):
        list(BertPunctuationCapitalizationTarredDataset(metadata, tokenizer).keys(0, 0, 0, 1))


@pytest.mark.parametrize("member", [b"no batch", b"\x02\0\0\0\0\0\0\0{}"])
def test_damaged_batches_are_named(tmp_path, tokenizer, member):
    metadata = tarred(tmp_path)
    shard = tmp_path / "tarred" / json.loads(metadata.read_text())["tar_files"][0]
    write_archive(shard, {"batch-7.safetensors": member})
    data = BertPunctuationCapitalizationTarredDataset(metadata, tokenizer, shuffle_n=0)
    with pytest.raises(ArchiveError, match=r"0\.tar/batch-7\.safetensors.*Make the set again"):
        data.fetch(next(data.keys(0, 0, 0, 1)))


def test_metadata_that_is_missing_or_lacks_a_key(tmp_path, tokenizer):
    with pytest.raises(FileNotFoundError, match="tar_metadata_file"):
        BertPunctuationCapitalizationTarredDataset(tmp_path / "none.json", tokenizer)
    (tmp_path / "half.json").write_text('{"tar_files": ["a.tar"]}')
    with pytest.raises(ArchiveError, match="has no punct_label_vocab_file and no capit_label_vocab_file"):
        BertPunctuationCapitalizationTarredDataset(tmp_path / "half.json", tokenizer)


def test_prefixes_and_sizes_that_cannot_be(tmp_path):
    model_sections(tmp_path)
    check_tar_file_prefix("train-1.a_b")
    with pytest.raises(ConfigError, match="tar_file_prefix is 'a/b'"):
        tarred(tmp_path, tar_file_prefix="a/b")
    with pytest.raises(ConfigError, match="tokens_in_batch is 0"):
        tarred(tmp_path, tokens_in_batch=0)
    (tmp_path / "labels.csv").write_text("O\n.\n")
    with pytest.raises(TextFileError, match="has the label ','"):
        tarred(tmp_path, punct_label_vocab_file=tmp_path / "labels.csv")


def test_old_configs_become_new_ones():
    old = {"text_file": "t", "labels_file": "l", "batch_size": 4, "num_samples": 7}
    assert is_legacy_data_config(old) and not is_legacy_data_config({**old, "tokens_in_batch": 5})
    new = legacy_data_config_to_new_data_config(old, {"data_dir": "d", "max_seq_length": 20}, train=True)
    assert (new.ds_item, new.tokens_in_batch, new.shuffle, new.num_samples) == ("d", 80, True, 7)
    model = {"dataset": {"pad_label": "P"}, "punct_label_ids": {"P": 0}, "train_ds": old, "x": 1}
    assert is_legacy_model_config(model)
    changed = legacy_model_config_to_new_model_config(model)
    assert changed.common_dataset_parameters.punct_label_ids == {"P": 0}
    assert "punct_label_ids" not in changed and "dataset" not in changed and changed.x == 1
    assert not is_legacy_model_config(changed)
    assert legacy_model_config_to_new_model_config(changed) == changed
