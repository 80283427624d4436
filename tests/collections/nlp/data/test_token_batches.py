import numpy as np
import torch

from nemo.collections.nlp.data.token_batches import PairLimits, TokenTexts, plan_batches, translation_batch


def test_texts_come_back_as_they_were():
    lists = [[4, 5, 6], [7], [], [8, 9]]
    texts = TokenTexts.of(lists)
    assert len(texts) == 4 and list(texts) == lists
    assert texts.lengths.tolist() == [3, 1, 0, 2]
    assert texts.padded([3, 0], 1).tolist() == [[8, 9, 1], [4, 5, 6]]


def test_every_pair_is_in_one_batch_and_no_batch_is_too_large():
    generator = np.random.default_rng(0)
    source, target = generator.integers(2, 40, 500), generator.integers(2, 40, 500)
    batches = plan_batches(source, target, 200)
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    sizes = [max(source[batch].max(), target[batch].max()) * len(batch) for batch in batches]
    assert max(sizes) <= 200
    # greedy: the first pair of a batch would not have fitted into the one before
    for before, after in zip(batches, batches[1:], strict=False):
        longest = max(source[after[0]], target[after[0]])
        assert longest * (len(before) + 1) > 200


def test_a_pair_longer_than_a_batch_is_one_of_its_own():
    batches = plan_batches(np.array([3, 90, 3]), np.array([3, 3, 4]), 10)
    assert [batch.tolist() for batch in batches] == [[0, 2], [1]]


def test_limits_count_the_longer_and_the_shorter_side():
    limits = PairLimits(max_length=10, min_length=2, max_difference=4, max_ratio=2.0)
    source, target = np.array([5, 11, 5, 2, 8, 1]), np.array([5, 5, 9, 5, 5, 2])
    assert limits.kept(source, target).tolist() == [0, 2, 4]
    assert PairLimits(100, 0, None, None).kept(source, target).tolist() == [0, 1, 2, 3, 4, 5]


def test_labels_are_the_tokens_that_come_next():
    source, target = np.array([[1, 5, 2], [1, 2, 3]]), np.array([[1, 7, 8, 2], [1, 7, 2, 3]])
    src, src_mask, tgt, tgt_mask, labels = translation_batch(source, target, 3, 3)
    assert src_mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert tgt.tolist() == [[1, 7, 8], [1, 7, 2]] and labels.tolist() == [[7, 8, 2], [7, 2, 3]]
    assert torch.equal(tgt_mask, torch.ones(2, 3, dtype=torch.long))
