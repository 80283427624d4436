import logging

import numpy as np
import pytest

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers import SentencePieceTokenizer
from nemo.collections.nlp.data.parallel_text import TextSide
from nemo.collections.nlp.data.translation import TokenCache, TranslationDataset
from tests.collections.nlp import toy_translation as toy


@pytest.fixture
def side():
    return TextSide(SentencePieceTokenizer(toy.tokenizer_model()))


@pytest.fixture
def files(tmp_path):
    return toy.write_pairs(tmp_path)


def sentences(dataset, side):
    found = []
    for number in range(len(dataset)):
        src, src_mask, tgt, tgt_mask, labels = dataset[number]
        assert src_mask.sum() == (src != side.tokenizer.pad_id).sum() and tgt.shape == labels.shape == tgt_mask.shape
        for row, label in zip(src.tolist(), labels.tolist(), strict=True):
            special = {side.tokenizer.bos_id, side.tokenizer.eos_id, side.tokenizer.pad_id}
            found.append(
                tuple(side.tokenizer.ids_to_text([i for i in ids if i not in special]) for ids in (row, label))
            )
    return found


def test_batches_hold_every_pair_once(files, side):
    dataset = TranslationDataset(*files, side, side, tokens_in_batch=100)
    assert sorted(sentences(dataset, side)) == sorted(toy.pairs())
    assert all(
        batch[0].numel() <= 100 and batch[4].numel() <= 100 for batch in map(dataset.__getitem__, range(len(dataset)))
    )
    assert "lines" in dataset.describe_sample(0)


def test_clean_leaves_long_pairs_out_and_otherwise_they_are_cut(files, side, caplog):
    clean = TranslationDataset(*files, side, side, clean=True, max_seq_length=6)
    assert 0 < sum(len(batch) for batch in clean.batches) < 60
    assert all(length <= 6 for batch in clean.batches for length in clean.sides[0].lengths[batch])
    with caplog.at_level(logging.WARNING):
        cut = TranslationDataset(*files, side, side, max_seq_length=6)
    assert "longer than 6 tokens (the first in line" in caplog.text
    assert sum(len(batch) for batch in cut.batches) == 60 and cut.sides[0].lengths.max() == 6
    assert all(text[-1] == side.tokenizer.eos_id for text in cut.sides[1])
    with pytest.raises(TextFileError, match="none of the 60 pairs is within the limits"):
        TranslationDataset(*files, side, side, clean=True, max_seq_length=2)


def test_tokens_are_kept_only_when_asked_and_made_anew_when_texts_change(files, side, tmp_path):
    TranslationDataset(*files, side, side)
    assert not list(tmp_path.glob("*.npz"))
    made = TranslationDataset(*files, side, side, cache_ids=True)
    cache = TokenCache(*files, (side, side), -1)
    kept = cache.read()
    assert np.array_equal(kept[0].tokens, made.sides[0].tokens) and np.array_equal(kept[1].ends, made.sides[1].ends)
    toy.write_pairs(tmp_path, count=61)
    assert cache.read() is None and len(cache.read(whatever_changed=True)[0]) == 60
    assert sum(map(len, TranslationDataset(*files, side, side, cache_ids=True).batches)) == 61
    assert TokenCache(*files, (TextSide(side.tokenizer, prefix=5), side), -1).read() is None
    cache.path.write_bytes(b"PK\x03\x04 damaged")
    assert cache.read() is None
