"""Text with hidden tokens, from plain text and from prepared files."""

import numpy as np
import pytest

from nemo.collections.common.data.resumable_loader import SeededIndex, make_loader
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.wordpiece_tokenizer import WordPieceTokenizer
from nemo.collections.nlp.data.masked_shards import BertPretrainingPreprocessedDataset
from nemo.collections.nlp.data.masked_text import BertPretrainingDataset, TokenMasker
from nemo.utils.exceptions import ArchiveError, ConfigError
from tests.collections.nlp.toy_text import SPECIAL, WORDS, sentences, write

PAD, UNK, CLS, SEP, MASK = range(5)


@pytest.fixture
def tokenizer(tmp_path):
    return WordPieceTokenizer(write(tmp_path / "vocab.txt", [*SPECIAL, *WORDS]), do_lower_case=True)


@pytest.fixture
def documents(tmp_path):
    texts = [sentences(6, 5, seed) for seed in range(5)]
    return texts, write(tmp_path / "docs.txt", ["\n".join(text) + "\n" for text in texts])


def test_of_the_chosen_tokens_80_percent_are_masked_10_replaced_10_kept(tokenizer):
    masker = TokenMasker(tokenizer, 0.15)
    tokens = np.full(20_000, 7)
    tokens[[0, -1]] = CLS, SEP
    hidden, is_chosen = masker.hide(tokens, np.random.default_rng(0))
    chosen = is_chosen.astype(bool)
    assert chosen.sum() == round(19_998 * 0.15)
    assert not chosen[0]
    assert not chosen[-1]
    assert np.array_equal(hidden[~chosen], tokens[~chosen])
    count = chosen.sum()
    assert (hidden[chosen] == MASK).sum() / count == pytest.approx(0.8, abs=0.02)
    # one of 16 ordinary tokens that replace is the token itself
    assert (hidden[chosen] == 7).sum() / count == pytest.approx(0.1 + 0.1 / 16, abs=0.02)
    assert not np.isin(hidden[chosen], [PAD, CLS, SEP]).any()


def test_pairs_follow_each_other_or_come_from_another_document(tokenizer, documents):
    texts, path = documents
    flat = [" ".join(text) for text in texts]
    dataset = BertPretrainingDataset(tokenizer, path, 23, short_seq_prob=0.0)
    labels = []
    for epoch_seed in range(20):
        for index in range(len(dataset)):
            example = dataset[SeededIndex(index, epoch_seed)]
            assert len(example.input_ids) <= 23
            assert (example.output_ids[0], example.output_ids[-1]) == (CLS, SEP)
            first, second = (
                tokenizer.ids_to_text(
                    [int(t) for t in example.output_ids[example.input_type_ids == part] if t not in (CLS, SEP)]
                )
                for part in (0, 1)
            )
            own = [number for number, text in enumerate(flat) if first in text]
            if example.label:
                assert any(f"{first} {second}" in flat[number] for number in own)
            elif len(own) == 1:
                assert second not in flat[own[0]] or any(second in flat[n] for n in range(5) if n != own[0])
            labels.append(example.label)
    assert 0.25 < np.mean(labels) < 0.55  # half of the pairs, less where a chunk has one sentence only


def test_epochs_hide_other_tokens_and_a_resumed_epoch_the_same(tokenizer, documents):
    dataset = BertPretrainingDataset(tokenizer, documents[1], 23)

    def loader():
        return make_loader(dataset, shuffle=True, seed=5, batch_size=2, collate_fn=dataset.collate_fn)

    whole = loader()
    first = [batch.input_ids.tolist() for batch in whole]
    second = [batch.input_ids.tolist() for batch in whole]
    assert first != second
    broken = loader()
    iterator = iter(broken)
    got = [next(iterator).input_ids.tolist()]
    resumed = loader()
    resumed.load_state_dict(broken.state_dict())
    got += [batch.input_ids.tolist() for batch in resumed]
    assert got == first


def test_evaluation_hides_the_same_tokens_each_time(tokenizer, documents):
    dataset = BertPretrainingDataset(tokenizer, documents[1], 23, new_in_each_epoch=False)
    one, other = dataset[SeededIndex(1, 1)], dataset[SeededIndex(1, 2)]
    assert np.array_equal(one.input_ids, other.input_ids)


