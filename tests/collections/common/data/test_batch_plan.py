"""Plans of batches, and the loader over them."""

from collections import Counter

import pytest
import torch
from torch.utils.data import DistributedSampler

from nemo.collections.common.data.batch_plan import EpochBatches, FixedBatches, make_planned_loader
from nemo.collections.common.data.bucket_sequence import BucketSequence
from nemo.collections.common.data.keyed_dataset import IndexedSamples, KeyedDataset
from nemo.core.training.batch_description import sample_keys
from nemo.utils.exceptions import ConfigError
from tests.collections.common.data.numbered import Numbers, flat, whole_epoch


class Uneven(KeyedDataset):
    """Process r has counts[r] samples, numbered r * 100 and up."""

    def __init__(self, *counts):
        super().__init__(0)
        self.counts = counts

    def keys(self, seed, epoch, rank, world_size):
        return iter(range(rank * 100, rank * 100 + self.counts[rank]))

    def count(self, rank, world_size):
        return self.counts[rank]

    def fetch(self, key):
        return key


def sizes(batches_of_processes):
    return [[len(batch) for batch in batches] for batches in batches_of_processes]


def test_one_process_gets_full_batches_and_a_rest():
    plan = FixedBatches(IndexedSamples(Numbers(23)), 4)
    assert sizes(whole_epoch(plan)) == [[4, 4, 4, 4, 4, 3]]
    assert Counter(flat(whole_epoch(plan))) == Counter(range(23))
    assert sizes(whole_epoch(FixedBatches(IndexedSamples(Numbers(23)), 4, drop_last=True))) == [[4] * 5]


def test_processes_with_fewer_samples_make_smaller_batches():
    plan = FixedBatches(Uneven(10, 6), 4)
    assert sizes(whole_epoch(plan, 2)) == [[4, 4, 2], [2, 2, 2]]
    assert Counter(flat(whole_epoch(plan, 2))) == Counter([*range(10), *range(100, 106)])
    assert sizes(whole_epoch(FixedBatches(Uneven(10, 6), 4, drop_last=True), 2)) == [[4], [4]]
    with pytest.raises(ConfigError, match="parts of 1 to 20 samples"):
        FixedBatches(Uneven(20, 1), 4).count(2)


@pytest.mark.parametrize("world_size", [1, 2, 5])
def test_samples_by_number_are_of_one_process_each(world_size):
    batches = whole_epoch(FixedBatches(IndexedSamples(Numbers(23)), 4), world_size)
    assert Counter(flat(batches)) == Counter(range(23))
    assert len({len(own) for own in batches}) == 1


def test_buckets_come_one_after_the_other_in_the_order_of_the_strategy():
    buckets = [FixedBatches(IndexedSamples(Numbers(4)), 2), FixedBatches(IndexedSamples(Numbers(6)), 2)]

    def order(strategy, world_size=1, weights=None):
        plan = BucketSequence(buckets, strategy, weights)
        epochs = [whole_epoch(plan, world_size, epoch=epoch) for epoch in range(8)]
        assert all(len(own) == plan.count(world_size) for epoch in epochs for own in epoch)
        return [[[batch[0].dataset for batch in own] for own in epoch] for epoch in epochs]

    assert order("fixed_order") == [[[0, 0, 1, 1, 1]]] * 8
    assert order("fixed_order", weights=[2, 1])[0] == [[0, 0, 0, 0, 1, 1, 1]]
    synced = order("synced_randomized", 2)
    assert all(one == two for one, two in synced)
    assert {str(epoch) for epoch in synced} == {str([[0, 1, 1]] * 2), str([[1, 1, 0]] * 2)}
    assert any(one != two for one, two in order("fully_randomized", 2))


def test_a_bucket_of_weight_two_is_in_another_order_the_second_time():
    plan = BucketSequence([FixedBatches(IndexedSamples(Numbers(20)), 20)], "fixed_order", [2])
    ((once, again),) = whole_epoch(plan)
    assert sorted(key.key for key in once) == sorted(key.key for key in again) == list(range(20))
    assert [key.key for key in once] != [key.key for key in again]
    ((next_epoch, _),) = whole_epoch(plan, epoch=1)
    assert next_epoch not in (once, again)


@pytest.mark.parametrize(("options", "said"), [({"strategy": "any"}, "fixed_order"), ({"weights": [1, 2]}, "1 whole")])
def test_what_cannot_be_is_named(options, said):
    with pytest.raises(ConfigError, match=said):
        BucketSequence([FixedBatches(IndexedSamples(Numbers(4)), 2)], **options)


def loader(seed=3):
    dataset = IndexedSamples(Numbers(23))
    return make_planned_loader(dataset, FixedBatches(dataset, 4), seed=seed, collate_fn=torch.stack)


def test_trainers_leave_the_sampler_alone_and_know_the_length():
    made = loader()
    assert isinstance(made.sampler, DistributedSampler)
    assert made.batch_size is None
    assert len(made) == 6
    assert [len(batch) for batch in made] == [4, 4, 4, 4, 4, 3]


def test_a_process_that_is_told_its_place_takes_its_part():
    dataset = IndexedSamples(Numbers(23))
    parts = []
    for rank in range(2):
        sampler = EpochBatches(FixedBatches(dataset, 4), seed=1)
        sampler.shard(rank, 2)
        parts.append([int(key) for batch in sampler for key in batch])
        assert len(sampler) == 3
    assert sorted(parts[0] + parts[1]) == list(range(23))


def test_samples_of_a_batch_are_found_again_for_messages():
    made = loader()
    batches = [batch.tolist() for batch in made]
    assert made.state_dict()["epoch"] == 1
    assert sample_keys(made, 0, 4) == batches[4]
    assert made.dataset.describe_sample(7) == "sample 7"
    assert made.state_dict()["epoch"] == 1, "looking back moves nothing"
