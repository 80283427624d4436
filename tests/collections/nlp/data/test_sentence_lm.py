"""Sentences for language models, plain and tarred."""

import io
import tarfile

import numpy as np
import pytest
import torch

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.char_tokenizer import CharTokenizer
from nemo.collections.nlp.data.sentence_lm import SentenceDataset, build_sentence_loader, sentence_ids
from nemo.collections.nlp.data.sentence_shards import TarredSentenceDataset, write_sentence_shards
from nemo.utils.exceptions import ArchiveError, ConfigError
from tests.collections.nlp.toy_text import character_vocabulary, sentences, write

LINES = [*sentences(20, 2), "", "   ", *sentences(20, 6, seed=1)]


@pytest.fixture
def text(tmp_path):
    return write(tmp_path / "text.txt", LINES)


@pytest.fixture
def tokenizer(tmp_path):
    return CharTokenizer(character_vocabulary(tmp_path, LINES))


def test_every_sentence_comes_once_an_epoch_between_start_and_end(text, tokenizer):
    loader = build_sentence_loader({"file_name": text, "tokens_in_batch": 100, "shuffle": True, "seed": 1}, tokenizer)
    seen = []
    for tokens, mask in loader:
        assert tokens.numel() <= 100 or len(tokens) == 1
        for row, length in zip(tokens, mask.sum(dim=1).tolist(), strict=True):
            assert (row[0], row[length - 1]) == (tokenizer.bos_id, tokenizer.eos_id)
            assert (row[length:] == tokenizer.pad_id).all()
            seen.append(tokenizer.ids_to_text(row[1 : length - 1].tolist()))
    assert sorted(seen) == sorted(line for line in LINES if line.strip())


def test_clean_leaves_out_and_otherwise_cuts(text, tokenizer):
    longest = max(map(len, LINES)) + 2
    cut = SentenceDataset(tokenizer, text, max_seq_length=longest - 1)
    left = SentenceDataset(tokenizer, text, clean=True, max_seq_length=longest - 1, min_seq_length=8)
    assert len(cut) == 40
    assert max(map(len, cut)) == longest - 1
    assert all(sentence[-1] == tokenizer.eos_id for sentence in cut)
    assert len(left) == sum(8 <= len(line) + 2 < longest for line in LINES if line.strip())


def test_nothing_left_names_the_file(text, tokenizer):
    with pytest.raises(TextFileError, match=r"text.txt has no sentence of 500 to 512 tokens"):
        SentenceDataset(tokenizer, text, clean=True, min_seq_length=500)
    with pytest.raises(ConfigError, match="max_seq_length is 2"):
        SentenceDataset(tokenizer, text, max_seq_length=2)


def test_tokenizer_needs_start_end_and_padding(tmp_path):
    vocabulary = write(tmp_path / "bare.txt", ["'a'", "'b'"])
    with pytest.raises(ConfigError, match="no bos, eos, pad token"):
        sentence_ids(CharTokenizer(vocabulary))


def batches_of(text, tokenizer):
    dataset = SentenceDataset(tokenizer, text, tokens_in_batch=100)
    plan = dataset.plan(shuffle=False)
    return [dataset.collate_fn([dataset[i] for i in numbers])[0].numpy() for numbers in plan.batches(0, 0, 0, 1)]


def test_tarred_batches_are_those_that_were_written(text, tokenizer, tmp_path):
    batches = batches_of(text, tokenizer)
    paths, metadata = write_sentence_shards(batches, tmp_path / "tarred", tokenizer, 100, batches_of_shard=4)
    assert len(paths) == -(-len(batches) // 4)
    pattern = str(tmp_path / "tarred" / f"sentences.batches.tokens.100._OP_0..{len(paths) - 1}_CL_.tar")
    section = {"use_tarred_dataset": True, "tar_files": pattern, "metadata_file": str(metadata)}
    loader = build_sentence_loader(section, tokenizer)
    read = list(loader)
    assert len(read) == len(loader) == len(batches)
    for (tokens, mask), batch in zip(read, batches, strict=True):
        assert np.array_equal(tokens.numpy(), batch)
        assert torch.equal(mask, (tokens != tokenizer.pad_id).long())
    mixed = build_sentence_loader({**section, "shuffle": True, "seed": 1}, tokenizer)
    orders = [[tokens.numpy().tobytes() for tokens, _ in mixed] for _ in range(2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(batch.astype(np.int64).tobytes() for batch in batches)


def test_processes_share_tarred_batches(text, tokenizer, tmp_path):
    batches = batches_of(text, tokenizer)
    paths, metadata = write_sentence_shards(batches, tmp_path / "tarred", tokenizer, 100, batches_of_shard=3)
    shared = TarredSentenceDataset([str(path) for path in paths], metadata, tokenizer, 0, "replicate")
    own = [[key.name for key in shared.keys(0, 0, rank, 2)] for rank in range(2)]
    assert [len(names) for names in own] == [shared.count(rank, 2) for rank in range(2)] == [len(batches) // 2] * 2
    assert not set(own[0]) & set(own[1])


def test_another_tokenizer_and_pickles_are_refused(text, tokenizer, tmp_path):
    paths, metadata = write_sentence_shards(batches_of(text, tokenizer), tmp_path / "tarred", tokenizer, 100)
    other = CharTokenizer(character_vocabulary(tmp_path, ["abc"]))
    with pytest.raises(ConfigError, match="vocab_size"):
        TarredSentenceDataset(str(paths[0]), metadata, other)
    pickled = tmp_path / "pickled.tar"
    with tarfile.open(pickled, "w") as archive:
        archive.addfile(tarfile.TarInfo("batch-0.pkl"), io.BytesIO())
    dataset = TarredSentenceDataset(str(pickled), metadata, tokenizer)
    with pytest.raises(ArchiveError, match=r"batch-0.pkl does not end in .safetensors"):
        dataset.fetch(next(iter(dataset.keys(0, 0, 0, 1))))


def test_section_without_data_gives_no_loader(tokenizer):
    assert build_sentence_loader({"tokens_in_batch": 100}, tokenizer) is None
    with pytest.raises(ConfigError, match="Expected both"):
        build_sentence_loader({"use_tarred_dataset": True}, tokenizer)
