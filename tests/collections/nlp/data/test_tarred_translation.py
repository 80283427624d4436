import io
import pickle
import tarfile

import numpy as np
import pytest
import torch

from nemo.collections.common.tokenizers import SentencePieceTokenizer
from nemo.collections.nlp.data.parallel_text import TextSide
from nemo.collections.nlp.data.tarred_translation import TarMetadata, TarredTranslationDataset
from nemo.collections.nlp.data.token_batches import PairLimits
from nemo.collections.nlp.data.translation import TranslationDataset
from nemo.collections.nlp.data.translation_preprocessing import write_parallel_tar_files
from nemo.core.archive.safetensors_file import write_safetensors
from nemo.utils.exceptions import ArchiveError, ConfigError
from tests.collections.nlp import toy_translation as toy


@pytest.fixture
def side():
    return TextSide(SentencePieceTokenizer(toy.tokenizer_model()))


@pytest.fixture
def shards(tmp_path, side):
    files = toy.write_pairs(tmp_path)
    return write_parallel_tar_files(*files, side, side, tmp_path / "tars", tokens_in_batch=100, batches_per_tar=4)


PAD = 3  # of the toy tokenizer


def rows(batches):
    """Sources and labels, without padding, in any order."""
    return sorted(
        (tuple(src[src_mask > 0].tolist()), tuple(label[label != PAD].tolist()))
        for batch in batches
        for src, src_mask, label in zip(batch[0], batch[1], batch[4], strict=True)
    )


def test_tar_files_hold_what_the_texts_hold(tmp_path, side, shards):
    plain = TranslationDataset(tmp_path / "train.en", tmp_path / "train.de", side, side, tokens_in_batch=100)
    tarred = TarredTranslationDataset(shards.tar_files, (60, 60))
    assert len(tarred) == shards.num_batches == len(plain) and shards.num_pairs == 60
    found = [tarred.fetch(key) for key in tarred.keys(0, 0, 0, 1)]
    assert rows(found) == rows([plain[number] for number in range(len(plain))])
    again = TarMetadata.read(tmp_path / "tars" / "metadata.tokens.100.json")
    assert again.tar_files == shards.tar_files and again.vocab_sizes == shards.vocab_sizes


def test_fragments_and_limits_change_the_batches_and_not_the_pairs(tmp_path, side, shards):
    files = tmp_path / "train.en", tmp_path / "train.de"
    few = write_parallel_tar_files(*files, side, side, tmp_path / "f", tokens_in_batch=100, lines_per_fragment=7)
    sets = [TarredTranslationDataset(each.tar_files) for each in (few, shards)]
    assert rows(map(sets[0].fetch, sets[0].keys(0, 0, 0, 1))) == rows(map(sets[1].fetch, sets[1].keys(0, 0, 0, 1)))
    short = write_parallel_tar_files(*files, side, side, tmp_path / "s", limits=PairLimits(max_length=8))
    assert 0 < short.num_pairs < 60


@pytest.mark.parametrize("strategy", ["scatter", "replicate"])
def test_processes_get_equally_many_batches_and_none_twice(shards, strategy):
    dataset = TarredTranslationDataset(shards.tar_files, shuffle_n=5, shard_strategy=strategy)
    keys = [[(key.shard, key.name) for key in dataset.keys(3, 1, rank, 2)] for rank in range(2)]
    assert len(keys[0]) == len(keys[1]) == dataset.count(0, 2) > 0
    assert not set(keys[0]) & set(keys[1])
    assert keys[0] == [(key.shard, key.name) for key in dataset.keys(3, 1, 0, 2)]
    assert keys[0] != [(key.shard, key.name) for key in dataset.keys(3, 2, 0, 2)]


def test_the_direction_may_be_turned_and_a_language_named(shards):
    plain, turned = TarredTranslationDataset(shards.tar_files), TarredTranslationDataset(shards.tar_files, reverse_lang_direction=True)  # fmt: skip  # noqa: E501
    key = next(plain.keys(0, 0, 0, 1))
    assert torch.equal(turned.fetch(key)[0][:, 1:], plain.fetch(key)[4])
    named = TarredTranslationDataset(shards.tar_files, prefix=9).fetch(key)[0]
    assert set(named[:, 1].tolist()) == {9} and torch.equal(named[:, 2:], plain.fetch(key)[0][:, 1:])


def test_batches_of_other_tokenizers_are_refused(shards):
    dataset = TarredTranslationDataset(shards.tar_files, vocab_sizes=(5, 5))
    with pytest.raises(ConfigError, match="and the tokenizer of that side has 5"):
        dataset.fetch(next(dataset.keys(0, 0, 0, 1)))


def _tar(path, name, content):
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return TarredTranslationDataset([str(path)])


def _arrays(**arrays):
    content = io.BytesIO()
    write_safetensors({name: torch.from_numpy(array) for name, array in arrays.items()}, content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "batch-1.pkl",
            pickle.dumps({"src": [1]}),
            r"batch-1\.pkl is no batch of ours.*pickled.*create_tarred_parallel",
        ),
        ("batch-1.safetensors", b"nothing", "batch-1"),
        ("batch-1.safetensors", _arrays(src=np.zeros((1, 2), np.int32)), r"has the arrays \['src'\]"),
        ("batch-1.npz", b"PK", r"does not end in \.safetensors"),
    ],
)
def test_members_that_are_no_batches_are_refused(tmp_path, name, content, message):
    dataset = _tar(tmp_path / "x.tar", name, content)
    with pytest.raises(ArchiveError, match=message):
        dataset.fetch(next(dataset.keys(0, 0, 0, 1)))


def test_metadata_without_tar_files_are_refused(tmp_path):
    (tmp_path / "m.json").write_text("{}")
    with pytest.raises(ArchiveError, match=r"m\.json has no list tar_files"):
        TarMetadata.read(tmp_path / "m.json")