def test_without_next_sentence_an_example_is_one_text(tokenizer, documents):
    texts, path = documents
    dataset = BertPretrainingDataset(tokenizer, path, 12, short_seq_prob=0.0, next_sentence=False)
    assert len(dataset) == 5 * 3  # two sentences of five tokens fill the ten places
    batch = dataset.collate_fn([dataset[number] for number in range(len(dataset))])
    assert (batch.input_ids.shape, int(batch.input_type_ids.sum())) == ((15, 12), 0)
    assert [tokenizer.ids_to_text(row[1:-1].tolist()) for row in batch.output_ids[:3]] == [
        " ".join(texts[0][place : place + 2]) for place in (0, 2, 4)
    ]


def test_long_sentences_and_a_document_of_one_sentence_are_cut_to_fit(tokenizer, tmp_path):
    path = write(tmp_path / "one.txt", [" ".join(WORDS * 4), "", "the cat sat"])
    dataset = BertPretrainingDataset(tokenizer, path, 16, short_seq_prob=0.5)
    for seed in range(30):
        for index in range(2):
            example = dataset[SeededIndex(index, seed)]
            assert 5 <= len(example.input_ids) <= 16
            assert example.label == 0
            assert sorted(set(example.input_type_ids.tolist())) == [0, 1]
            assert example.output_mask.sum() >= 1


def test_too_little_text_and_impossible_numbers(tokenizer, tmp_path, documents):
    with pytest.raises(TextFileError, match="has one sentence"):
        BertPretrainingDataset(tokenizer, write(tmp_path / "one.txt", ["the cat"]))
    with pytest.raises(TextFileError, match="has no text"):
        BertPretrainingDataset(tokenizer, write(tmp_path / "blank.txt", ["", " "]))
    with pytest.raises(ConfigError, match="max_seq_length is 4"):
        BertPretrainingDataset(tokenizer, documents[1], 4)
    with pytest.raises(ConfigError, match="mask_prob is 0"):
        BertPretrainingDataset(tokenizer, documents[1], mask_prob=0)


def prepared(folder, name, **changes):
    arrays = {
        "input_ids": np.array([[2, 4, 6, 3, 7, 3, 0], [2, 5, 3, 4, 8, 9, 3]]),
        "input_mask": np.array([[1, 1, 1, 1, 1, 1, 0], [1] * 7]),
        "segment_ids": np.array([[0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1, 1]]),
        "masked_lm_positions": np.array([[1, 0], [3, 5]]),
        "masked_lm_ids": np.array([[10, 0], [11, 9]]),
        "next_sentence_labels": np.array([[0], [1]]),
    }
    np.savez(folder / name, **{**arrays, **changes})
    return folder / name


def test_prepared_examples_are_read_with_their_truth(tmp_path):
    prepared(tmp_path, "a.npz")
    prepared(tmp_path, "b.npz")
    dataset = BertPretrainingPreprocessedDataset(tmp_path)
    keys = list(dataset.keys(0, 0, 0, 1))
    assert len(keys) == dataset.count(0, 1) == 4
    batch = dataset.collate_fn([dataset.fetch(key) for key in keys[:2]])
    assert batch.output_ids.tolist() == [[2, 10, 6, 3, 7, 3, 0], [2, 5, 3, 11, 8, 9, 3]]
    assert batch.output_mask.tolist() == [[0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0]]
    assert batch.labels.tolist() == [1, 0]  # the files say 0 where the second text is the next one
    most = BertPretrainingPreprocessedDataset(tmp_path / "a.npz", max_predictions_per_seq=1)
    assert sum(most.fetch(key).output_mask.sum() for key in most.keys(0, 0, 0, 1)) == 2


def test_faulty_prepared_files_are_named(tmp_path):
    bad = BertPretrainingPreprocessedDataset(
        prepared(tmp_path, "p.npz", masked_lm_positions=np.array([[6, 0], [3, 5]]))
    )
    with pytest.raises(ArchiveError, match="p.npz row 0 has 6 tokens"):
        bad.fetch(next(iter(bad.keys(0, 0, 0, 1))))
    np.savez(tmp_path / "lacking.npz", input_ids=np.zeros((2, 3)))
    with pytest.raises(ArchiveError, match="lacking.npz has"):
        BertPretrainingPreprocessedDataset(tmp_path / "lacking.npz")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "x.hdf5").touch()
    with pytest.raises(TextFileError, match="HDF5 files are not read"):
        BertPretrainingPreprocessedDataset(tmp_path / "old")
