"""Several datasets as one."""

from collections import Counter

import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from nemo.collections.common.data import ConcatDataset, ConcatMapDataset
from nemo.collections.common.data.concat import ConcatKey, JoinedDatasets
from nemo.collections.common.data.keyed_dataset import IndexedSamples
from nemo.utils.exceptions import ConfigError
from tests.collections.common.data.numbered import Numbers

SETS = (Numbers(30), Numbers(10, 100), Numbers(5, 1000))


def sizes(values):
    """How many of the first, second and third dataset."""
    return [sum(low <= value < high for value in values) for low, high in ((0, 100), (100, 1000), (1000, 10**4))]


def values(dataset):
    return [int(value) for value in dataset]


def test_temperature_1_gives_every_sample_once():
    dataset = ConcatDataset(SETS, sampling_temperature=1, seed=1)
    expected = Counter([*range(30), *range(100, 110), *range(1000, 1005)])
    first, second = values(dataset), values(dataset)
    assert Counter(first) == Counter(second) == expected
    assert first != second
    assert len(dataset) == 45


def test_shares_are_exact_and_samples_of_a_set_are_used_evenly():
    dataset = ConcatDataset(SETS, sampling_temperature=5, seed=1)
    parts = [length ** (1 / 5) for length in (30, 10, 5)]
    exact = [45 * part / sum(parts) for part in parts]
    epochs = [values(dataset) for _ in range(10)]
    for epoch in epochs:
        assert all(abs(count - share) < 1 for count, share in zip(sizes(epoch), exact, strict=True))
    counts = Counter(value for epoch in epochs for value in epoch)
    for group in (range(30), range(100, 110), range(1000, 1005)):
        used = [counts[value] for value in group]
        assert max(used) - min(used) <= 1


def test_techniques_scale_and_order():
    assert sizes(values(ConcatDataset(SETS, sampling_technique="round-robin"))) == [15, 15, 15]
    by_chance = ConcatDataset(SETS, sampling_technique="random", sampling_probabilities=[0, 0.2, 0.8])
    assert sizes(values(by_chance)) == [0, 9, 36]
    assert len(values(ConcatDataset(SETS, sampling_scale=0.5))) == 22
    in_turn = values(ConcatDataset(SETS, shuffle=False, sampling_technique="round-robin"))
    assert in_turn[:6] == [0, 100, 1000, 1, 101, 1001]


@pytest.mark.parametrize("world_size", [2, 3])
def test_each_sample_is_of_one_process(world_size):
    parts = [
        values(ConcatDataset(SETS, sampling_temperature=1, seed=4, global_rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    assert Counter(value for part in parts for value in part) == Counter(
        [*range(30), *range(100, 110), *range(1000, 1005)]
    )


def test_workers_of_a_plain_loader_share_the_samples():
    loader = DataLoader(ConcatDataset(SETS, sampling_temperature=1), batch_size=4, num_workers=2)
    epochs = [[int(value) for batch in loader for value in batch] for _ in range(2)]
    assert [len(set(epoch)) for epoch in epochs] == [len(epoch) for epoch in epochs] == [45, 45]
    assert epochs[0] != epochs[1]


def test_streams_may_be_concatenated_again():
    inner = ConcatDataset(SETS[:2], sampling_temperature=1)
    outer = ConcatDataset([inner, SETS[2]], sampling_temperature=1)
    assert Counter(values(outer)) == Counter([*range(30), *range(100, 110), *range(1000, 1005)])


def test_numbers_of_a_map_dataset_have_shares():
    dataset = ConcatMapDataset(SETS, sampling_technique="round-robin", seed=2)
    assert len(dataset) == 45
    assert sizes([int(dataset[index]) for index in range(45)]) == [15, 15, 15]
    assert [int(dataset[index]) for index in range(5)] == [int(dataset[index]) for index in range(5)]


def test_joined_datasets_are_read_by_key_and_described():
    joined = JoinedDatasets([IndexedSamples(each) for each in SETS])
    key = ConcatKey(1, 3)
    assert int(joined[key]) == 103
    assert joined.describe_sample(key) == "sample 3"
    assert len(joined) == 45
    assert torch.equal(ConcatDataset(SETS).collate_fn([torch.tensor(1), torch.tensor(2)]), torch.tensor([1, 2]))


class Stream(IterableDataset):
    def __iter__(self):
        yield 1


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: ConcatDataset([]), "no dataset"),
        (lambda: ConcatDataset([Numbers(0)]), "Dataset 0, a Numbers, is empty"),
        (lambda: ConcatDataset([Numbers(3), Stream()]), "Dataset 1, a Stream, can only be iterated over"),
        (lambda: ConcatDataset(SETS, sampling_scale=0), "sampling_scale is 0"),
        (lambda: ConcatDataset(SETS, sampling_technique="none"), "sampling_technique is 'none'"),
        (lambda: ConcatMapDataset([ConcatDataset(SETS)]), "samples by number"),
    ],
)
def test_what_cannot_be_is_named(made, said):
    with pytest.raises(ConfigError, match=said):
        made()
